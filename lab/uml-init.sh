#!/bin/sh
# Process 1 inside user-mode-linux, started by lab/uml.ts. The root it finds is the host's, through hostfs; a tmpfs is
# laid over it before anything is written, so that only the folders named in $EVPND_UML/shares reach the host.
# $EVPND_UML holds: shares, command (run by sh in the new root), and takes: stdout, stderr, code.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
root=/mnt/root
run=$EVPND_UML

finish() { echo "$1" >"$run/code"; sync; exec busybox poweroff -f; }
must() { "$@" || { echo "uml-init: $*: failed" >>"$run/stderr"; finish 125; }; }

must mount -t proc proc /proc
modules=/usr/lib/uml/modules/$(uname -r)
insmod "$modules/kernel/fs/overlayfs/overlay.ko" 2>/dev/null # built in, with some kernels
must mount -t tmpfs -o mode=755,size=80% tmpfs /mnt
mkdir /mnt/upper /mnt/work "$root"
must mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay "$root"

must mount -t proc proc "$root/proc"
must mount -t sysfs sysfs "$root/sys"
must mount -t devtmpfs devtmpfs "$root/dev"
mkdir -p "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
must mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/netns" "$root/run/lock" "$root/run/tmp" "$root/lib/modules/$(uname -r)"
chmod 1777 "$root/run/tmp"
must mount --bind "$modules" "$root/lib/modules/$(uname -r)"
while read -r folder; do
  mkdir -p "$root$folder"
  must mount --bind "$folder" "$root$folder"
done <"$run/shares"

hostname uml
ip link set lo up
# A script that fails for want of a module says so better than modprobe could.
chroot "$root" modprobe -qa ipv6 bridge 8021q vxlan veth vrf dummy
chroot "$root" /bin/sh "$run/command" </dev/null >>"$run/stdout" 2>>"$run/stderr"
finish $?
