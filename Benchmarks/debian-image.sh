#!/usr/bin/env bash
# Makes the images that are measured, as one OCI layout:
#
#   debian   five layers, some hundred MB: a Debian root made by debootstrap, a Python environment, and files of this
#            machine (libraries, then texts), so that bytes compress as they do in practice
#   large    that Debian root and one layer of 1.3 GiB, half of it incompressible
#   one      one layer of up to 1.8 GB of this machine's files
#   tiny     one layer of some hundred KB
#
#   Benchmarks/debian-image.sh LAYOUT SCRATCH
#
# debootstrap needs root and a mirror. Without them the first layer is this machine's own /etc/os-release, dpkg database and
# libraries, and that is said.
set -euo pipefail
layout=${1:?usage: Benchmarks/debian-image.sh LAYOUT SCRATCH}
scratch=${2:?usage: Benchmarks/debian-image.sh LAYOUT SCRATCH}
mirror=${BENCH_MIRROR:-http://deb.debian.org/debian}
mkdir -p "$scratch"

# files MAX_MB FOLDER…: regular files below the folders, by name, until they amount to so many MB
files() {
    local max=$1
    shift
    find "$@" -xdev -type f -size -64M -readable -printf '%s\t%p\n' 2>/dev/null | LC_ALL=C sort -k 2 |
        awk -F '\t' -v max="$((max * 1000000))" 'sum < max { sum += $1; print $2 }'
}

# from_files ARCHIVE MAX_MB FOLDER…: an archive of such files
from_files() {
    local archive=$1
    shift
    files "$@" | tar --create --file "$archive" --owner=0 --group=0 --files-from - 2>/dev/null
}

base() {
    if [ "$(id -u)" -eq 0 ] && debootstrap --variant=minbase --include=python3,python3-yaml,python3-requests \
        bookworm "$scratch/root" "$mirror" >"$scratch/debootstrap.log" 2>&1; then
        tar --create --file "$1" --numeric-owner --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' \
            --exclude='./var/cache/apt/archives/*.deb' --directory "$scratch/root" .
    else
        echo "note: no debootstrap here (it needs root and $mirror): the first layer is made of this machine's files" >&2
        { echo /etc/os-release; echo /usr/lib/os-release; echo /var/lib/dpkg/status; files 250 /usr/bin /usr/lib/python3; } |
            tar --create --file "$1" --owner=0 --group=0 --files-from - 2>/dev/null
    fi
}

# layer FROM TO ARCHIVE: image TO is image FROM and one layer more
layer() {
    umoci raw add-layer --image "$layout:$1" --tag "$2" "$3"
    rm -f "$3"
}

rm -rf "$layout"
umoci init --layout "$layout"
umoci new --image "$layout:base"
base "$scratch/layer.tar"
layer base base "$scratch/layer.tar"
umoci config --image "$layout:base" --config.user app

python3 -m venv --copies "$scratch/venv"
tar --create --file "$scratch/layer.tar" --owner=0 --group=0 --transform 's,^\.,opt/venv,' --directory "$scratch/venv" .
layer base debian "$scratch/layer.tar"
from_files "$scratch/layer.tar" 200 /usr/lib
layer debian debian "$scratch/layer.tar"
from_files "$scratch/layer.tar" 100 /usr/share
layer debian debian "$scratch/layer.tar"
mkdir -p "$scratch/app/etc" && echo "mode=production" >"$scratch/app/etc/app.conf"
tar --create --file "$scratch/layer.tar" --owner=0 --group=0 --directory "$scratch/app" .
layer debian debian "$scratch/layer.tar"

mkdir -p "$scratch/large"
head -c 650M /dev/urandom >"$scratch/large/random"
seq 1 100000000 | head -c 700M >"$scratch/large/numbers" || true
tar --create --file "$scratch/layer.tar" --remove-files --directory "$scratch/large" .
layer base large "$scratch/layer.tar"
umoci new --image "$layout:one"
from_files "$scratch/layer.tar" 1800 /usr/lib /usr/share /usr/bin
layer one one "$scratch/layer.tar"
umoci new --image "$layout:tiny"
from_files "$scratch/layer.tar" 1 /etc
layer tiny tiny "$scratch/layer.tar"
umoci gc --layout "$layout"
rm -rf "${scratch:?}"
