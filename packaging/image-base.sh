#!/usr/bin/env bash
# Puts what evpnd's image needs of Debian 13 into a folder: a shell, coreutils, iproute2 for those who look into a container,
# and the libraries that Node and the addon are linked with. Does nothing where it stands already. 80 MB.
#   packaging/image-base.sh FOLDER ARCH    FOLDER gets root/, ARCH is Debian's name of the processor
set -eu
folder=$1
architecture=$2
. "$(dirname "$0")/../lab/debian.sh"

packages=base-files,dash,coreutils,iproute2,libc6,libstdc++6,libatomic1
ready=ready-$(printf %s "$suite $architecture $packages" | cksum | cut -d ' ' -f 1)
only_once "$folder" "$ready"
unpack "$folder/root" "$packages"
touch "$folder/$ready"
