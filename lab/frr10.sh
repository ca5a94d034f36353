#!/usr/bin/env bash
# Puts FRR 10 of Debian trixie into a folder of its own, for leaves that FRR 8.4 cannot be: single-VXLAN-device mode.
#   lab/frr10.sh [FOLDER]
# FOLDER (default /var/cache/evpnd-lab/frr10) gets root/, the unpacked packages with all the libraries that they need,
# and bin/, one starter for each program, which runs it by root/'s own dynamic linker: no chroot, so that sockets,
# namespaces and configuration are the machine's own. Does nothing where it stands already. Needs root, a network and
# mmdebstrap; a few hundred MB.
set -eu
folder=${1:-/var/cache/evpnd-lab/frr10}
suite=trixie
mirror=${EVPND_DEBIAN_MIRROR:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

[ -x "$folder/bin/vtysh" ] && exit 0
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9 # another test may be at it
[ -x "$folder/bin/vtysh" ] && exit 0
command -v mmdebstrap >/dev/null || {
  echo "lab/frr10.sh: mmdebstrap is missing: apt-get install mmdebstrap" >&2
  exit 1
}
rm -rf "$folder/root" "$folder/bin"
options=(--variant=extract --include=frr,libc6,libyang3,frr-pythontools)
[ -e "$keyring" ] && options+=("--keyring=$keyring")
mmdebstrap --quiet "${options[@]}" "$suite" "$folder/root" "$mirror"
libraries="$folder/root/usr/lib/x86_64-linux-gnu"
mkdir "$folder/bin.new"
for program in zebra bgpd mgmtd vtysh; do
  for place in lib/frr bin; do
    binary="$folder/root/usr/$place/$program"
    [ -x "$binary" ] && break
  done
  printf '#!/bin/sh\nexec %q --argv0 %q --library-path %q %q "$@"\n' \
    "$folder/root/usr/lib64/ld-linux-x86-64.so.2" "$program" "$libraries/frr:$libraries" "$binary" \
    >"$folder/bin.new/$program"
  chmod 755 "$folder/bin.new/$program"
done
"$folder/bin.new/zebra" --version >/dev/null
mv "$folder/bin.new" "$folder/bin"
