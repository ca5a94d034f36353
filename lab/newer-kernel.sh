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

machine_kernel "$root/boot/vmlinuz-$version" "$folder"

rm -rf "$folder/bin"
mkdir -p "$folder/bin"
for program in ip bridge tc nft; do starter "$root" "$program" "$folder/bin/$program"; done
"$folder/bin/ip" -V >/dev/null

machine_initramfs "$root/usr" "$version" "$folder"
