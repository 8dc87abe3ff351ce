package Report;

# Tables for people, rows for machines, and whether the design's numbers are
# reached.

use strict;
use warnings;

use JSON::PP ();


sub new {
    my ($class) = @_;

    return bless { tables => [], rows => [], figures => {} }, $class;
}


# A table in markdown; it is shown as soon as it is there

sub table {
    my ($self, $title, $head, @rows) = @_;

    push @{ $self->{tables} }, { title => $title, head => $head,
                                 rows => \@rows };
}


sub figure {
    my ($self, $name, $value) = @_;

    $self->{figures}{$name} = $value;
}


# One of the design's: met or not by a value and its bound

sub at_most {
    my ($self, $what, $value, $bound, $unit) = @_;

    $self->row($what, $value, "at most $bound$unit", $unit,
               defined $value && $value <= $bound);
}


sub at_least {
    my ($self, $what, $value, $bound, $unit) = @_;

    $self->row($what, $value, "at least $bound$unit", $unit,
               defined $value && $value >= $bound);
}


sub row {
    my ($self, $what, $value, $bound, $unit, $met) = @_;

    push @{ $self->{rows} }, { what => $what, measured => $value,
        unit => $unit =~ s/^ //r, bound => $bound,
        met => $met ? JSON::PP::true : JSON::PP::false };
}


sub missed {
    my ($self) = @_;

    return scalar grep { !$_->{met} } @{ $self->{rows} };
}


sub number {
    my ($value) = @_;

    return '-' if !defined $value;
    return $value if $value !~ /^-?[0-9.]+(?:e-?\d+)?$/;
    return sprintf '%.3f', $value if abs $value < 2 && $value != int $value;
    return sprintf '%.1f', $value if abs $value < 100 && $value != int $value;

    my $text = sprintf '%.0f', $value;
    1 while $text =~ s/^(-?\d+)(\d{3})/$1,$2/;

    return $text;
}


sub lay_out {
    my ($head, @rows) = @_;

    my @lines = ($head, [ map { '' } @$head ],
                 map { [ map { number($_) } @$_ ] } @rows);
    my @width = map {
        my $column = $_;
        my $width = 3;
        for (@lines) {
            my $length = length $_->[$column] // '';
            $width = $length if $length > $width;
        }
        $width;
    } 0 .. $#$head;

    $lines[1] = [ map { '-' x $_ } @width ];

    return join '', map {
        my $line = $_;
        '| ' . join(' | ', map { sprintf "%-$width[$_]s", $line->[$_] // '' }
                               0 .. $#$head) . " |\n";
    } @lines;
}


sub text {
    my ($self) = @_;

    my $text = '';

    $text .= "\n$_->{title}\n\n" . lay_out($_->{head}, @{ $_->{rows} })
        for @{ $self->{tables} };

    $text .= "\nWhat must be reached\n\n" . lay_out(
        [ 'what', 'measured', 'bound', 'met' ],
        map { [ $_->{what}, defined $_->{measured}
                            ? number($_->{measured})
                              . ($_->{unit} ne '' ? " $_->{unit}" : '')
                            : 'not measured',
                $_->{bound}, $_->{met} ? 'yes' : '**NO**' ] }
            @{ $self->{rows} }) if @{ $self->{rows} };

    return $text;
}


sub json {
    my ($self) = @_;

    return JSON::PP->new->canonical->pretty->encode({
        tables => $self->{tables}, rows => $self->{rows},
        figures => $self->{figures}, met => $self->missed ? JSON::PP::false
                                                          : JSON::PP::true });
}


1;
