/** The attacks, one by one: a name, and what hostile neighbors, tenants and clients do meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../lab/index.js';
import { type Arena, HOSTILE_PORTS, REST_PORT } from './arena.js';
import type { FloodName } from './hostile-frames.js';
import type { OnslaughtName } from './hostile-routes.js';

/** How much of it (0 to 1), and for how long at most, in milliseconds. */
export interface Strength {
  readonly share: number;
  readonly limit: number;
}

export interface Outcome {
  /** The leaf ended the hostile session. */
  readonly ended?: boolean;
}

export interface Attack {
  readonly name: string;
  readonly title: string;
  /** FRR can be told the same. */
  readonly alsoFrr?: boolean;
  /** Milliseconds after which it is broken off. */
  readonly limit: number;
  /** Figures without a goal: whatever the leaf does, they are the attack's. */
  readonly ungoaled?: readonly string[];
  /** What is to be there before the clock starts. */
  readonly prepare?: (arena: Arena) => Promise<void>;
  readonly run: (arena: Arena, strength: Strength) => Promise<Outcome>;
}

const LIMIT = 90_000;

const neighbor = (name: OnslaughtName, title: string): Attack => ({
  name: name.toLowerCase(),
  title,
  alsoFrr: true,
  limit: LIMIT,
  run: (arena, strength) => arena.attacker.call('attack', { name, ...strength }),
});

const tenant = (name: string, flood: FloodName, title: string): Attack => ({
  name,
  title,
  limit: LIMIT,
  run: async (arena, strength) => {
    await arena.tenant.call('flood', { name: flood, ports: HOSTILE_PORTS, ...strength });
    return {};
  },
});

const readers = (clients: number): Attack => ({
  name: `readers-${clients}`,
  title: `${clients} REST readers of the largest page while 100k routes come`,
  limit: 30_000,
  run: async (arena, strength) => {
    const reading = { clients, path: '/api/v1/routes?limit=1000', port: REST_PORT, limit: strength.limit };
    const [outcome] = await Promise.all([
      arena.attacker.call('attack', { name: 'table', ...strength }),
      arena.tenant.call('read', reading),
    ]);
    return outcome;
  },
});

/** A neighbor that takes nothing, and local hosts that would be told to it. */
const DEAF: Attack = {
  name: 'deaf',
  title: 'a neighbor that does not read while 50k local hosts come and go',
  limit: LIMIT,
  prepare: (arena) => arena.attacker.call('deafen', null),
  run: async (arena, { share }) => {
    const { vnis } = arena.place;
    await arena.tenant.call('hosts', { count: 50_000 * share, vnis, rounds: 4, pause: 1_500 });
    return {};
  },
};

/** Bridges that are deleted together: the kernel waits for each some 20 ms, in which nobody else may write anything. */
const DOOMED = 100;
const DOOMED_GROUP = '8';

/** Somebody in another namespace holds the kernel's lock (RTNL), for two seconds each time. */
const HELD: Attack = {
  name: 'held-lock',
  title: 'the devices of another namespace are deleted, 100 at a time',
  limit: LIMIT,
  ungoaled: ['routeP99Ms'],
  run: async ({ fabric }, { share }) => {
    const ip = Array.from(
      { length: DOOMED },
      (_, i) => `link add doomed${i} group ${DOOMED_GROUP} type bridge`,
    );
    const deletion = ['-n', fabric.namespace('spine1'), 'link', 'del', 'group', DOOMED_GROUP];
    for (let round = 0; round < 4 * share; round++) {
      await fabric.apply('spine1', { ip, bridge: [] });
      await run('ip', deletion, { timeout: LIMIT });
    }
    return {};
  },
};

const CALM: Attack = {
  name: 'none',
  title: 'nobody is hostile',
  alsoFrr: true,
  limit: LIMIT,
  run: async (_arena, { share }) => {
    await delay(10_000 * share);
    return {};
  },
};

export const ATTACKS: readonly Attack[] = [
  CALM,
  neighbor('mac1', 'one MAC with 30,000 IPs'),
  neighbor('ip1', 'one IP with 30,000 MACs'),
  neighbor('mac1rd', 'one MAC with 30,000 RDs'),
  neighbor('t1tag', 'one Ethernet segment with 30,000 tags'),
  neighbor('t3tag', 'one flood route with 30,000 tags'),
  neighbor('large', '10,000 routes with 60 kB of communities each'),
  neighbor('foreign', 'a million routes of a VNI that is not here'),
  neighbor('sequenced', '200,000 MACs with a sequence number come and go'),
  neighbor('extended', '200,000 routes in messages of 65,535 octets come and go'),
  neighbor('malformed', '200,000 UPDATEs that are malformed'),
  neighbor('ipMoves', '200 IPs withdrawn and announced by another MAC, again and again'),
  DEAF,
  HELD,
  readers(8),
  readers(20),
  readers(200),
  tenant('mac-flood', 'macs', '300,000 MACs from one port, 30,000 a second'),
  tenant('arp-flood', 'arp', '348,160 IPs by ARP from one port, 12,000 a second'),
  tenant('nd-flood', 'nd', '348,160 IPs by ND from one port, 12,000 a second'),
  tenant('port-flap', 'ports', '1,000 MACs go to and fro between two ports, 3,000 times a second'),
  tenant('ip-flap', 'ips', '1,000 IPs go to and fro between two MACs, 3,000 times a second'),
];
