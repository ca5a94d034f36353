# Sourced by the scripts that put programs of a newer Debian into a folder of their own, beside the machine's: no chroot,
# so that sockets, namespaces and configuration are the machine's. Needs root, a network and mmdebstrap.
suite=trixie
mirror=${EVPND_DEBIAN_MIRROR:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# only_once FOLDER FILE: ends the script where FOLDER/FILE stands already; else goes on, and no other at the same time.
only_once() {
  [ -e "$1/$2" ] && exit 0
  mkdir -p "$1"
  exec 9>"$1/lock"
  flock 9 # another test may be at it
  [ -e "$1/$2" ] && exit 0
  local program
  for program in mmdebstrap; do
    command -v "$program" >/dev/null && continue
    echo "$0: $program is missing: apt-get install $program" >&2
    exit 1
  done
}

# unpack ROOT PACKAGES: unpacks the packages (separated by commas) and all that they need, without their scripts.
unpack() {
  local options=(--variant=extract "--include=$2")
  [ -e "$keyring" ] && options+=("--keyring=$keyring")
  rm -rf "$1"
  mmdebstrap --quiet "${options[@]}" "$suite" "$1" "$mirror"
}

# starter ROOT PROGRAM FILE [LIBRARIES]: makes FILE, which runs the program of ROOT by ROOT's own dynamic linker.
starter() {
  local place binary libraries="$1/usr/lib/x86_64-linux-gnu"
  for place in lib/frr sbin bin; do
    binary="$1/usr/$place/$2"
    [ -x "$binary" ] && break
  done
  printf '#!/bin/sh\nexec %q --argv0 %q --library-path %q %q "$@"\n' \
    "$1/usr/lib64/ld-linux-x86-64.so.2" "$2" "$libraries/frr:$libraries" "$binary" >"$3"
  chmod 755 "$3"
}
