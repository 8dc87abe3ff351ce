package Story;

# The story: scenes of actions and of requests whose answers are compared with
# what must come.

use strict;
use warnings;

use Time::HiRes qw(time sleep);

use Access;
use Client qw(get probe);
use Stage qw(@LOGINS);
use Viewer;

# How long after a change a cut stream may end, and how long before the end of
# a grant's time; how long after Redis is back a provider may have to wait, ms
use constant CUT => 250;
use constant EARLY => 50;
use constant RECOVERY => 1000;

use constant STALE => 2;        # seconds; gate.conf
use constant DAY => 86400;

my $BAKERY = '/accounts/bakery/cameras';

my %who = map { $_->[0] => sprintf '%-5s%s', $_->[0],
                    ($_->[2] eq 'client' ? 'client user' : $_->[2]) =~ tr/_/ /r
              } @LOGINS, \@Access::OPERATOR;
$who{'-'} = '(no login)';

my $stage;
my ($told, $wrong, $silent) = (0, 0, 0);     # silent: in a row


sub tell {
    my ($given) = @_;

    $stage = $given;
    $Access::SOCKET = $stage->redis_socket;
    $Access::ROOT = $stage->{root};
    $Client::ADDRESS = $stage->address;
    $Client::PASSWORD = $stage->password;
    $Client::FOLDER = $stage->portal_folder;

    reset_is_far();
    scene_accounts();

    printf "\n%-18s %-25s %-4s %-7s %-15s %s\n", 'requester',
           'asks for (bakery\'s)', 'HTTP', 'verdict', 'reason', 'what came';

    scene_probe();
    scene_restricted();
    scene_strangers();
    scene_unrestricted();
    scene_roles();
    scene_exports();
    scene_grants();
    scene_vendor();
    scene_expiry();
    scene_revoke();
    scene_http();
    scene_outage();
    scene_sweep();
    scene_log();

    print "\n", $wrong ? "$wrong of $told differ from the story\n"
                       : "$told of $told as told\n";

    return $wrong == 0;
}


# --- telling

sub scene {
    my ($text) = @_;

    print "\n$text\n\n";
}


sub action {
    my ($text) = @_;

    print "    * $text\n";
}


sub verdict_of {
    my ($answer) = @_;

    return ($answer->{verdict} || '-') . ' ' . ($answer->{reason} || '-');
}


# What must be true of an answer besides its verdict and what came

