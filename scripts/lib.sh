# Shared by the scripts of this folder: sourced, not run.  bash.
#
# Messages go to stderr; stdout is left to the script's own result.

say() {
    printf '%s\n' "$*" >&2
}

die() {
    printf '%s: error: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# One at a time: two callers in one tree would build over each other.  The
# lock ends with the script; what it starts must not inherit descriptor 9.
lock() {
    local file=$1

    mkdir -p "$(dirname "$file")"
    exec 9>"$file"
    if ! flock --nonblock 9; then
        say "waiting for another $(basename "$file" .lock) to end"
        flock 9
    fi
}

unlock() {
    exec 9>&-
}


# --- packages

is_installed() {
    local state

    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$1" \
                2> /dev/null) || return 1
    [ "$state" = installed ]
}

missing_packages() {
    local package

    for package; do
        is_installed "$package" || printf '%s\n' "$package"
    done
}

# apt-get without a terminal and without questions.
apt() {
    DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical \
    NEEDRESTART_MODE=l LC_ALL=C.UTF-8 \
        apt-get --quiet=2 --assume-yes -o DPkg::Lock::Timeout=600 \
            -o Dpkg::Use-Pty=0 "$@" < /dev/null 9>&-
}

# Runs a command with its output in a file, shown only if the command fails.
quietly() {
    local log=$1
    shift

    mkdir -p "$(dirname "$log")"
    if ! "$@" > "$log" 2>&1; then
        tail -n 60 "$log" >&2
        return 1
    fi
}

# Debian's packages start what they install: nginx on port 80, Redis on 6379.
# policy-rc.d is the documented way to say no; it stays only for the time of
# the command, and one that already says no is left alone.
without_services() (
    policy=/usr/sbin/policy-rc.d
    kept=$policy.privacy-kept
    status=0

    restore() {
        rm -f $policy
        [ ! -e $kept ] || mv $kept $policy
    }

    if [ -x $policy ]; then
        $policy nginx start > /dev/null 2>&1 || status=$?
    fi
    if [ $status -ne 101 ]; then
        trap restore EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
        [ ! -e $policy ] || mv $policy $kept
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod 755 $policy
    fi
    "$@"
)

# Installs those of the named packages that are missing; a name with a slash
# is a file.  Nothing is touched where nothing is missing.
install_packages() {
    local missing log status=0

    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0

    command -v apt-get > /dev/null \
        || die "missing: ${missing[*]} (no apt-get here to install them)"
    [ "$(id -u)" -eq 0 ] \
        || die "missing: ${missing[*]}; install them, or run this as root"

    say "installing: ${missing[*]}"
    mkdir -p "$build"
    log=$build/install.log

    if ! without_services apt install --no-install-recommends \
             "${missing[@]}" > "$log" 2>&1
    then
        # No lists yet, or older than the mirror.
        say "apt-get update"
        apt update >> "$log" 2>&1 || true
        without_services apt install --no-install-recommends \
            "${missing[@]}" >> "$log" 2>&1 || status=$?
    fi

    if [ $status -ne 0 ]; then
        tail -n 20 "$log" >&2
        die "cannot install: ${missing[*]}"
    fi
}

# The lines "uri release component" of the machine's own Debian archives: no
# script names a package host.
debian_archives() {
    apt-get indextargets \
        --format '$(LABEL)|$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 2> /dev/null \
        | sed -n 's/^Debian\(-Security\)\{0,1\}|//p' | sort -u
}

archive_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt with package lists of its own in a folder: the machine's sources, lists
# and pins stay as they are.  FOLDER/sources.list says where to look.
#   apt_aside FOLDER ARGUMENT...         apt-get
#   apt_cache_aside FOLDER ARGUMENT...   apt-cache
aside_options() {
    local folder=$1

    mkdir -p "$folder/lists/partial" "$folder/archives/partial"
    aside=(
        -o Dir::Etc::SourceList="$folder/sources.list"
        -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::Preferences=/dev/null
        -o Dir::Etc::PreferencesParts=/dev/null
        -o Dir::State::Lists="$folder/lists"
        -o Dir::Cache::Archives="$folder/archives"
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o APT::Sandbox::User=root
    )
}

apt_aside() {
    local aside

    aside_options "$1"
    shift
    apt "${aside[@]}" "$@"
}

apt_cache_aside() {
    local aside

    aside_options "$1"
    shift
    apt-cache "${aside[@]}" "$@"
}


# --- what is built, and with what

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/.build

nginx_binary=/usr/sbin/nginx
nginx_source=/usr/share/nginx/src
modules=/usr/lib/nginx/modules

# Test::Nginx is a package of Debian's newest suite only, for every
# architecture; what it depends on is in all of them.
install_test_nginx() {
    local aside package

    if perl -MTest::Nginx::Util -e 1 2> /dev/null; then
        return 0
    fi
    [ "$(id -u)" -eq 0 ] \
        || die "missing: Test::Nginx; install it, or run this as root"

    say "installing: Test::Nginx"
    aside=$(mktemp -d)
    [ -n "$(debian_archives)" ] || apt update > "$aside/log" 2>&1 || true

    debian_archives \
        | awk -v key="$archive_keyring" \
              '$1 !~ /security/ && !seen[$1]++ {
                   print "deb [check-valid-until=no signed-by=" key "] " \
                         $1 " sid main" }' \
        > "$aside/sources.list"

    if { apt_aside "$aside" update \
             && (cd "$aside" && apt_aside "$aside" download libtest-nginx-perl)
       } >> "$aside/log" 2>&1
    then
        package=$(echo "$aside"/libtest-nginx-perl_*.deb)
        chmod 755 "$aside"
        without_services apt install --no-install-recommends "$package" \
            >> "$aside/log" 2>&1 || true
    fi

    if ! perl -MTest::Nginx::Util -e 1 2>> "$aside/log"; then
        tail -n 20 "$aside/log" >&2
        rm -rf "$aside"
        die "cannot install Test::Nginx (libtest-nginx-perl of Debian sid)" \
            "from this machine's archives; install it by hand"
    fi
    rm -rf "$aside"
}
