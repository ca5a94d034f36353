/**
 * The Linux wing: the kernel's bridges, VXLAN devices, FDB rows and neighbors over rtnetlink.
 *
 * A route of the code: native.ts loads what native/ has; route-socket.ts makes netlink sockets of it; monitor.ts
 * follows notifications, echo-window.ts keeps those of our own bulk writing away, reader.ts reads whole tables and
 * rereads.ts decides when and which, and audits.ts which in quiet times, programmer.ts changes rows, by requests.ts on the spot or on a thread;
 * link-codec.ts, port-codec.ts, bridge-codec.ts (VLANs), address-codec.ts, tunnel-codec.ts (VNI filters) and
 * neigh-codec.ts read the messages; neigh-writer.ts and neigh-requests.ts write them, and kernel-tables/ those that change rows; link-table.ts keeps devices, topology.ts makes of them what a VNI is, own-
 * addresses.ts which addresses are the machine's own in it, checks.ts what is wrong with it; upkeep.ts sets ports where
 * that is wanted and asks for the underlay's MTU; teller.ts passes on what was received in the data plane's terms; kernel.ts ties all together as the `Kernel` of dataplane/. Beside it
 * stand fdb-dump.ts and route-scan.ts, which read what hardware took, snoop.ts, which hears ARP and ND on bridge ports (snoop-packet.ts knows the packets), devlink.ts (the switch
 * ASIC's name) and sd-notify.ts; and tcp-sockets.ts, which opens the sockets of BGP with the options that node:net does not
 * know, bfd-sockets.ts, which carries BFD, and nd-sockets.ts, which carries router advertisements.
 *
 * Follows include/uapi/linux/{rtnetlink,neighbor,if_link,if_bridge}.h and RFC 3549; RFC 826, RFC 5227 and RFC 4861 for
 * what hosts announce. Supports VLAN-unaware bridges,
 * VLAN-aware bridges with one VXLAN device a VNI, and the mapping of collect-metadata devices; kernels from 5.8 on, whose
 * bridges notify VLANs. Reads the VNI filters of such devices (kernels from 5.18 on). Does not read nexthop groups'
 * members, MDB entries or traffic control.
 */
export { UdpBfdTransport } from './bfd-sockets.js';
export type { CheckContext } from './checks.js';
export type { Asic } from './devlink.js';
export type { FdbVisitor } from './fdb-dump.js';
export { LinuxKernel, type LinuxKernelOptions, type LinuxKernelStats } from './kernel.js';
export { encodeOperation } from './kernel-tables/index.js';
export type { Link } from './link-codec.js';
export type { PortVlans, VniFilter } from './link-table.js';
export { type NativeModule, native, type RawSocket } from './native.js';
export { RawNdTransport } from './nd-sockets.js';
export { NEIGH_MESSAGE_MAX } from './neigh-writer.js';
export { requireRowPermission } from './permission.js';
export type { PortSettings } from './port-codec.js';
export { findRivals } from './rivals.js';
export { NetlinkError } from './route-socket.js';
export { sdNotify } from './sd-notify.js';
export { LinuxSnooper } from './snoop.js';
export { tcpSockets } from './tcp-sockets.js';
export { deriveTopology, type LinkTables, sameTopology } from './topology.js';
export { DEFAULT_POLICY, type KernelPolicy } from './upkeep.js';
export type { VxlanSettings } from './vxlan-codec.js';
