# SPDX-License-Identifier: GPL-2.0-or-later
#
# What configure, base/fetch and tools/peer have in common: where the cache is,
# and what of it is there.  To be sourced; $tree is the top of this tree.

export LC_ALL=C
cache=${XDG_CACHE_HOME:-${HOME:?no HOME and no XDG_CACHE_HOME}/.cache}/qemu-pseries
wanted=$(cat "$tree/base/version")

# QEMU's source in the cache: the release of base/version, else the newest point
# release that is there.
cached_source() {
    local found=$cache/qemu-$wanted
    [ -d "$found" ] ||
        found=$(find "$cache" -maxdepth 1 -regex '.*/qemu-10\.0\.[0-9]+' 2> /dev/null |
                sort -V | tail -n 1)
    [ -n "$found" ] && echo "$found"
}

# The meson in the cache.
cached_meson() {
    find "$cache" -maxdepth 1 -name 'meson-*' 2> /dev/null | sort -V | tail -n 1 | grep .
}

# Kernels that tests boot: short version, Debian releases that have it.  6.1 has
# pages of 64 KiB and 6.12 of 4 KiB.
kernels="6.1:bookworm 6.12:trixie,bookworm-backports"

# Modules of these kernels for the initramfs: drivers of devices that tests plug
# in and that Debian does not build in, and KVM for the hosts of tests/kvm.  What
# they need comes with them.
modules="pseries-rng
virtio_pci virtio_blk virtio_scsi virtio_net virtio_console virtio-rng virtio-gpu
sd_mod sr_mod nvme ibmvscsi usb-storage ext4 e1000e ibmveth
xhci-pci usbhid hid-generic evdev bochs rpaphp rpadlpar_io
9p 9pnet_virtio virtiofs
kvm-hv vhost_net tun vfio-pci"

# Whether the cache has kernel $1 with just these modules, which are of use to
# no other build of the kernel.
kernel_is_complete() {
    [ "$(cat "$cache/guest/modules-$1/wanted" 2> /dev/null)" = "$modules" ]
}

# Packages for ppc64el that tools/kvm-build links, C library included, of a
# release that is no newer than the cross compiler of any machine.
sysroot_release=bookworm
sysroot_packages="libc6 libc6-dev linux-libc-dev
libglib2.0-0 libglib2.0-dev libpcre2-dev libpixman-1-dev libfdt-dev zlib1g-dev"

# Whether the cache has just these.
sysroot_is_complete() {
    [ "$(cat "$cache/sysroot/packages" 2> /dev/null)" = "$sysroot_packages" ]
}

# The parts of what is fetched for guests, by their names for base/fetch.
guest_parts() {
    local kernel
    echo busybox slof vof skiboot roms sysroot
    for kernel in $kernels; do
        echo "kernel-${kernel%%:*}"
    done
}

# Where in the cache part $1 is, or would be.
part_place() {
    case $1 in
    slof | vof) echo "$cache/guest/$1.bin" ;;
    skiboot)    echo "$cache/guest/$1.lid" ;;
    kernel-*)   echo "$cache/guest/vmlinux-${1#kernel-}" ;;
    sysroot)    echo "$cache/sysroot" ;;
    *)          echo "$cache/guest/$1" ;;
    esac
}

