# SPDX-License-Identifier: GPL-2.0-or-later
#
# apt in directories of its own, for base/fetch and tools/debian-image: packages
# of any Debian release for the guest's architecture, with their signatures
# checked, by entries that base/apt-sources derives from the machine's.  The
# machine's own apt configuration, lists and architectures are not changed.  To
# be sourced after lib.sh; the caller has say and die, and holds the cache
# (lock_cache), whose $work takes all that apt writes.

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
    [ "$1" = show ] && command=apt-cache
    command $command -c "$apt_dir/apt.conf" -qq "$@"
}

apt_update() {
    apt update >> "$apt_dir/log" 2>&1
}

# Read the package lists of Debian release $1.  The first of the derived entries
# that answers as Debian is taken; the security archive, where packages are
# newer, is used if it can be.
apt_open() {
    local candidate
    apt_dir=$work/apt-$1
    [ ! -d "$apt_dir" ] || return 0
    mkdir -p "$apt_dir"/{found,sources,state/lists/partial,cache/archives/partial}
    : > "$apt_dir/state/status"
    apt_configuration > "$apt_dir/apt.conf"
    "$tree/base/apt-sources" "$1" "$apt_dir/found"
    for candidate in "$apt_dir"/found/main-*.sources; do
        [ -e "$candidate" ] || break
        cp "$candidate" "$apt_dir/sources/main.sources"
        apt_update || continue
        grep -sqx 'Origin: Debian' "$apt_dir"/state/lists/*Release || continue
        if [ -e "$apt_dir/found/security.sources" ]; then
            cp "$apt_dir/found/security.sources" "$apt_dir/sources/"
            apt_update || drop_security
        fi
        return
    done
    die "none of this machine's apt entries brings Debian's $1 ($(apt_complaint));" \
        "mend that, or give --qemu-source=DIR|TARBALL and --without-guest"
}

apt_complaint() {
    grep -m 1 '^[EW]:' "$apt_dir/log" 2> /dev/null || echo "none is Debian's"
}

drop_security() {
    rm "$apt_dir/sources/security.sources"
    apt_update
}

# Field $2 of the newest version of package $1.
apt_field() {
    apt show --no-all-versions "$1" | sed -n "s/^$2: //p"
}

# Download package $1 of the open release and print the file's name.
apt_download() {
    local dir
    dir=$(mktemp -d "$work/deb.XXXX")
    (cd "$dir" && apt download "$1") >> "$apt_dir/log" 2>&1 ||
        die "cannot download $1: $(apt_complaint)"
    echo "$dir"/*.deb
}

# Download packages $2... of the open release, with all that they depend on and
# what Debian says no system is without, into directory $1.
apt_download_system() {
    local dir=$1
    shift
    apt install -y --no-install-recommends --download-only '?essential' "$@" >> "$apt_dir/log" 2>&1 ||
        die "cannot download $*: $(apt_complaint)"
    mv -t "$dir" "$apt_dir"/cache/archives/*.deb
}
