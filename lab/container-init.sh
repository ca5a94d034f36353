#!/bin/sh
# Boots a Debian beside this machine's own system, on its kernel, in namespaces of its own: what lab/container.ts runs. A tmpfs is laid over
# the root before anything is written, so that only what $EVPND_RUN/shares names reaches the host.
#   EVPND_RUN      the folder of lab/machine.ts: shares, command (run by sh in the new root), and for what comes back stdout,
#                  stderr, code
#   EVPND_LOWER    the folders that make the root
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
machine=$EVPND_RUN/machine
root=$machine/root

if [ "${1:-}" != inside ]; then
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs "$machine"
  mkdir "$machine/upper" "$machine/work" "$root" "$machine/cgroup"
  mount -t overlay -o "lowerdir=$EVPND_LOWER,upperdir=$machine/upper,workdir=$machine/work" overlay "$root"
  # systemd may make groups below one of ours alone; what one that was killed has left is empty and old
  mount -t cgroup2 cgroup2 "$machine/cgroup"
  mkdir -p "$machine/cgroup/evpnd-lab"
  find "$machine/cgroup/evpnd-lab" -mindepth 1 -depth -type d -mmin +60 -exec rmdir {} + 2>/dev/null || true
  mkdir "$machine/cgroup/evpnd-lab/$$"
  # In a subshell: who is in a group cannot remove it
  (
    sh -c 'echo $PPID' >"$machine/cgroup/evpnd-lab/$$/cgroup.procs"
    exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child sh "$0" inside
  ) || true
  find "$machine/cgroup/evpnd-lab/$$" -depth -type d -exec rmdir {} + || true
  exit 0
fi

hostname lab
ip link set lo up
umount "$machine/cgroup"
mount -t proc proc "$root/proc"
# Of the kernel's settings those of its own network alone are its to change
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t proc proc /mnt && mount --bind /mnt/sys/net "$root/proc/sys/net" && umount -l /mnt
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/netns" "$root/run/lock" "$root/run/tmp"
chmod 1777 "$root/run/tmp"
while read -r shared; do
  mkdir -p "$root$shared"
  mount --bind "$shared" "$root$shared"
done <"$EVPND_RUN/shares"

# It begins once all else has started
units=$root/etc/systemd/system
mkdir -p "$units/multi-user.target.wants"
cat >"$units/evpnd-lab.service" <<UNIT
[Unit]
Description=The command of the lab
[Service]
Type=idle
ExecStart=/bin/sh $EVPND_RUN/command
ExecStopPost=/bin/sh -c 'echo \$\${EXIT_STATUS:-125} >$EVPND_RUN/code; systemctl poweroff -ff'
StandardOutput=append:$EVPND_RUN/stdout
StandardError=append:$EVPND_RUN/stderr
UNIT
ln -s ../evpnd-lab.service "$units/multi-user.target.wants/evpnd-lab.service"
cd "$root"
pivot_root . .
umount -l .
exec env -i PATH="$PATH" container=evpnd-lab /sbin/init
