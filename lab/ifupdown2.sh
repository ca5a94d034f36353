#!/usr/bin/env bash
# Fetches Debian's ifupdown2 for labs, without installing it: its maintainer scripts would take over this machine's own
# network. Inside a machine of its own, whose writes are gone afterwards, it is unpacked over the root.
#   lab/ifupdown2.sh [FOLDER]          FOLDER (default /var/cache/evpnd-lab/ifupdown2) gets ifupdown2.deb
#   lab/ifupdown2.sh --unpack [FOLDER] unpacks that over /: only ever inside a machine of lab/machine.ts
set -eu
unpack=false
[ "${1:-}" = --unpack ] && { unpack=true; shift; }
folder=${1:-/var/cache/evpnd-lab/ifupdown2}

if $unpack; then
  # Only those have an overlay with its writes in memory as root (lab/machine-init.sh)
  case $(awk '$2 == "/" { print $3, $4 }' /proc/mounts | tail -n 1) in
    overlay*upperdir=/mnt/upper,*) ;;
    *)
      echo "lab/ifupdown2.sh: --unpack is for machines of the lab alone, whose writes are gone afterwards" >&2
      exit 1
      ;;
  esac
  work=$(mktemp -d)
  dpkg-deb -x "$folder/ifupdown2.deb" "$work"
  # cp, as tar would put a folder where /sbin and /lib are links
  for part in etc lib sbin usr var; do
    if [ -d "$work/$part" ]; then mkdir -p "/$part" && cp -a "$work/$part/." "/$part/"; fi
  done
  chmod 755 /usr/share/ifupdown2/__main__.py # as its postinst does
  mkdir -p /run/network
  exit 0
fi

[ -s "$folder/ifupdown2.deb" ] && exit 0
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
[ -s "$folder/ifupdown2.deb" ] && exit 0
cd "$folder"
rm -f ifupdown2_*.deb
apt-get download -q ifupdown2
mv ifupdown2_*.deb ifupdown2.deb