sub refusal_fault {
    my ($answer, $status) = @_;

    my $header = $answer->{header};

    return "status $answer->{status}, not $status"
        if $answer->{status} != $status;
    return 'a refusal that may be cached'
        if $status != 401
        && ($header->{'cache-control'} // '') !~ /no-store/;
    return '503 without Retry-After'
        if $status == 503 && !defined $header->{'retry-after'};

    return;
}


sub line {
    my ($who, $what, $answer, $came, $fault) = @_;

    $told++;
    printf "%-18s %-25s %-4s %-7s %-15s %s\n", $who, $what,
           $answer->{status}, $answer->{verdict} || '-',
           $answer->{reason} || '-', $came;

    if (defined $fault) {
        $wrong++;
        print "    MISMATCH: $fault\n";
    }

    $silent = $answer->{status} ? 0 : $silent + 1;
    die "the gate does not answer\n" . $stage->last_words('gate')
        if $silent >= 3;
}


# "anna  bakery/door  live MJPEG  allow owner": request and expectation

sub row {
    my ($login, $camera, $what, $expected, $note) = @_;

    my ($account, $name) = split m{/}, $camera, 2;
    my $answer = probe($login eq '-' ? '' : $login, $account, $name, $what);
    my $fault = $answer->{fault};

    if (!defined $fault && verdict_of($answer) ne $expected) {
        $fault = 'told was ' . $expected;
    }

    if (!defined $fault && $expected !~ /^allow /) {
        $fault = refusal_fault($answer,
                     $expected eq '- -' ? 401
                     : $expected eq 'deny unavailable' ? 503 : 403);
    }

    if (!defined $fault && $expected =~ /^allow / && $answer->{came} eq '') {
        $fault = 'allowed, but nothing came';
    }

    my $shown = $account eq 'bakery' ? $name : $camera;
    $shown =~ s/[^\x21-\x7e]/?/g;

    line($who{$login}, "$shown $what", $answer,
         join(', ', grep { $_ } $answer->{came} || 'nothing', $note), $fault);

    return $answer;
}


sub rows {
    my ($text) = @_;

    for (split /\n/, $text) {
        next if !/\S/;
        s/^\s+//;
        row(split /\s{2,}/);
    }
}


# What privacyctl said, told like a request.  "wrong": what differs

sub said_row {
    my ($login, $what, $said, $fault) = @_;

    $told++;
    printf "%-18s %-25s %s\n", $who{$login}, $what, $said;

    if (defined $fault) {
        $wrong++;
        print "    MISMATCH: $fault\n";
    }
}


# What must be refused, and with which words; nothing may be changed by it.

sub refused_row {
    my ($login, $what, $exit, $words, @command) = @_;

    my ($ended, $said) = Access::try($login, @command);

    $said = 'it is done' if ref $said;
    $said =~ s/^privacyctl: //;

    said_row($login, $what, "exit $ended, $said",
             $ended != $exit || $said !~ /$words/
             ? "told was exit $exit, $words" : undef);
}


# The command line knows what the gate would say, before anybody asks it.

sub explain_row {
    my ($asker, $camera, $resource, $expected) = @_;

    my $said = Access::explain('anna', 'bakery', $asker, $camera, $resource);
    my $verdict = "$said->{verdict} $said->{reason}";
    my $until = $said->{recheck} ? ", until $said->{recheck}" : '';

    said_row('anna', "why: $asker, $camera $resource",
             "$verdict: $said->{rule}{text}$until",
             $verdict ne $expected ? "told was $expected" : undef);

    return $said;
}


# A call of the HTTP API: its status, and fields of what it says

sub call_row {
    my ($expected, $login, $method, $path, %body) = @_;

    my $answer = Access::call($login, $method, $path, %body);
    my ($problem) = ($answer->{json}{type} // '') =~ /([\w-]+)\z/;
    my $said = join ' ', grep { defined } $answer->{status}, $problem,
                         @{ $answer->{json} }{qw(verdict reason role state)};
    my $fault;

    $fault = "told was $expected" if $said ne $expected;
    $fault //= 'an answer that may be cached'
        if ($answer->{header}{'cache-control'} // '') ne 'no-store';

    said_row($login, "$method " . $path =~ s{\A/accounts/\w+/|\?.*}{}gr,
             $said, $fault);
}


# What a login sees in its list, as "account state", in alphabetical order

sub list_row {
    my ($login, $expected) = @_;

    my %rows = Access::list($login);
    my $seen = join ', ', map { "$_ $rows{$_}{state}" } sort keys %rows;
    my $fault;

    $fault = "told was $expected" if $seen ne $expected;
    $fault //= 'a provider is told of cameras'
        if $login ne $Access::OPERATOR[0]
           && grep { exists $_->{cameras} } values %rows;

    said_row($login, 'the list of accounts', $seen, $fault);
}


# --- time

# An unrestricted account is restricted by the next reset; the story is not
# told around one.

sub reset_is_far {
    my $left = Access::until_reset();

    return if $left > 90;

    print "the nightly reset is in $left s, waiting for it\n";
    sleep $left + 1;
}


sub milliseconds {
    my ($from, $to) = @_;

    return int(($to - $from) * 1000 + 0.5);
}


# --- scenes

sub scene_accounts {
    scene('Two accounts.  "olga$ privacyctl ..." is the command line as she '
        . "would type it, with\n--level operator, --organization and --user: "
        . 'who acts is held to the same rules.');

    Access::put_account('olga', $_, "$_.json") for 'bakery', 'school';
    list_row('olga', 'bakery restricted, school restricted');
    list_row('ivo', 'bakery restricted');
}


sub scene_probe {
    scene('The portal\'s video, as ffprobe sees it through the gate '
        . '(anna of bakery, fred for school)');

    for my $account ('bakery', 'school') {
        my $login = $account eq 'bakery' ? 'anna' : 'fred';

        for my $camera (sort keys %{ $Stage::CAMERAS{$account} }) {
            probe_camera($login, $account, $camera);
        }
    }
}


sub probe_camera {
    my ($login, $account, $camera) = @_;

    my (@seen, $fault);

    for my $what ([ 'live/mjpeg', 'mjpeg' ], [ 'live/index.m3u8', 'h264' ],
                  [ 'archive/index.m3u8', 'h264' ],
                  [ 'archive/recording.mp4', 'h264' ],
                  [ 'export/clip.mp4', 'h264' ])
    {
        my ($path, $codec) = @$what;
        my $url = sprintf 'http://%s:%s@%s/accounts/%s/cameras/%s/%s', $login,
            $stage->password, $stage->address, $account, $camera, $path;

        open my $probe, '-|', 'timeout', '10', 'ffprobe', '-v', 'quiet',
            $path =~ /mjpeg/ ? ('-f', 'mpjpeg') : (),
            qw(-analyzeduration 500000 -select_streams v:0 -show_entries),
            'stream=codec_name,width,height', '-of', 'csv=p=0', $url
            or die "cannot run ffprobe: $!\n";
        chomp(my $seen = readline($probe) // '');
        close $probe;

        $fault //= "$path: '$seen' instead of $codec,320,180"
            if $seen !~ /^$codec,320,180\b/;
        push @seen, $path =~ m{([^/]+)/[^/]+$};
    }

    $told++;
    printf "%-18s %-25s %s\n", $who{$login}, "$account/$camera",
           $fault // 'MJPEG 320x180; H.264 live, archive (HLS, MP4), export';

    if (defined $fault) {
        $wrong++;
        print "    MISMATCH: this is not the camera's video\n";
    }
}


sub scene_restricted {
    scene('Restricted by default: nobody has granted anything.  The owners '
        . "are never blocked;\nservice providers see devices and no video; "
        . 'federated users are exempt.');

    my %matrix = (
        anna => 'allow owner', carl => 'allow owner',
        ivo => 'deny restricted', nora => 'deny stranger',
        vera => 'deny restricted', fred => 'allow exempt',
    );

    for my $login (qw(anna carl ivo nora vera fred)) {
        for my $what ('live MJPEG', 'live HLS', 'archive HLS', 'archive MP4',
                      'export', 'manage', 'system')
        {
            my $expected = $matrix{$login};

            $expected = 'allow system'
                if $what eq 'system' && $expected eq 'deny restricted';
            row($login, 'bakery/door', $what, $expected);
        }
    }

    action('ivo tries to open the account to his own company');
    refused_row('ivo', 'a grant for brightline', 1, 'forbidden', 'grant',
                'bakery', 'brightline', '--role', 'administrator_full');
    row('ivo', 'bakery/door', 'live MJPEG', 'deny restricted');
}


sub scene_strangers {
    scene('Whoever is nobody here: no login, another client, a camera whose '
        . 'name is a trap');

    rows(<<'END');
        -     bakery/door                  live MJPEG   - -
        anna  school/gate                  live MJPEG   deny foreign_account
        ivo   school/gate                  live HLS     deny stranger
        ivo   school/gate                  system       deny stranger
        ivo   bakery/door%7D:grant         live HLS     deny identity
        anna  bakery/no%20camera           archive MP4  deny identity
END
}


sub scene_unrestricted {
    scene('The account is unrestricted: until the next reset, for its own '
        . 'service providers');

    action('anna ticks "Allow my service provider to access my portal"');
    Access::allow('anna', 'bakery');
    list_row('ivo', 'bakery unrestricted');
    rows(<<'END');
        ivo   bakery/door  live MJPEG   allow unrestricted
        ivo   bakery/till  live HLS     allow unrestricted
        ivo   bakery/oven  archive MP4  allow unrestricted
        ivo   bakery/door  manage       allow unrestricted
        ivo   bakery/door  export       deny restricted
        vera  bakery/door  archive HLS  allow unrestricted
        nora  bakery/door  live MJPEG   deny stranger
END

    action('anna authorises exports, too');
    Access::allow('anna', 'bakery', exports => 1);
    row('ivo', 'bakery/door', 'export', 'allow unrestricted');

    # by hand: no action writes it without a TTL, or in the past
    action('a record of yesterday, left over without a TTL: the reset has '
         . 'passed');
    Access::write_record('bakery', 'unrestricted',
                         at => Access::instant(-DAY), by => 'anna');
    row('ivo', 'bakery/door', 'live MJPEG', 'deny restricted');

    action('anna ticks it anew');
    Access::allow('anna', 'bakery');
    row('ivo', 'bakery/door', 'live HLS', 'allow unrestricted');
    action('and takes it away');
    Access::disallow('anna', 'bakery');
    row('ivo', 'bakery/door', 'live HLS', 'deny restricted');

    action('the operator puts the account on the exclusion list, for '
         . 'brightline');
    Access::exclude('olga', 'bakery', organizations => [ 'brightline' ],
                    reason => 'monitored nightly');
    rows(<<'END');
        ivo   bakery/door  live MJPEG   allow excluded
        ivo   bakery/door  export       deny restricted
        vera  bakery/door  live MJPEG   deny restricted
END
    action('the operator takes it off the list');
    Access::include('olga', 'bakery');
    row('ivo', 'bakery/door', 'live MJPEG', 'deny restricted');
}


sub scene_roles {
    scene('A grant of each role to brightline');

    action('Grant Access, as it comes: administrator_restricted');
    Access::grant('anna', 'bakery', 'brightline');
    rows(<<'END');
        ivo   bakery/door  manage       allow grant
        ivo   bakery/door  system       allow system
        ivo   bakery/door  live MJPEG   deny role
        ivo   bakery/door  archive MP4  deny role
END

    action('Update Access: administrator_full');
    Access::update('anna', 'bakery', 'brightline',
                   role => 'administrator_full');
    rows(<<'END');
        ivo   bakery/door  live MJPEG   allow grant
        ivo   bakery/oven  archive HLS  allow grant
        ivo   bakery/till  manage       allow grant
END

    action('Update Access: user_full, for the cameras door and till');
    Access::update('anna', 'bakery', 'brightline', role => 'user_full',
                   cameras => [ 'door', 'till' ]);
    explain_row('ivo', 'oven', 'live', 'deny camera');
    rows(<<'END');
        ivo   bakery/door  live HLS     allow grant
        ivo   bakery/till  archive MP4  allow grant
        ivo   bakery/door  manage       deny role
        ivo   bakery/oven  live MJPEG   deny camera        not assigned
        ivo   bakery/oven  archive HLS  deny camera        not assigned
        ivo   bakery/oven  system       allow system
        vera  bakery/door  live MJPEG   deny restricted    another organization
END

    action('Update Access: user_restricted, for the camera door');
    Access::update('anna', 'bakery', 'brightline', role => 'user_restricted',
                   cameras => [ 'door' ]);
    rows(<<'END');
        ivo   bakery/door  live MJPEG   allow grant
        ivo   bakery/door  archive MP4  allow grant
        ivo   bakery/till  live MJPEG   deny camera        not assigned
END
    Access::revoke('anna', 'bakery', 'brightline');
}


sub scene_exports {
    scene('Exports stay closed until they are authorised');

    action('administrator_full');
    Access::grant('anna', 'bakery', 'brightline',
                  role => 'administrator_full');
    row('ivo', 'bakery/door', 'export', 'deny export');
    action('the same, exports authorised');
    Access::update('anna', 'bakery', 'brightline', exports => 1);
    row('ivo', 'bakery/door', 'export', 'allow grant');

    action('user_full, for the camera door');
    Access::update('anna', 'bakery', 'brightline', role => 'user_full',
                   cameras => [ 'door' ], exports => 0);
    row('ivo', 'bakery/door', 'export', 'deny export');
    action('the same, exports authorised');
    Access::update('anna', 'bakery', 'brightline', exports => 1);
    row('ivo', 'bakery/door', 'export', 'allow grant');
    row('ivo', 'bakery/till', 'export', 'deny camera');

    action('user_restricted may never export, authorised or not');
    Access::update('anna', 'bakery', 'brightline',
                   role => 'user_restricted');
    row('ivo', 'bakery/door', 'export', 'deny role');
    Access::revoke('anna', 'bakery', 'brightline');
}


sub scene_grants {
    scene('A grant opens to the organization that it names, when it says');

    action('to northcam, which does not service the bakery');
    Access::grant('anna', 'bakery', 'northcam', role => 'user_full',
                  cameras => [ 'door' ], level => 'integrator');
    rows(<<'END');
        nora  bakery/door  live MJPEG   allow grant
        nora  bakery/door  system       allow grant
        nora  bakery/till  live MJPEG   deny camera
        ivo   bakery/door  live MJPEG   deny restricted
END
    action('revoked');
    Access::revoke('anna', 'bakery', 'northcam');
    row('nora', 'bakery/door', 'live MJPEG', 'deny stranger');

    action('to brightline, but only to its user ines');
    Access::grant('anna', 'bakery', 'brightline',
                  role => 'administrator_full', users => [ 'ines' ]);
    row('ivo', 'bakery/door', 'live MJPEG', 'deny user');

    action('to brightline, from two seconds ahead');
    Access::grant('anna', 'bakery', 'brightline',
                  role => 'administrator_full',
                  starts_at => Access::instant(2));
    row('ivo', 'bakery/door', 'live MJPEG', 'deny not_yet');
    sleep 2.1;
    row('ivo', 'bakery/door', 'live MJPEG', 'allow grant', 'it has begun');

    # by hand: the action refuses it
    action('a record that names a role which does not exist');
    Access::write_record('bakery', 'grant:brightline', role => 'everything');
    row('ivo', 'bakery/door', 'live MJPEG', 'deny invalid');
    Access::revoke('anna', 'bakery', 'brightline');
}


sub scene_vendor {
    scene('Vendor support: at most for 24 hours, whatever the record says');

    action('user_full to lenscorp, for the camera door');
    Access::grant('anna', 'bakery', 'lenscorp', role => 'user_full',
                  cameras => [ 'door' ], level => 'vendor');
    explain_row('vera', 'door', 'live', 'allow grant');
    rows(<<'END');
        vera  bakery/door  live MJPEG   allow grant
        vera  bakery/till  live MJPEG   deny camera
        vera  bakery/door  export       deny export
END

    # by hand: an action cannot have been done yesterday
    action('the same, given 25 hours ago and without a TTL');
    Access::write_record('bakery', 'grant:lenscorp', role => 'user_full',
                         level => 'vendor', cameras => [ 'door' ],
                         granted_at => Access::instant(-25 * 3600));
    row('vera', 'bakery/door', 'live MJPEG', 'deny expired');
    Access::revoke('anna', 'bakery', 'lenscorp');
}


# The cut: "login" watches the door's MJPEG stream and is cut within CUT ms
# of the time "due", not earlier than "early" ms before.

sub cut_row {
    my ($viewer, $login, $due, $what, $early) = @_;

    my $seen = $viewer->result($due + 3);
    my $last = milliseconds($due, $seen->{last});
    my $end = milliseconds($due, $seen->{end});
    my $fault;

    if (!$viewer->{playing}) {
        $fault = 'there was nothing to cut';

    } elsif (!$seen->{ended}) {
        $fault = "not cut: bytes came until $last ms after";

    } elsif ($end > CUT) {
        $fault = "cut late, the limit is @{[ CUT ]} ms";

    } elsif ($end < -($early // EARLY)) {
        $fault = 'cut too early';
    }

    $told++;
    printf "%-18s %-25s %s\n", $who{$login}, 'door live MJPEG',
           "watched $seen->{frames} frames";
    printf "    %s: last byte %s, %s\n", $what, when($last),
           $seen->{ended} ? 'connection ended ' . when($end)
                          : 'connection still open';

    if (defined $fault) {
        $wrong++;
        print "    MISMATCH: $fault\n";
    }
}


sub when {
    my ($ms) = @_;

    return $ms < 0 ? -$ms . ' ms before' : "$ms ms after";
}


# Somebody who is not concerned: the stream goes on

sub go_on_row {
    my ($viewer, $login, $why) = @_;

    my $seen = $viewer->result(time + 0.5);
    my $fault;

    if (!$viewer->{playing} || $seen->{ended}) {
        $fault = 'the stream ended';

    } elsif (time - $seen->{last} > 1) {
        $fault = 'the stream stands still';
    }

    $told++;
    printf "%-18s %-25s %s\n", $who{$login}, 'door live MJPEG',
           "$why: watched $seen->{frames} frames, goes on";

    if (defined $fault) {
        $wrong++;
        print "    MISMATCH: $fault\n";
    }
}


sub scene_expiry {
    scene('A grant ends by itself when its time is over, also for who is '
        . 'already watching');

    action('user_restricted for the camera door, for 2 to 3 seconds');
    my $due = int(time) + 3;
    Access::grant('anna', 'bakery', 'brightline', role => 'user_restricted',
                  cameras => [ 'door' ],
                  expires_at => Access::moment($due));
    my $viewer = Viewer->new('ivo', "$BAKERY/door/live/mjpeg");
    row('ivo', 'bakery/door', 'live HLS', 'allow grant');
    cut_row($viewer, 'ivo', $due, 'the end of the grant');
    row('ivo', 'bakery/door', 'live HLS', 'deny restricted');

    # by hand: the action gives the key a TTL, too
    action('the same, but Redis keeps the record: it has no TTL');
    Access::write_record('bakery', 'grant:brightline',
                         role => 'user_restricted', cameras => [ 'door' ],
                         expires_at => Access::instant(2));
    row('ivo', 'bakery/door', 'archive MP4', 'allow grant');
    sleep 2.1;
    row('ivo', 'bakery/door', 'archive MP4', 'deny expired');
    Access::revoke('anna', 'bakery', 'brightline');
}


sub scene_revoke {
    scene('Revoked while an integrator is watching');

    action('grants to brightline and northcam; ivo, nora and anna watch');
    Access::grant('anna', 'bakery', $_, role => 'user_full',
                  cameras => [ 'door' ], level => 'integrator')
        for 'brightline', 'northcam';

    my %viewer = map { $_ => Viewer->new($_, "$BAKERY/door/live/mjpeg") }
                     qw(ivo nora anna);
    row('ivo', 'bakery/door', 'archive HLS', 'allow grant');
    sleep 0.5;

    action('anna revokes brightline\'s grant');
    my $due = time;
    Access::revoke('anna', 'bakery', 'brightline');
    my $done = time;
    my $answer = row('ivo', 'bakery/door', 'live HLS', 'deny restricted');

    cut_row($viewer{ivo}, 'ivo', $due, 'the revoke ('
        . milliseconds($due, $done) . ' ms for the command)');
    go_on_row($viewer{nora}, 'nora', 'another grant');
    go_on_row($viewer{anna}, 'anna', 'the owner');
    Access::revoke('anna', 'bakery', 'northcam');
}


sub scene_http {
    scene('The same over HTTP, as a page of the portal does it');

    my $grant = '/accounts/bakery/grants/brightline';

    call_row('403 forbidden', 'ivo', 'PUT', $grant, role => 'administrator_full');
    call_row('201 user_full active', 'anna', 'PUT', $grant,
             role => 'user_full', cameras => [ 'door' ]);
    row('ivo', 'bakery/door', 'live MJPEG', 'allow grant');
    call_row('200 allow grant user_full', 'anna', 'GET',
             '/accounts/bakery/explain?user=ivo&organization=brightline'
             . '&level=integrator&camera=door&resource=live');
    call_row('200 revoked', 'anna', 'DELETE', $grant);
    row('ivo', 'bakery/door', 'live MJPEG', 'deny restricted');
}


# Both workers know the account, whichever takes the next request.

sub warm {
    for (1 .. 24) {
        get($_, "$BAKERY/door/live/index.m3u8") for 'ivo', 'vera';
    }
}


sub scene_outage {
    scene('Redis is gone: what is known is good for ' . STALE
        . ' more seconds, then providers get 503; owners go on');

    Access::grant('anna', 'bakery', 'brightline', role => 'user_full',
                  cameras => [ 'door' ]);
    my %viewer = map { $_ => Viewer->new($_, "$BAKERY/door/live/mjpeg") }
                     qw(ivo anna);
    warm();

    action('Redis is stopped');
    $stage->stop_redis;
    my $gone = time;
    rows(<<'END');
        ivo   bakery/door  live HLS     allow grant        still known
        vera  bakery/door  live HLS     deny restricted
        anna  bakery/door  live HLS     allow owner
END
    # the gate counts from when it heard of Redis for the last time
    cut_row($viewer{ivo}, 'ivo', $gone + STALE, 'privacy_stale', 500);

    my $left = $gone + STALE + 0.1 - time;
    sleep $left if $left > 0;

    action('privacy_stale is over');
    rows(<<'END');
        ivo   bakery/door  live HLS     deny unavailable
        ivo   bakery/door  live MJPEG   deny unavailable
        ivo   bakery/door  system       deny unavailable
        vera  bakery/door  archive MP4  deny unavailable
        anna  bakery/door  live MJPEG   allow owner
        anna  bakery/door  export       allow owner
        carl  bakery/door  archive MP4  allow owner
        fred  bakery/door  live HLS     allow exempt
        anna  school/gate  live HLS     deny foreign_account
END
    go_on_row($viewer{anna}, 'anna', 'the owner');
    refused_row('anna', 'to revoke it', 3, 'No such file', 'revoke',
                'bakery', 'brightline');

    action('Redis is back, with what was granted');
    $stage->start_redis;
    recovery_row();
    row('vera', 'bakery/door', 'live HLS', 'deny restricted');
    action('and is revoked');
    Access::revoke('anna', 'bakery', 'brightline');
    row('ivo', 'bakery/door', 'live HLS', 'deny restricted');
}


# Both workers must have found Redis again

sub recovery_row {
    my $back = time;
    my ($answer, $since);

    while (time - $back < 5) {
        $answer = get('ivo', "$BAKERY/door/live/index.m3u8");

        if ($answer->{status} == 200) {
            $since //= time;
            last if time - $since > 0.2;

        } else {
            undef $since;
        }
    }

    my $ms = defined $since ? milliseconds($back, $since) : undef;

    line($who{ivo}, 'door live HLS', $answer,
         defined $ms ? "again after $ms ms" : 'nothing',
         !defined $ms ? 'not again in 5 s'
         : $ms > RECOVERY ? "late, the limit is @{[ RECOVERY ]} ms" : undef);
}


sub scene_sweep {
    scene('The nightly reset, by hand: accounts with cameras are restricted '
        . 'again, but who is excluded');

    # by hand: what a record of long ago may look like
    action('somebody opened the bakery without an end; the school is on the '
         . 'exclusion list');
    Access::write_record('bakery', 'unrestricted',
                         at => Access::instant(-DAY), by => 'anna');
    Access::exclude('olga', 'school', reason => 'monitored nightly');

    action('olga sweeps');
    my $said = Access::sweep('olga');
    my $count = $said->{restricted};

    said_row('olga', 'the sweep', "$said->{state}: $count restricted",
             "$said->{state} $count" ne 'done 1' ? 'told was done, 1'
                                                 : undef);
    list_row('olga', 'bakery restricted, school excluded');
    rows(<<'END');
        ivo   bakery/door  live HLS     deny restricted
        nora  school/gate  live HLS     allow excluded
END
}


sub scene_log {
    my @alarms = $stage->alarms;

    $told++;
    print "\nThe error logs hold ", scalar @alarms, " alarms\n";

    if (@alarms) {
        $wrong++;
        print "    $_" for @alarms[0 .. ($#alarms < 9 ? $#alarms : 9)];
        print "    MISMATCH: lines of level alert or emerg\n";
    }
}


1;
