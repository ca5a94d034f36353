#!/usr/bin/env bash
# Puts the kernel of Debian 12 (Linux 6.1) and the module of lab/asic into a folder, for the machines of lab/asic.ts.
#   lab/asic-kernel.sh [FOLDER]
# FOLDER (default /var/cache/evpnd-lab/asic) gets kernel, modules/, initramfs.gz, rocker.ko (the driver of QEMU's switch), netdevsim.ko
# (which takes routes) and evpnd_asic.ko, which is built anew where its source is another. Needs gcc-12, make, busybox-static and kmod beside what lab/debian.sh needs; 750 MB.
set -eu
folder=${1:-/var/cache/evpnd-lab/asic}
here=$(dirname "$0")
. "$here/debian.sh"
suite=bookworm
root=$folder/root

build() {
  cmp -s "$here/asic/evpnd_asic.c" "$folder/module/evpnd_asic.c" && [ -e "$folder/evpnd_asic.ko" ] && return
  rm -rf "$folder/module" "$folder/evpnd_asic.ko"
  cp -r "$here/asic" "$folder/module"
  make -s -C "$root/usr/src/linux-headers-$1" "M=$folder/module" modules 2>"$folder/module/errors" || { cat "$folder/module/errors" >&2; exit 1; }
  strip -d -o "$folder/evpnd_asic.ko" "$folder/module/evpnd_asic.ko"
}

# driver FOLDER SETTING: builds a driver of the kernel's source.
driver() {
  local name
  name=$(basename "$1")
  make -s -C "$root/usr/src/linux-headers-$version" "M=$folder/$1" "$2" modules 2>/dev/null
  strip -d -o "$folder/$name.new" "$folder/$1/$name.ko"
  mv "$folder/$name.new" "$folder/$name.ko"
}

mkdir -p "$folder"
for program in gcc-12 make; do
  command -v "$program" >/dev/null || { echo "$0: $program is missing: apt-get install $program" >&2; exit 1; }
done
(
  only_once "$folder" netdevsim.ko
  unpack "$root" linux-image-amd64,linux-headers-amd64,linux-source-6.1
  version=$(ls "$root/lib/modules")
  depmod -b "$root" "$version"
  ln -sfn root/lib/modules "$folder/modules"
  # The headers name each other by absolute paths
  sed -i "s,/usr/src/,$root/usr/src/,g" "$root/usr/src/linux-headers-$version/Makefile"
  machine_kernel "$root/boot/vmlinuz-$version" "$folder"
  machine_initramfs "$root" "$version" "$folder"
  # Debian's kernel has neither driver
  net=linux-source-6.1/drivers/net
  tar -xJf "$root/usr/src/linux-source-6.1.tar.xz" -C "$folder" "$net/ethernet/rocker" "$net/netdevsim"
  rm "$root/usr/src/linux-source-6.1.tar.xz"
  driver "$net/ethernet/rocker" CONFIG_ROCKER=m
  driver "$net/netdevsim" CONFIG_NETDEVSIM=m
)
exec 8>"$folder/build-lock"
flock 8
build "$(ls "$folder/modules/")"