# Firmware and option ROMs of the cache, where QEMU, run from build directory $1,
# looks for them.
link_firmware() {
    local file bundle=$1/qemu-bundle/usr/local/share/qemu
    [ -d "$bundle" ] || return 0
    for file in "$cache"/guest/{slof.bin,skiboot.lid} "$cache"/guest/roms/*; do
        [ ! -e "$file" ] || ln -sfn "$file" "$bundle/"
    done
}

# Whether the cache has part $1.
part_is_there() {
    case $1 in
    source)   cached_source > /dev/null ;;
    meson)    cached_meson > /dev/null ;;
    kernel-*) kernel_is_complete "${1#kernel-}" ;;
    sysroot)  sysroot_is_complete ;;
    *)        [ -e "$(part_place "$1")" ] ;;
    esac
}

# The file that says why part $1 could not be had.  Tests that skip quote it.
part_reason() {
    echo "$cache/guest/missing/$(basename "$(part_place "$1")")"
}

# The mirror of Debian that ./configure --debian-mirror named, if any.  configure
# has it in the environment; tools that tests run find it by the build directory.
debian_mirror() {
    local build=${PAPR_BUILD:-${BUILD:-$tree/build}}
    if [ -n "${DEBIAN_MIRROR+set}" ]; then
        echo "$DEBIAN_MIRROR"
    elif [ -f "$build/configure.options" ]; then
        sed -n 's/^--debian-mirror=//p' "$build/configure.options"
    fi
}

# Hold the cache to ourselves until we end.  What another run left behind in
# tmp.* then belongs to a dead one.  Sets $work, a directory that goes with us.
lock_cache() {
    mkdir -p "$cache"
    exec 8> "$cache/lock"
    flock -n 8 || { echo "waiting for another run to leave $cache"; flock 8; }
    rm -rf "$cache"/tmp.*
    work=$(mktemp -d "$cache/tmp.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
}

# What QEMU's configure is told, for our build and for the peer's: nothing that
# a pseries guest does not need.
qemu_options=(
    --target-list=ppc64-softmmu
    --without-default-features
    --enable-system --enable-tools --enable-tcg
    --enable-slirp --enable-fdt=system --enable-pixman
    --enable-vhost-kernel --enable-vhost-net --enable-vhost-user
    --enable-stack-protector
    --enable-trace-backends=log
    --enable-werror
    --disable-docs --disable-install-blobs
)
case $(uname -m) in
ppc64*) qemu_options+=(--enable-kvm) ;;
esac

# What brings a feature of the build, the Debian package that brings it, and the
# options of QEMU's configure that are given where it is there.  configure installs
# these too, if it may; one that is missing is left out, with a line.
# The list is what servers and test farms ask for; the C library is always there.
optional_needs="
header:stdlib.h               libc6-dev            --enable-vnc --enable-tpm --enable-keyring
header:sys/xattr.h            libc6-dev            --enable-attr --enable-vhost-vdpa --enable-l2tpv3
header:iconv.h                libc6-dev            --enable-iconv
header:zlib.h                 zlib1g-dev           --enable-vdi --enable-vhdx --enable-vmdk --enable-vpc --enable-vvfat
library:libpng                libpng-dev           --enable-png
library:libjpeg               libjpeg-dev          --enable-vnc-jpeg
library:libsasl2              libsasl2-dev         --enable-vnc-sasl
library:ncursesw              libncurses-dev       --enable-curses
library:gnutls                libgnutls28-dev      --enable-gnutls
library:libseccomp            libseccomp-dev       --enable-seccomp
library:libcap-ng             libcap-ng-dev        --enable-cap-ng --enable-virtfs
library:numa                  libnuma-dev          --enable-numa
header:libaio.h               libaio-dev           --enable-linux-aio
library:liburing              liburing-dev         --enable-linux-io-uring
library:libcurl               libcurl4-gnutls-dev  --enable-curl
library:libzstd               libzstd-dev          --enable-zstd
library:lzo2                  liblzo2-dev          --enable-lzo
library:snappy                libsnappy-dev        --enable-snappy
library:libusb-1.0            libusb-1.0-0-dev     --enable-libusb
library:libusbredirparser-0.5 libusbredirparser-dev --enable-usb-redir
"
case $(uname -m) in
x86_64) optional_needs+="header:immintrin.h libc6-dev --enable-avx2
" ;;
esac

# Options of QEMU's configure for those of optional_needs that are there.
optional_options() {
    local thing package options
    while read -r thing package options; do
        [ -z "$thing" ] || ! is_there "$thing" || echo "$options"
    done <<< "$optional_needs"
}

# Whether the machine has thing $1:
#   command:NAME  on the PATH, or where only root's PATH leads
#   library:NAME  known to pkg-config
#   header:NAME   found by the C compiler ($cc)
#   python:venv   an interpreter that the build can use ($python, or any)
is_there() {
    case $1 in
    command:*) PATH=$PATH:/usr/sbin:/sbin command -v "${1#*:}" > /dev/null ;;
    library:*) pkg-config --exists "${1#*:}" 2> /dev/null ;;
    header:*)  echo "#include <${1#*:}>" | "${cc:-gcc}" -E -o /dev/null - > /dev/null 2>&1 ;;
    python:*)  find_python "${python-}" > /dev/null ;;
    *)         echo "is_there: $1: no such form" >&2; return 1 ;;
    esac
}

# A python that QEMU's build can use: Debian's own before others on the PATH,
# since the packages that the build finds in it are Debian's.
find_python() {
    local candidate
    for candidate in ${1:-/usr/bin/python3 python3}; do
        "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' \
            2> /dev/null && { command -v "$candidate"; return; }
    done
    return 1
}

# Whether python $1 has a meson of its own that is new enough.
has_meson() {
    "$1" - 2> /dev/null <<'END'
import importlib.metadata as metadata, sys
sys.exit([int(part) for part in metadata.version('meson').split('.')[:2]] < [1, 5])
END
}

# Make in build directory $2 a python that has meson and pycotap, from python $1, and
# print its path: QEMU's configure takes meson from nowhere else.
make_python() {
    local python=$2/host-python meson site
    [ -x "$python/bin/python3" ] ||
        "$1" -m venv --system-site-packages --without-pip "$python" || return
    if ! has_meson "$1" && meson=$(cached_meson); then
        for site in "$python"/lib/python3*/site-packages; do
            ln -sfn "$meson"/* "$site/"
        done
    fi
    if ! "$1" -c 'import pycotap' 2> /dev/null; then
        for site in "$python"/lib/python3*/site-packages; do
            ln -sfn "$tree/base/python/pycotap.py" "$site/"
        done
    fi
    echo "$python/bin/python3"
}

# Write a compiler command for build directory $2 that runs compiler $1 through
# ccache, if that is there, so that all clones share what was compiled: paths
# below $3 count as relative.
make_compiler() {
    if ! command -v ccache > /dev/null; then
        command -v "$1"
        return
    fi
    cat > "$2/cc.new" <<END
#!/bin/sh
export CCACHE_BASEDIR='$3' CCACHE_NOHASHDIR=1
exec ccache $1 "\$@"
END
    chmod +x "$2/cc.new"
    cmp -s "$2/cc.new" "$2/cc" && rm "$2/cc.new" || mv "$2/cc.new" "$2/cc"
    echo "$2/cc"
}
