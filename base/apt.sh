# SPDX-License-Identifier: GPL-2.0-or-later
#
# apt in directories of its own, for base/fetch and tools/debian-image: packages
# of any Debian release for the guest's architecture, with their signatures
# checked, by entries that base/apt-sources derives from the machine's.  The
# machine's own apt configuration, lists and architectures are not changed.  To
# be sourced after lib.sh; the caller has say and die, and holds the cache
# (lock_cache), whose $work takes all that apt writes.
#
# An archive may name what it does not have, as while a mirror is filled.  So what
# can't be had is tried in other versions and releases, and what failed is noted.

apt_dir=                # of the release that apt_open opened last

# Options are kept in a file read after the machine's own configuration, so
# that the machine's proxies and credentials hold but its hooks do not.
apt_configuration() {
    cat <<END
#clear APT::Update;
#clear APT::Architectures;
APT::Architecture "ppc64el";
APT::Architectures { "ppc64el"; };
APT::Sandbox::User "root";
Acquire::AllowInsecureRepositories "false";
Acquire::Retries "3";
Acquire::Languages "none";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$apt_dir/sources";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt_dir/state";
Dir::State::status "$apt_dir/state/status";
Dir::Cache "$apt_dir/cache";
END
}

apt() {
    local command=apt-get
    case $1 in
    madison | pkgnames) command=apt-cache ;;
    esac
    command $command -c "$apt_dir/apt.conf" -qq "$@"
}

# One step that may fail: apt in directory $1, with the arguments that follow.
# What it says is in $work/step until the next one.
apt_step() {
    (cd "$1" && apt "${@:2}") > "$work/step" 2>&1
}

# The error by which the last step failed.  apt's last line often only counts
# errors, so that one is not taken if there is another.
apt_complaint() {
    local generic='Some index files failed|Unable to fetch some archives|Failed to fetch some archives'
    { grep '^E:' "$work/step" | grep -vE "$generic" || grep '^[EW]:' "$work/step" ||
        cat "$work/step"; } | tail -n 1
}

# Say that $1 could not be had, for reason $2, and keep that for apt_troubles.
apt_trouble() {
    say "$1: $2" >&2
    echo "$1: $2" >> "$work/troubles"
}

# All troubles since apt_forget, in one line.
apt_troubles() {
    sed '$!s/$/; /' "$work/troubles" | tr -d '\n'
}

apt_forget() {
    : > "$work/troubles"
}

# Read the package lists of Debian release $1, of sources if $2 is deb-src.  The
# first of the derived entries that answers as Debian is taken; the security
# archive, where packages are newer, is used if it can be.  Fails if there is no
# such entry, with the troubles noted.
apt_open() {
    local candidate
    apt_dir=$work/apt-$1-${2-deb}
    [ ! -d "$apt_dir" ] || { [ -e "$apt_dir/open" ]; return; }
    mkdir -p "$apt_dir"/{found,sources,state/lists/partial,cache/archives/partial}
    : > "$apt_dir/state/status"
    apt_configuration > "$apt_dir/apt.conf"
    "$tree/base/apt-sources" "$1" "$apt_dir/found" "${2-deb}" "$(debian_mirror)" \
        > "$work/step" 2>&1 || { apt_trouble "Debian's $1" "$(tail -n 1 "$work/step")"; return 1; }
    for candidate in "$apt_dir"/found/main-*.sources; do
        cp "$candidate" "$apt_dir/sources/main.sources"
        apt_step / update || { apt_trouble "Debian's $1" "$(apt_complaint)"; continue; }
        grep -sqxE 'Origin: Debian( Backports)?' "$apt_dir"/state/lists/*Release ||
            { apt_trouble "Debian's $1" "$(sed -n 's/^URIs: //p' "$candidate") is not Debian's"; continue; }
        add_security "$1" || continue
        touch "$apt_dir/open"
        return
    done
    [ -n "$(debian_mirror)" ] || [[ $1 == *-backports ]] ||
        apt_trouble "Debian's $1" "none of apt's entries here brings it; a mirror of Debian can be given by ./configure --debian-mirror=URI"
    return 1
}

add_security() {
    [ -e "$apt_dir/found/security.sources" ] || return 0
    cp "$apt_dir/found/security.sources" "$apt_dir/sources/"
    apt_step / update && return
    say "Debian's $1-security is left out: $(apt_complaint)" >&2
    drop_security
}

# The security archive is taken out of what is open; fails if it was not in.
drop_security() {
    rm "$apt_dir/sources/security.sources" 2> /dev/null && apt_step / update
}

# Versions of package $1, newest first, that the open lists name.
apt_versions() {
    apt madison "$1" 2> /dev/null | awk '{ if (!seen[$3]++) print $3 }'
}

# Download package $1 of the open release, and print the file's name: version $2
# if given, else the newest that can be had.  Fails if there is none, with the
# troubles noted.
apt_download() {
    local dir version versions=${2-}
    [ -n "$versions" ] || versions=$(apt_versions "$1")
    [ -n "$versions" ] || { apt_trouble "$1" "not in what $(apt_place) lists"; return 1; }
    for version in $versions; do
        dir=$(mktemp -d "$work/deb.XXXX")
        if apt_step "$dir" download "$1=$version"; then
            echo "$dir"/*.deb
            return
        fi
        apt_trouble "$1 $version" "$(apt_complaint)"
    done
    return 1
}

# Download package $2 of the first of Debian's releases $1 that has it, and print
# the file's name.
apt_download_from() {
    local release
    for release in $1; do
        apt_open "$release" || continue
        apt_download "$2" && return
    done
    return 1
}

# Which release is open.
apt_place() {
    local name=${apt_dir##*/apt-}
    echo "Debian's ${name%-deb*}"
}

# Download packages $2... of the open release, with all that they depend on and
# what Debian says no system is without, into directory $1.  If one of the newest
# can't be had, all are taken without the security archive.
apt_download_system() {
    local dir=$1
    shift
    apt_step / install -y --no-install-recommends --download-only '?essential' "$@" || {
        apt_trouble "$(apt_place)" "$(apt_complaint)"
        drop_security || return
        apt_step / install -y --no-install-recommends --download-only '?essential' "$@" || {
            apt_trouble "$(apt_place) without security" "$(apt_complaint)"
            return 1
        }
    }
    mv -t "$dir" "$apt_dir"/cache/archives/*.deb
}
