#!/bin/busybox sh
# Process 1 inside QEMU: loads what it takes to reach the host's root over 9p, read-only at /host and to be written to at
# /shared, and goes on as every machine does. The kernel passes the EVPND_ words of its command line as environment.
/bin/busybox mkdir -p /proc /sys /dev /mnt /host /shared
/bin/busybox --install -s /bin
export PATH=/bin
for module in /modules/*.ko; do insmod "$module"; done
over='trans=virtio,version=9p2000.L,msize=512000'
mount -t 9p -o "$over,ro,cache=loose" host /host || poweroff -f
mount -t 9p -o "$over,cache=none" shared /shared || poweroff -f
export EVPND_HOST=/shared EVPND_LOWER=/host
. "/shared$EVPND_RUN/init"
