#!/usr/bin/env bash
# Puts Debian 12 with systemd into a folder, for machines of lab/qemu.ts that boot it (`root`): what an operator has after
# the least installation and the libraries that evpnd's package names, and FRR as Debian has it.
#   lab/booted-debian.sh [FOLDER]
# FOLDER (default /var/cache/evpnd-lab/debian-12) gets root/. Does nothing where it stands already. 250 MB.
set -eu
folder=${1:-/var/cache/evpnd-lab/debian-12}
. "$(dirname "$0")/debian.sh"

ready=ready-2 # another name for another list of packages
only_once "$folder" "$ready"
root=$folder/root
options=(--variant=minbase --include=systemd,systemd-sysv,iproute2,iputils-ping,procps,kmod,libatomic1,libstdc++6,frr)
[ -e "$keyring" ] && options+=("--keyring=$keyring")
rm -rf "$root"
mmdebstrap --quiet "${options[@]}" bookworm "$root" "$mirror"
touch "$folder/$ready"
