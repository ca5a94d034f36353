/** What may happen to a leaf's devices and tables while a bulk of routes is written to them, as commands of iproute2. */
import type { Fabric, Leaf, Segment } from '../../../lab/index.js';
import type { Random } from './random.js';

/** A remote host of the test. */
export interface Remote {
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Where something happens: a VNI of a leaf, and the remote hosts whose rows are there throughout. */
export interface Place {
  readonly fabric: Fabric;
  readonly leaf: Leaf;
  readonly at: Segment;
  readonly remotes: readonly Remote[];
  /** VTEPs that BUM traffic goes to. */
  readonly vteps: readonly string[];
  readonly random: Random;
}

export interface AmidBulkEvent {
  /** How often a hand removes the same rows, where it is no device that takes them along. */
  readonly byHand?: number;
  /** Where it can happen; everywhere when absent. */
  fits?(place: Place): boolean;
  /** Resolves with how often a hand removed the same rows, where only that tells. */
  happen(place: Place): Promise<unknown>;
}

const ip = ({ fabric, leaf }: Place, ...lines: string[]) =>
  fabric.apply(leaf.name, { ip: lines, bridge: [] });
const bridge = ({ fabric, leaf }: Place, ...lines: string[]) =>
  fabric.apply(leaf.name, { ip: [], bridge: lines });
/** Deletes what may go meanwhile. */
async function remove(
  { fabric, leaf }: Place,
  tool: 'ip' | 'bridge',
  lines: readonly string[],
): Promise<void> {
  const input = `${lines.join('\n')}\n`;
  await fabric.execWith(leaf.name, { input }, tool, '-force', '-batch', '-').catch(() => undefined);
}
const pause = ({ random }: Place) =>
  new Promise((resolve) => setTimeout(resolve, random.of([0, 0, 5, 30, 150])));
const some = ({ random, remotes }: Place): Remote[] => Array.from({ length: 20 }, () => random.of(remotes));
const octets = (random: Random, count: number) =>
  Array.from({ length: count }, () => random.below(256).toString(16).padStart(2, '0')).join(':');
/** What the SVI loses with its link. */
const addresses = ({ at }: Place) => [
  `addr replace ${at.sviAddress.ipv4}/24 dev ${at.svi}`,
  `addr replace ${at.sviAddress.ipv6}/64 dev ${at.svi} nodad`,
];

/** By what happens, in words. */
export const AMID_BULK: Readonly<Record<string, AmidBulkEvent>> = {
  'a port with a low MAC joins the bridge and leaves it': {
    async happen(place) {
      await ip(
        place,
        'link add qq type veth peer name qr',
        `link set qq address 00:00:01:${octets(place.random, 3)}`,
        'link set qq up',
        `link set qq master ${place.at.bridge}`,
      );
      await pause(place);
      await ip(place, 'link del qq');
    },
  },
  'the SVI gets another MAC': {
    // One bridge is to go on taking the lowest MAC of its ports
    fits: ({ at }) => !takesPortsMac(at),
    happen: (place) => ip(place, `link set ${place.at.svi} address 02:5a:${octets(place.random, 4)}`),
  },
  'the VXLAN device goes down and up': {
    async happen(place) {
      await ip(place, `link set ${place.at.vxlan} down`);
      await pause(place);
      await ip(place, `link set ${place.at.vxlan} up`);
    },
  },
  'the VXLAN device goes down and up in one breath': {
    happen: (place) => ip(place, `link set ${place.at.vxlan} down`, `link set ${place.at.vxlan} up`),
  },
  'the VXLAN device leaves the bridge and comes back': {
    async happen(place) {
      const { vxlan, bridge } = place.at;
      await ip(place, `link set ${vxlan} nomaster`);
      await pause(place);
      await ip(
        place,
        `link set ${vxlan} master ${bridge}`,
        `link set ${vxlan} type bridge_slave learning off neigh_suppress on`,
      );
    },
  },
  'the SVI goes down and up': {
    async happen(place) {
      await ip(place, `link set ${place.at.svi} down`);
      await pause(place);
      await ip(place, `link set ${place.at.svi} up`, ...addresses(place));
    },
  },
  'the SVI goes down and up in one breath': {
    happen: (place) =>
      ip(place, `link set ${place.at.svi} down`, `link set ${place.at.svi} up`, ...addresses(place)),
  },
  'the SVI loses its addresses and gets them back': {
    async happen(place) {
      await ip(place, `addr flush dev ${place.at.svi} scope global`);
      await pause(place);
      await ip(place, ...addresses(place));
    },
  },
  'a hand flushes the neighbors': {
    // It goes over the table again until nothing is left (iproute2 ip/ipneigh.c)
    byHand: 3,
    // As often as we are quicker
    async happen({ fabric, leaf, at }) {
      const flush = ['neigh', 'flush', 'dev', at.svi, 'nud', 'all'];
      for (let rounds = 0; ; rounds++) {
        const { code, stdout, stderr } = await fabric.attempt(leaf.name, 'ip', '-statistics', ...flush);
        rounds += stdout.match(/\*\*\* Round \d+/g)?.length ?? 0;
        if (code === 0 || /bailing out/.test(stdout + stderr)) return rounds;
        // A row that went by itself since it was read ends the round that it is in
        if (!/No such file/.test(stderr)) throw new Error(stderr);
      }
    },
  },
  'a hand removes neighbors': {
    byHand: 1,
    async happen(place) {
      const ips = some(place).flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
      await remove(
        place,
        'ip',
        ips.map((each) => `neigh del ${each} dev ${place.at.svi}`),
      );
    },
  },
  "a hand flushes the VXLAN device's rows": {
    byHand: 1,
    happen: (place) => bridge(place, `fdb flush dev ${place.at.vxlan} self`),
  },
  "a hand flushes the bridge's rows": {
    byHand: 1,
    happen: (place) => bridge(place, `fdb flush dev ${place.at.vxlan} master extern_learn`),
  },
  'a hand removes FDB rows and a default destination': {
    byHand: 1,
    async happen(place) {
      const { at, vteps, random } = place;
      await remove(place, 'bridge', [
        ...some(place).map(({ mac }) => `fdb del ${mac} dev ${at.vxlan} master`),
        ...some(place).map(({ mac }) => `fdb del ${mac} dev ${at.vxlan} self`),
        `fdb del 00:00:00:00:00:00 dev ${at.vxlan} dst ${random.of(vteps)} self`,
      ]);
    },
  },
};

/** The bridge has the lowest MAC of its ports, see `followPorts`. */
const takesPortsMac = ({ bridge }: Segment) => bridge === 'br10';

/** Makes the bridge of VLAN 10 anew: one that was given a MAC keeps it, whichever ports come (net/bridge/br_stp_if.c). */
export async function followPorts(fabric: Fabric, leaf: Leaf): Promise<void> {
  const at = leaf.segments.find(takesPortsMac);
  if (!at) return;
  const { bridge, vxlan, sviAddress } = at;
  const ports = fabric.plan.hosts.filter((host) => host.leaf === leaf.name && host.vlan === at.vlan);
  await fabric.apply(leaf.name, {
    ip: [
      `link del ${bridge}`,
      `link add ${bridge} type bridge mcast_snooping 0`,
      `link set ${bridge} mtu 1450 up`,
      ...[vxlan, ...ports.map(({ port }) => port)].map((port) => `link set ${port} master ${bridge}`),
      `link set ${vxlan} type bridge_slave learning off neigh_suppress on`,
      `addr add ${sviAddress.ipv4}/24 dev ${bridge}`,
      `addr add ${sviAddress.ipv6}/64 dev ${bridge} nodad`,
    ],
    bridge: [],
  });
}

/** A bridge that no VNI has, for `overrun`. */
export const idleBridge = (fabric: Fabric, leaf: string) =>
  fabric.apply(leaf, {
    ip: [
      'link add bq type bridge',
      'link add qs type veth peer name qt',
      'link set qs master bq',
      'link set qs up',
    ],
    bridge: [],
  });

/** More notifications than a small receive buffer holds. */
export async function overrun(fabric: Fabric, leaf: string): Promise<void> {
  const lines = Array.from({ length: 3_000 }, (_, i) => {
    const mac = `02:0f:0f:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`;
    return [`fdb replace ${mac} dev qs master static`, `fdb del ${mac} dev qs master`];
  });
  await fabric.apply(leaf, { ip: [], bridge: lines.flat() });
}
