package Client;

# Requests over HTTP/1.1 by hand, so that every byte and its time are seen;
# and what a camera's resources must look like to count as video.

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 ();
use POSIX ();
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(get probe bears_video);

# The longest that any answer of the story may take, seconds
use constant PATIENCE => 10;

our ($ADDRESS, $PASSWORD, $FOLDER);     # set by the story


# "body" among the headers is none: it follows them, as JSON.

sub connect_gate {
    my ($login, $method, $path, %headers) = @_;

    my $body = delete $headers{body};

    my $socket = IO::Socket::INET->new(PeerAddr => $ADDRESS, Timeout => 5)
        or die "cannot connect to the gate: $!\n";

    $headers{Authorization} = 'Basic '
        . MIME::Base64::encode_base64("$login:$PASSWORD", '') if $login;

    $headers{'Content-Type'} = 'application/json' if defined $body;
    $headers{'Content-Length'} = length $body if defined $body;

    local $SIG{PIPE} = 'IGNORE';

    print $socket "$method $path HTTP/1.1\r\nHost: $ADDRESS\r\n"
        . "Connection: close\r\n"
        . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers)
        . "\r\n" . ($body // '');
    $socket->flush;

    return $socket;
}


# Takes the chunks out of a body; what is left of the last one stays behind.

sub unchunk {
    my ($answer) = @_;

    while ($answer->{raw} =~ /\A([0-9a-fA-F]+)[^\r\n]*\r\n/) {
        my ($head, $size) = ($+[0], hex $1);

        last if length $answer->{raw} < $head + $size + 2;

        $answer->{body} .= substr $answer->{raw}, $head, $size;
        substr $answer->{raw}, 0, $head + $size + 2, '';
        $answer->{complete} = 1 if $size == 0;
    }
}


