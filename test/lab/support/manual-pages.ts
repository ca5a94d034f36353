import { type Cable, hostSetup } from './manual-machine.js';

/** A run of a page of docs/manual: on which machines it is done. */
export interface PageRun {
  readonly page: string;
  /** The kind of its blocks, where the page has several. */
  readonly kind?: string;
  /** It needs a kernel with VLAN-aware bridges. */
  readonly kernel?: 'vlan-aware';
  /** It is a test of manual-frr.test.ts. */
  readonly lane?: 'frr';
  /** What is done before, of another page: its scripts and files, on these machines. */
  readonly after?: { readonly page: string; readonly kind: string; readonly nodes: readonly string[] };
  readonly cables: readonly Cable[];
  /** Scripts that set machines up which are not the reader's, such as hosts. */
  readonly prepared: Readonly<Record<string, string>>;
}

const HOSTS = { h1: hostSetup(11), h2: hostSetup(12) };
const PORTS: readonly Cable[] = [
  ['leaf1:eth1', 'h1:eth0'],
  ['leaf2:eth1', 'h2:eth0'],
];
const TWO_SERVERS = { cables: [['leaf1:eth0', 'leaf2:eth0'], ...PORTS] as readonly Cable[], prepared: HOSTS };
const TWO_SPINES = {
  cables: [
    ['leaf1:up1', 'spine1:swp1'],
    ['leaf1:up2', 'spine2:swp1'],
    ['leaf2:up1', 'spine1:swp2'],
    ['leaf2:up2', 'spine2:swp2'],
    ...PORTS,
  ] as readonly Cable[],
  prepared: HOSTS,
};

/** leaf1 of frr-spines.md before a daemon is there. */
const NUMBERED_LEAF1 = `
ip address add 10.0.0.1/32 dev lo
ip address add 10.1.1.1/31 dev up1
ip address add 10.2.1.1/31 dev up2
for device in up1 up2; do ip link set dev $device mtu 9000 up; done
ip link add br10010 type bridge
ip link add vx10010 type vxlan id 10010 local 10.0.0.1 dstport 4789 nolearning
ip link set dev vx10010 master br10010
bridge link set dev vx10010 learning off neigh_suppress on
ip link set dev eth1 master br10010
for device in br10010 vx10010 eth1; do ip link set dev $device up; done
`;

/** A node of a hypervisor, with what Proxmox has made of a vnet; its machines' taps are there, and in no bridge yet. */
const nodeSetup = (n: number) => `
ip address add 192.168.0.${n}/24 dev eth0
ip link set eth0 up
ip link add myvnet mtu 1450 type bridge
ip link add vxlan_myvnet mtu 1450 type vxlan id 100 local 192.168.0.${n} dstport 4789 nolearning
ip link set dev vxlan_myvnet master myvnet
bridge link set dev vxlan_myvnet learning off neigh_suppress on
for device in myvnet vxlan_myvnet; do ip link set dev $device up; done
`;

const HYPERVISORS = {
  cables: [
    ['pve1:eth0', 'pve2:eth0'],
    ['pve1:tap101i0', 'vm101:eth0'],
    ['pve2:tap101i0', 'vm101:eth1'],
    ['pve2:tap102i0', 'vm102:eth0'],
  ] as readonly Cable[],
  prepared: { pve1: nodeSetup(1), pve2: nodeSetup(2), vm101: hostSetup(101), vm102: hostSetup(102) },
};

/** All runs of all pages: a block of a page that none of them does is a fault (test/docs/manual.test.ts). */
export const PAGE_RUNS: readonly PageRun[] = [
  { page: 'docs/manual/quick-start.md', kind: 'bridge-per-vni', ...TWO_SERVERS },
  { page: 'docs/manual/quick-start.md', kind: 'vlan-aware', kernel: 'vlan-aware', ...TWO_SERVERS },
  { page: 'docs/manual/frr-spines.md', kind: 'numbered', lane: 'frr', ...TWO_SPINES },
  { page: 'docs/manual/frr-spines.md', kind: 'unnumbered', lane: 'frr', ...TWO_SPINES },
  {
    page: 'docs/manual/from-frr.md',
    lane: 'frr',
    ...TWO_SPINES,
    prepared: { ...HOSTS, leaf1: NUMBERED_LEAF1 },
    after: { page: 'docs/manual/frr-spines.md', kind: 'numbered', nodes: ['spine1', 'spine2', 'leaf2'] },
  },
  {
    page: 'docs/manual/concepts.md',
    ...TWO_SERVERS,
    after: { page: 'docs/manual/quick-start.md', kind: 'bridge-per-vni', nodes: ['leaf1', 'leaf2'] },
  },
  { page: 'docs/manual/hypervisors.md', ...HYPERVISORS },
  {
    page: 'docs/manual/troubleshooting.md',
    ...TWO_SPINES,
    after: {
      page: 'docs/manual/frr-spines.md',
      kind: 'numbered',
      nodes: ['spine1', 'spine2', 'leaf1', 'leaf2'],
    },
  },
];

/** What a run is called. */
export const nameOf = ({ page, kind }: PageRun) => (kind === undefined ? page : `${page}, ${kind}`);
