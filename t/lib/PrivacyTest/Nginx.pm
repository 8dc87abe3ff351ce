package PrivacyTest::Nginx;

# An nginx of the test's own, in a folder of its own.
#
#   my $nginx = PrivacyTest::Nginx->new(
#       http      => '...',             # inside http { }
#       main      => '...',             # outside
#       workers   => 2,
#       log_level => 'info',
#       vars      => { NAME => 'x' },   # %NAME% in http and main
#       modules   => [ '/path.so' ],    # besides $TEST_NGINX_LOAD_MODULES
#       start     => 0,                 # do not start yet
#   );
#
# %PORT%, %PORT2% ... %PORT9% are free ports, %DIR% is the folder, %HTML% its
# html/.  $TEST_NGINX_BINARY, $TEST_NGINX_LOAD_MODULES and
# $TEST_NGINX_LD_PRELOAD mean what they mean to Test::Nginx.

use strict;
use warnings;

use IO::Socket::INET;

my ($count, $version) = (0);

sub binary { return $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx' }

# 1.022001 for 1.22.1
sub version {
    if (!defined $version) {
        my ($status, $text) = PrivacyTest::run(binary(), '-v');
        $text =~ m{nginx/(\d+)\.(\d+)\.(\d+)} or die "no version: $text";
        $version = sprintf '%d.%03d%03d', $1, $2, $3;
    }
    return $version;
}

sub new {
    my ($class, %options) = @_;

    my $dir = PrivacyTest::test_dir() . '/nginx' . ++$count;
    for my $path ($dir, "$dir/html", "$dir/logs", "$dir/temp") {
        mkdir $path or die "$path: $!";
        chmod 0755, $path;
    }
    PrivacyTest::write_file("$dir/html/index.html", "index\n");

    my $self = bless { dir => $dir, ports => {}, options => \%options },
                     $class;
    $self->configure;
    $self->start if $options{start} // 1;
    return $self;
}

# Writes nginx.conf anew, with other options where given; takes effect with
# the next start or reload.
sub configure {
    my ($self, %options) = @_;

    my $o = $self->{options} = { %{ $self->{options} }, %options };
    my $dir = $self->{dir};
    my $user = $> == 0 ? 'user root;' : '';
    my $workers = $o->{workers} // 1;
    my $level = $o->{log_level} // 'info';
    my $connections = $o->{connections} // 1024;
    my $files = $connections + 512;
    my $modules = join '', map { "load_module $_;\n" }
        (grep { -e } split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // ''),
        @{ $o->{modules} // [] };
    my $temp = join '', map { "    ${_}_temp_path $dir/temp/$_;\n" }
        qw(client_body proxy fastcgi uwsgi scgi);

    PrivacyTest::write_file("$dir/nginx.conf", $self->expand(<<"END"));
daemon off;
master_process on;
worker_processes $workers;
worker_rlimit_nofile $files;
$user
pid $dir/logs/nginx.pid;
error_log $dir/logs/error.log $level;
$modules
@{[ $o->{main} // '' ]}
events {
    worker_connections $connections;
}
http {
    access_log $dir/logs/access.log;
    default_type text/plain;
    root $dir/html;
$temp
@{[ $o->{http} // '' ]}
}
END
    return $self;
}

sub expand {
    my ($self, $text) = @_;

    my %vars = (DIR => $self->{dir}, HTML => "$self->{dir}/html",
                %{ $self->{options}{vars} // {} });

    $text =~ s{%([A-Z][A-Z0-9_]*)%}{
        my $name = $1;
        $name =~ /^PORT([2-9]?)$/ ? $self->port($1 || 1)
            : $vars{$name} // die "no value for %$name%\n";
    }ge;
    return $text;
}

# Port number N of the configuration, the first without one.
sub port {
    my ($self, $n) = @_;

    return $self->{ports}{ $n // 1 } //= PrivacyTest::free_port();
}

sub dir  { return $_[0]{dir} }
sub html { return "$_[0]{dir}/html" }
sub pid  { return $_[0]{pid} }

sub is_running { return PrivacyTest::Process::is_running($_[0]{pid}) }

sub environment {
    my %env;

    if (my $preload = $ENV{TEST_NGINX_LD_PRELOAD}) {
        $env{LD_PRELOAD} = join ' ', $preload, $ENV{LD_PRELOAD} // ();
    }
    return \%env;
}

sub command {
    my ($self, @more) = @_;

    return [ binary(), '-e', "$self->{dir}/logs/error.log",
             '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf", @more ];
}

# Starts it and waits until it listens.  Dies with nginx' words if it does not.
sub start {
    my ($self) = @_;

    die "nginx runs already\n" if $self->is_running;
    my $from = -s "$self->{dir}/logs/error.log" // 0;

    $self->{pid} = PrivacyTest::Process::spawn($self->command,
        out => "$self->{dir}/logs/stderr", env => environment(),
        signal => 'TERM');

    # The sockets come first, the workers last.
    my $workers = $self->{options}{workers} // 1;
    PrivacyTest::wait_until(sub {
        die "nginx does not start: ", $self->words, "\n"
            if !$self->is_running;
        if (substr($self->log, $from) =~ /(.*exited on signal.*)/) {
            $self->stop;
            die "nginx does not start: $1\n";
        }
        return $workers <= (() = $self->workers);
    }, 'nginx to start', 30);

    return $self;
}

# nginx -t: true if the configuration is good; and nginx' words.
sub test {
    my ($self) = @_;

    local %ENV = (%ENV, %{ environment() });
    my ($status, $text) = PrivacyTest::run(@{ $self->command('-t') });
    return wantarray ? ($status == 0, $text) : $status == 0;
}

sub words {
    my ($self) = @_;

    return PrivacyTest::read_file("$self->{dir}/logs/stderr")
           . $self->log =~ s/^(?!.*\[(?:emerg|alert|crit)\]).*\n//mgr;
}

# Process ids of the workers, those that are shutting down included.
sub workers {
    my ($self) = @_;

    my $children = PrivacyTest::Process::children_of($self->{pid});
    my @workers = sort { $a <=> $b }
                  grep { $children->{$_} =~ /worker process/ }
                  keys %$children;
    return @workers;
}

# Loads the configuration again and waits until new workers are there.
# Returns the old ones' process ids, for wait_gone(); dies with nginx' words
# if the configuration is refused.
sub reload {
    my ($self, $timeout) = @_;

    my %old = map { $_ => 1 } $self->workers;
    my $from = -s "$self->{dir}/logs/error.log" // 0;
    my $workers = $self->{options}{workers} // 1;

    kill 'HUP', $self->{pid};
    PrivacyTest::wait_until(sub {
        die "nginx is gone: ", $self->words, "\n" if !$self->is_running;
        my $new = substr $self->log, $from;
        die "nginx refuses to reload: $1\n" if $new =~ /(\[emerg\].*)/;
        return $workers <= grep { !$old{$_} } $self->workers;
    }, 'new workers', $timeout // 20);

    my @old = sort { $a <=> $b } keys %old;
    return @old;
}

# True once these processes are gone.
sub wait_gone {
    my ($self, $pids, $timeout) = @_;

    return PrivacyTest::Process::wait_gone($pids, $timeout // 10);
}

# Ends it as an operator does, after the last request.  True if the master and
# every worker went by themselves within the time.
sub quit {
    my ($self, $timeout) = @_;

    return $self->end('QUIT', $timeout);
}

# Ends it at once.
sub stop {
    my ($self, $timeout) = @_;

    return $self->end('TERM', $timeout);
}

sub end {
    my ($self, $signal, $timeout) = @_;

    return 1 if !$self->is_running;
    my @workers = $self->workers;
    my $ended = PrivacyTest::Process::stop($self->{pid}, $signal, $timeout);
    return $ended && PrivacyTest::Process::wait_gone(\@workers, 1);
}

sub log { return PrivacyTest::read_file("$_[0]{dir}/logs/error.log") }

sub access_log { return PrivacyTest::read_file("$_[0]{dir}/logs/access.log") }

# Lines of the error log that fit a pattern; without one those of level error
# and above.
sub log_lines {
    my ($self, $pattern) = @_;

    $pattern //= qr/\[(?:error|crit|alert|emerg)\]/;
    return grep { $_ =~ $pattern } split /\n/, $self->log;
}

# Waits until a line of the error log fits, from that offset on.
sub wait_log {
    my ($self, $pattern, $timeout, $from) = @_;

    return PrivacyTest::wait_until(sub {
        my ($found) = grep { $_ =~ $pattern }
                      split /\n/, substr($self->log, $from // 0);
        return $found;
    }, "\"$pattern\" in error.log", $timeout);
}

1;
