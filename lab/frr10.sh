#!/usr/bin/env bash
# Puts FRR 10 of Debian trixie into a folder of its own, for leaves that FRR 8.4 cannot be: single-VXLAN-device mode.
#   lab/frr10.sh [FOLDER]
# FOLDER (default /var/cache/evpnd-lab/frr10) gets root/, the unpacked packages with all the libraries that they need,
# and bin/, one starter for each program. Does nothing where it stands already. A few hundred MB.
set -eu
folder=${1:-/var/cache/evpnd-lab/frr10}
. "$(dirname "$0")/debian.sh"

only_once "$folder" bin/bfdd
unpack "$folder/root" frr,libc6,libyang3,frr-pythontools
rm -rf "$folder/bin" "$folder/bin.new"
mkdir "$folder/bin.new"
for program in zebra bgpd bfdd mgmtd vtysh; do starter "$folder/root" "$program" "$folder/bin.new/$program"; done
"$folder/bin.new/zebra" --version >/dev/null
mv "$folder/bin.new" "$folder/bin"
