#!/bin/sh
# Brings up a machine of lab/machine.ts: process 1 of user-mode-linux, or what the initramfs of QEMU goes on with. A tmpfs
# is laid over the root before anything is written, so that only what $EVPND_RUN/shares names reaches the host.
#   EVPND_RUN      the machine's folder, as the host names it: shares, command (run by sh in the new root), and for what
#                  comes back stdout, stderr, code
#   EVPND_MODULES  the folder that holds the kernel's modules, as the host names it
#   EVPND_LOWER    where the root is found; / when absent
#   EVPND_HOST     where the host's root is found to be written to; / when absent
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
root=/mnt/root
host=${EVPND_HOST:-}
run=$host$EVPND_RUN

finish() { echo "$1" >"$run/code"; sync; exec busybox poweroff -f; }
must() { "$@" || { echo "machine-init: $*: failed" >>"$run/stderr"; finish 125; }; }

must mount -t proc proc /proc
modules=$host$EVPND_MODULES/$(uname -r)
insmod "$modules/kernel/fs/overlayfs/overlay.ko" 2>/dev/null # built in, or there already, with some kernels
must mount -t tmpfs -o mode=755,size=80% tmpfs /mnt
mkdir /mnt/upper /mnt/work "$root"
must mount -t overlay -o "lowerdir=${EVPND_LOWER:-/},upperdir=/mnt/upper,workdir=/mnt/work" overlay "$root"

must mount -t proc proc "$root/proc"
must mount -t sysfs sysfs "$root/sys"
must mount -t devtmpfs devtmpfs "$root/dev"
mkdir -p "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
must mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
must mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/netns" "$root/run/lock" "$root/run/tmp" "$root/lib/modules/$(uname -r)"
chmod 1777 "$root/run/tmp"
must mount --bind "$modules" "$root/lib/modules/$(uname -r)"
while read -r shared; do
  if [ -d "$host$shared" ]; then mkdir -p "$root$shared"; else mkdir -p "${root}${shared%/*}" && : >"$root$shared"; fi
  must mount --bind "$host$shared" "$root$shared"
done <"$run/shares"

hostname lab
ip link set lo up 2>/dev/null || ifconfig lo up
# A script that fails for want of a module says so better than modprobe could.
chroot "$root" modprobe -qa ipv6 bridge 8021q vxlan veth vrf dummy bonding

chroot "$root" /bin/sh "$EVPND_RUN/command" </dev/null >>"$run/stdout" 2>>"$run/stderr"
finish $?
