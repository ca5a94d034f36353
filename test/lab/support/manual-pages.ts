import { type Cable, hostSetup } from './manual-machine.js';

/** A run of a page of docs/manual: on which machines it is done. */
export interface PageRun {
  readonly page: string;
  /** The kind of its blocks, where the page has several. */
  readonly kind?: string;
  /** It needs a kernel with VLAN-aware bridges. */
  readonly vlanAware?: boolean;
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

/** All runs of all pages: a block of a page that none of them does is a fault (test/docs/manual.test.ts). */
export const PAGE_RUNS: readonly PageRun[] = [
  { page: 'docs/manual/quick-start.md', kind: 'bridge-per-vni', ...TWO_SERVERS },
  { page: 'docs/manual/quick-start.md', kind: 'vlan-aware', vlanAware: true, ...TWO_SERVERS },
  { page: 'docs/manual/frr-spines.md', kind: 'numbered', ...TWO_SPINES },
  { page: 'docs/manual/frr-spines.md', kind: 'unnumbered', ...TWO_SPINES },
];

/** What a run is called. */
export const nameOf = ({ page, kind }: PageRun) => (kind === undefined ? page : `${page}, ${kind}`);