sub take {
    my ($answer, $data) = @_;

    $answer->{raw} .= $data;

    if (!defined $answer->{status}) {
        return if $answer->{raw} !~ /\r\n\r\n/;

        (my $head, $answer->{raw}) = split /\r\n\r\n/, $answer->{raw}, 2;
        my ($line, @fields) = split /\r\n/, $head;

        $answer->{status} = $line =~ m{\AHTTP/1\.[01] (\d{3})} ? $1 : 0;

        for (@fields) {
            my ($name, $value) = split /:\s*/, $_, 2;
            $answer->{header}{ lc $name } = $value;
        }
    }

    if (($answer->{header}{'transfer-encoding'} // '') eq 'chunked') {
        unchunk($answer);

    } else {
        $answer->{body} .= $answer->{raw};
        $answer->{raw} = '';

        my $length = $answer->{header}{'content-length'};
        $answer->{complete} = 1
            if defined $length && length $answer->{body} == $length;
    }
}


# One request to its end, or until "enough" says so of what has come.

sub get {
    my ($login, $path, %options) = @_;

    my $enough = delete $options{enough};
    my $method = delete $options{method} || 'GET';
    my $socket = connect_gate($login, $method, $path, %options);
    my $select = IO::Select->new($socket);
    my $until = time + PATIENCE;
    my $answer = { raw => '', body => '', header => {} };

    while (1) {
        my $left = $until - time;

        if ($left <= 0 || !$select->can_read($left)) {
            $answer->{late} = 1;
            last;
        }

        my $n = sysread $socket, my $data, 65536;
        last if !$n;

        take($answer, $data);
        last if $enough && $answer->{status} && $enough->($answer);
    }

    $answer->{status} //= 0;
    $answer->{verdict} = $answer->{header}{'x-privacy-verdict'} // '';
    $answer->{reason} = $answer->{header}{'x-privacy-reason'} // '';

    return $answer;
}


# --- what video looks like

sub frames {
    my ($body) = @_;

    my $n = 0;

    while ($body =~ /Content-length:\s*(\d+)\r\n\r\n/gi) {
        my $frame = substr $body, pos($body), $1;

        last if length $frame < $1;
        die "a part is not a JPEG\n"
            if $frame !~ /\A\xff\xd8\xff.*\xff\xd9\s*\z/s;
        $n++;
    }

    return $n;
}


sub check_ts {
    my ($body) = @_;

    my $packets = length($body) / 188;

    die "a segment is not MPEG-TS\n"
        if $packets < 3 || $packets != int $packets
        || grep { substr($body, 188 * $_, 1) ne "\x47" } 0 .. $packets - 1;

    return $packets;
}


sub check_mp4 {
    my ($body) = @_;

    die "not an MP4\n" if substr($body, 4, 4) ne 'ftyp';
}


# Whatever a camera gives is told by one of these, also in the middle.

sub bears_video {
    my ($body) = @_;

    return $body =~ /\xff\xd8\xff|ftyp|moov|#EXTM3U|JFIF|\x47[^\n]{187}\x47/
        || $body =~ /--ffmpeg|"firmware"|"applied"/
        || length $body > 2048;
}


# --- one function for each thing that is asked for: the answer that has the
#     verdict, and what came in words; dies if what was allowed is not there

my %PROBES = (
    'live MJPEG'   => \&probe_mjpeg,
    'live HLS'     => sub { probe_hls(@_, 'live') },
    'archive HLS'  => sub { probe_hls(@_, 'archive') },
    'archive MP4'  => \&probe_mp4,
    'export'       => \&probe_export,
    'system'       => \&probe_system,
    'manage'       => \&probe_manage,
);


sub probe_mjpeg {
    my ($login, $base) = @_;

    my $answer = get($login, "$base/live/mjpeg",
                     enough => sub { $_[0]{status} == 200
                                     && frames($_[0]{body}) >= 2 });
    return $answer if $answer->{status} != 200;

    my $n = frames($answer->{body});

    die "only $n frames came\n" if $n < 2;
    return $answer, "$n JPEG frames";
}


# A playlist and the last of its segments.  Who may not have the playlist may
# guess a segment's name.

sub probe_hls {
    my ($login, $base, $resource) = @_;

    my $answer = get($login, "$base/$resource/index.m3u8");

    if ($answer->{status} != 200) {
        my @files = sort glob "$FOLDER$base/$resource/*.ts";

        return $answer if !@files;

        my $guess = get($login, $files[-1] =~ s/\A\Q$FOLDER\E//r);

        die "the playlist was refused, a segment was not\n"
            if $guess->{status} != $answer->{status}
            || bears_video($guess->{body});
        return $answer;
    }

    my @segments = $answer->{body} =~ /^([^#\r\n]+)/mg;

    die "not a playlist\n"
        if $answer->{body} !~ /\A#EXTM3U/ || !@segments;

    my $segment = get($login, "$base/$resource/$segments[-1]");

    die "the playlist came, a segment did not: $segment->{status}\n"
        if $segment->{status} != 200;
    die "a segment came in part\n" if !$segment->{complete};

    return $answer, sprintf 'playlist, %d TS packets',
                            check_ts($segment->{body});
}


# The beginning, and a range from the middle compared with the file

sub probe_mp4 {
    my ($login, $base) = @_;

    my $path = "$base/archive/recording.mp4";
    my $answer = get($login, $path, Range => 'bytes=0-4095');

    return $answer if $answer->{status} != 200 && $answer->{status} != 206;

    check_mp4($answer->{body});

    my $size = -s "$FOLDER$path";
    my $from = int $size / 2;
    my $to = $from + 9999;
    my $part = get($login, $path, Range => "bytes=$from-$to");

    open my $file, '<:raw', "$FOLDER$path" or die "$path: $!\n";
    seek $file, $from, 0;
    read $file, my $bytes, 10000;

    die "Range does not work\n"
        if $answer->{status} != 206 || $part->{status} != 206
        || ($part->{header}{'content-range'} // '') ne "bytes $from-$to/$size"
        || $part->{body} ne $bytes;

    return $answer, 'MP4, by ranges';
}


sub probe_export {
    my ($login, $base) = @_;

    my $answer = get($login, "$base/export/clip.mp4");

    return $answer if $answer->{status} != 200;

    check_mp4($answer->{body});
    die "the download is not whole\n"
        if length $answer->{body} != -s "$FOLDER$base/export/clip.mp4";
    die "not a download\n"
        if ($answer->{header}{'content-disposition'} // '') !~ /attachment/;

    return $answer, sprintf 'MP4 download, %d KB',
                            length($answer->{body}) / 1024;
}


sub probe_system {
    my ($login, $base) = @_;

    my $answer = get($login, "$base/system/status.json");

    return $answer if $answer->{status} != 200;

    $answer->{body} =~ /"firmware" : "([^"]+)"/ or die "no device status\n";
    return $answer, "status, firmware $1";
}


sub probe_manage {
    my ($login, $base) = @_;

    my $answer = get($login, "$base/manage/settings", method => 'PUT',
                     'Content-Length' => 0);

    return $answer if $answer->{status} != 200;

    die "the settings were not changed\n"
        if $answer->{body} !~ /"applied": true/;
    return $answer, 'settings changed';
}


# Asks for one thing.  The answer gets "came", what came in words, or "fault",
# what is wrong with it whatever was expected.

sub probe {
    my ($login, $account, $camera, $what) = @_;

    my $base = "/accounts/$account/cameras/$camera";
    my ($answer, $came, $fault);

    eval {
        ($answer, $came) = $PROBES{$what}->($login, $base);
        1;
    } or chomp($fault = $@ || 'unknown');

    $answer //= { status => 0, body => '', header => {}, verdict => '',
                  reason => '' };
    $answer->{came} = $came // '';

    if (!defined $fault && !defined $came) {
        $fault = 'no answer' if $answer->{status} == 0;
        $fault = "$answer->{status} without an end" if $answer->{late};
        $fault = 'refused, but with video' if bears_video($answer->{body});
    }

    $answer->{fault} = $fault;

    return $answer;
}


1;
