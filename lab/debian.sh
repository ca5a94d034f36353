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

# unpack ROOT PACKAGES: unpacks the packages (separated by commas) and all that they need, without their scripts. For the machine's
# processor, or for $architecture.
unpack() {
  local options=(--variant=extract "--include=$2")
  [ -e "$keyring" ] && options+=("--keyring=$keyring")
  [ -n "${architecture:-}" ] && options+=("--architectures=$architecture")
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

# machine_kernel IMAGE FOLDER: lays the kernel of a Debian package into FOLDER/kernel, for machines of lab/qemu.ts.
# Unpacked by the host in no time, by an emulated CPU in seconds: what follows the first signature that gives an ELF file.
machine_kernel() {
  local offset unpacker
  cp "$1" "$2/kernel"
  while read -r offset unpacker; do
    tail -c "+$((offset + 1))" "$1" | "$unpacker" -dcq >"$2/kernel.new" 2>/dev/null || true
    [ "$(head -c 4 "$2/kernel.new" | tail -c 3)" = ELF ] && mv "$2/kernel.new" "$2/kernel" && break
  done < <(signatures "$1" '\xfd7zXZ\x00' xz; signatures "$1" '\x28\xb5\x2f\xfd' zstd)
  rm -f "$2/kernel.new"
}
signatures() { LC_ALL=C grep -aboP "$2" "$1" | LC_ALL=C sed -n "s/^\([0-9]*\):.*/\1 $3/p"; }

# machine_initramfs BASE VERSION FOLDER: makes FOLDER/initramfs.gz of the modules in BASE/lib/modules/VERSION, and is last.
machine_initramfs() {
  local initramfs="$3/initramfs" number=10 module action file name
  rm -rf "$initramfs"
  mkdir -p "$initramfs/bin" "$initramfs/modules"
  cp /bin/busybox "$initramfs/bin/busybox"
  install -m 755 "$(dirname "$0")/qemu-initramfs.sh" "$initramfs/init"
  for module in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
    while read -r action file _; do
      [ "$action" = insmod ] || continue
      name=$(basename "${file%.xz}")
      ls "$initramfs/modules/"*"-$name" >/dev/null 2>&1 && continue
      number=$((number + 1))
      case $file in
        *.xz) xz -dc "$file" ;;
        *) cat "$file" ;;
      esac >"$initramfs/modules/$number-$name"
    done < <(modprobe -d "$1" -S "$2" --show-depends "$module")
  done
  (cd "$initramfs" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$3/initramfs.new"
  mv "$3/initramfs.new" "$3/initramfs.gz"
}
