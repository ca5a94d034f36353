#!/usr/bin/env bash
# Puts a Debian with systemd into a folder: what an operator has after the least installation, with the libraries that evpnd's
# package names, and FRR as Debian has it, for lab/container.ts to boot.
#   lab/booted-debian.sh [FOLDER [SUITE [PACKAGES]]]
# FOLDER (default /var/cache/evpnd-lab/debian-12) gets root/, SUITE is bookworm by default, PACKAGES come on top. Does nothing
# where the same stands already. 250 MB.
set -eu
folder=${1:-/var/cache/evpnd-lab/debian-12}
release=${2:-bookworm}
packages=systemd,systemd-sysv,libatomic1,libstdc++6,${3:-iproute2,iputils-ping,procps,kmod,frr}
. "$(dirname "$0")/debian.sh"

ready=ready-$(printf %s "$release $packages" | cksum | cut -d ' ' -f 1)
only_once "$folder" "$ready"
root=$folder/root
options=(--variant=minbase "--include=$packages")
[ -e "$keyring" ] && options+=("--keyring=$keyring")
rm -rf "$root"
mmdebstrap --quiet "${options[@]}" "$release" "$root" "$mirror"
touch "$folder/$ready"
