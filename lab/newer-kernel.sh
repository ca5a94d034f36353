#!/usr/bin/env bash
# Puts the kernel of Debian trixie (Linux 6.12) into a folder, for the machines of lab/qemu.ts.
#   lab/newer-kernel.sh [FOLDER]
# FOLDER (default /var/cache/evpnd-lab/kernel) gets kernel, modules/, initramfs.gz, and bin/ with the ip, bridge, tc and
# nft of the same Debian, which know what that kernel knows. Does nothing where it stands already. Needs busybox-static,
# kmod and zstd beside what lab/debian.sh needs; 300 MB.
set -eu
folder=${1:-/var/cache/evpnd-lab/kernel}
here=$(dirname "$0")
. "$here/debian.sh"

only_once "$folder" initramfs.gz
root=$folder/root
unpack "$root" linux-image-amd64,iproute2,nftables
version=$(ls "$root/usr/lib/modules")
depmod -b "$root/usr" "$version" 2>/dev/null || depmod -b "$root" "$version"
ln -sfn root/usr/lib/modules "$folder/modules"

# Unpacked by the host in no time, by an emulated CPU in seconds: what follows the first signature that gives an ELF file.
image=$root/boot/vmlinuz-$version
cp "$image" "$folder/kernel"
signatures() { LC_ALL=C grep -aboP "$1" "$image" | LC_ALL=C sed -n "s/^\([0-9]*\):.*/\1 $2/p"; }
while read -r offset unpacker; do
  tail -c "+$((offset + 1))" "$image" | "$unpacker" -dcq >"$folder/kernel.new" 2>/dev/null || true
  [ "$(head -c 4 "$folder/kernel.new" | tail -c 3)" = ELF ] && mv "$folder/kernel.new" "$folder/kernel" && break
done < <(signatures '\xfd7zXZ\x00' xz; signatures '\x28\xb5\x2f\xfd' zstd)
rm -f "$folder/kernel.new"

rm -rf "$folder/bin" "$folder/initramfs"
mkdir -p "$folder/bin" "$folder/initramfs/bin" "$folder/initramfs/modules"
for program in ip bridge tc nft; do starter "$root" "$program" "$folder/bin/$program"; done
"$folder/bin/ip" -V >/dev/null

cp /bin/busybox "$folder/initramfs/bin/busybox"
install -m 755 "$here/qemu-initramfs.sh" "$folder/initramfs/init"
number=10
for module in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
  while read -r action file _; do
    [ "$action" = insmod ] || continue
    name=$(basename "${file%.xz}")
    ls "$folder/initramfs/modules/"*"-$name" >/dev/null 2>&1 && continue
    number=$((number + 1))
    case $file in
      *.xz) xz -dc "$file" ;;
      *) cat "$file" ;;
    esac >"$folder/initramfs/modules/$number-$name"
  done < <(modprobe -d "$root/usr" -S "$version" --show-depends "$module")
done
(cd "$folder/initramfs" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$folder/initramfs.new"
mv "$folder/initramfs.new" "$folder/initramfs.gz"
