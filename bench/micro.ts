/** Micro-benchmarks: one hot path each, alone in one process, in operations a second. */
import { Rib, selectBest } from '../src/bgp/index.js';
import {
  DataPlane,
  EMPTY_TOPOLOGY,
  type Kernel,
  type Operation,
  type OperationResult,
  type Topology,
  type VniAttachment,
} from '../src/dataplane/index.js';
import { watchHosts } from '../src/hosts/index.js';
import { encodeOperation } from '../src/linux/kernel-tables/index.js';
import { allocateMessages } from '../src/linux/message.js';
import { decodeNeigh, newNeighMessage } from '../src/linux/neigh-codec.js';
import { parseIp, systemClock, toVni } from '../src/types/index.js';
import { UpdateDecoder, UpdateEncoder } from '../src/wire/index.js';
import { bodiesOf, decoderThatKnows, type ReachPlace } from './attribute-sets.js';
import { median } from './measure.js';
import { now } from './rpc.js';
import { attributesAt, macAt, macRouteAt, type Routes, SPINE_ASN, vtepAt } from './workload.js';

const N = 100_000;
const ROUTES: Routes = { count: N, vnis: 100, withIp: false };
const HEADER = 19;
const CONTEXT = { fourOctetAs: true, internal: false };

interface Micro {
  readonly name: string;
  /** Prepares anew before each round; what it returns does `N` operations and is timed. */
  prepare(): () => void | Promise<void>;
}

const encoder = new UpdateEncoder({
  fourOctetAs: true,
  internal: false,
  localAsn: SPINE_ASN,
  maxMessageLength: 4096,
});
const nlri = Array.from({ length: N }, (_, i) => macRouteAt(ROUTES, i, 0));
const again = Array.from({ length: N }, (_, i) => macRouteAt(ROUTES, i, 1));
const sets = Array.from({ length: 2 }, (_, vtep) => attributesAt(0, vtep, 0));
const packed = encoder.announce(sets[0], nlri).map((message) => message.subarray(HEADER));
const single = nlri.map((route) => encoder.announce(sets[0], [route])[0].subarray(HEADER));

function decodeAll(bodies: readonly Buffer[]): () => void {
  return () => {
    const decoder = new UpdateDecoder();
    for (const body of bodies) decoder.decode(body, CONTEXT);
  };
}

const source = (n: number) => ({ neighbor: `10.1.${n}.0`, routerId: n, internal: false });

function updatesOf(vtep: number) {
  const decoder = new UpdateDecoder();
  const routes = vtep === 0 ? nlri : again;
  return encoder
    .announce(sets[vtep], routes)
    .map((message) => decoder.decode(message.subarray(HEADER), CONTEXT));
}

const operations: Operation[] = nlri.map(({ mac }) => ({
  table: 'vxlan',
  verb: 'add',
  ifindex: 7,
  srcVni: 0,
  mac,
  dst: vtepAt(0),
}));
const messages = allocateMessages(N * 64);

function encodeAll(): number {
  let word = 0;
  for (let i = 0; i < N; i++) word = encodeOperation(messages.words, word, operations[i], i, 0);
  return word << 2;
}

const VNI = toVni(10);
const ATTACHMENT: VniAttachment = {
  vni: VNI,
  vxlanIfindex: 7,
  vxlanName: 'vx',
  bridgeIfindex: 6,
  bridgeName: 'br',
  vlanAware: false,
  vlan: 0,
  sviIfindex: 0,
  sviName: '',
  sviMac: undefined,
  localVtep: parseIp('10.0.0.1'),
  multicastGroup: undefined,
  collectMetadata: false,
  isFlooded: true,
  up: true,
};

/** A kernel that takes everything and tells nothing. */
class WillingKernel implements Kernel {
  async start(observer: Parameters<Kernel['start']>[0]): Promise<void> {
    const topology: Topology = {
      ...EMPTY_TOPOLOGY,
      vnis: new Map([[VNI, ATTACHMENT]]),
      ports: new Map([[7, { role: 'vxlan', bridgeIfindex: 6, name: 'vx', pvid: 0, pvidUntagged: false }]]),
      interfaces: new Map([6, 7].map((ifindex) => [ifindex, { name: '', running: true, addresses: [] }])),
    };
    observer.topology(topology);
  }
  drain(): boolean {
    return true;
  }
  hear(): boolean {
    return true;
  }
  launch(): boolean {
    return false;
  }
  apply(batch: readonly Operation[]): OperationResult[] {
    return batch.map(() => ({ errno: 0, message: undefined }));
  }
  followTables(): Promise<void> {
    return Promise.resolve();
  }
  caughtUp(): Promise<void> {
    return Promise.resolve();
  }
  ask(): void {}
  close(): void {}
}

const SILENT_LOG = { debug() {}, info() {}, warn() {}, error() {} };

/** UPDATEs of one route each whose attribute sets come in turn, all of them known. */
const setsInTurn = (sets: number, reach: ReachPlace): Micro => ({
  name: `UPDATE decode, ${sets} sets, MP_REACH ${reach}: routes`,
  prepare: () => {
    const bodies = bodiesOf(N, sets, reach);
    const decoder = decoderThatKnows(bodies);
    return () => {
      for (const body of bodies) decoder.decode(body, CONTEXT);
    };
  },
});
const SETS = [400, 1_600, 10_000, 50_000];

export const MICROS: readonly Micro[] = [
  { name: 'UPDATE decode, packed: routes', prepare: () => decodeAll(packed) },
  { name: 'UPDATE decode, one route each: routes', prepare: () => decodeAll(single) },
  ...SETS.flatMap((sets) => [setsInTurn(sets, 'first'), setsInTurn(sets, 'last')]),
  {
    name: 'RIB, first path: routes',
    prepare: () => {
      const rib = new Rib(systemClock, { asn: 65001, routerId: 1 });
      const updates = updatesOf(0);
      return () => {
        for (const update of updates) rib.update(source(1), update);
      };
    },
  },
  {
    name: 'best path of two',
    prepare: () => {
      const [first, second] = [0, 1].map((vtep) => {
        const update = updatesOf(vtep)[0];
        if (!update.attributes) throw new Error('no attributes');
        return {
          source: source(vtep),
          attributes: update.attributes,
          nlri: update.reachable[0],
          receivedAt: 0,
          stale: false,
        };
      });
      return () => {
        for (let i = 0; i < N; i++) selectBest([first, second]);
      };
    },
  },
  { name: 'netlink encode: rows', prepare: () => () => void encodeAll() },
  {
    name: 'netlink parse: rows',
    prepare: () => {
      const end = encodeAll();
      const row = newNeighMessage();
      return () => {
        for (let at = 0; at < end; at += messages.words[at >> 2])
          decodeNeigh(messages, at, at + messages.words[at >> 2], row);
      };
    },
  },
  {
    name: 'reconcile, all new: MACs',
    prepare: () => {
      const dataPlane = new DataPlane(new WillingKernel(), systemClock, SILENT_LOG, { hosts: watchHosts() });
      return async () => {
        await dataPlane.start({
          topologyChanged() {},
          localMacChanged() {},
          localNeighChanged() {},
          intruderHeard() {},
        });
        dataPlane.serve(VNI);
        for (let i = 0; i < N; i++) dataPlane.setMac(VNI, macAt(i), vtepAt(0), false, 0);
        await dataPlane.reconciler.idle();
        dataPlane.close();
      };
    },
  },
];

const ROUNDS = 7;

/**
 * Runs each and gives thousands a second by name, a record a round; the first, which warms up, is left out. Says median,
 * minimum and maximum.
 */
export async function runMicros(say: (line: string) => void): Promise<readonly Record<string, number>[]> {
  const rounds: Record<string, number>[] = Array.from({ length: ROUNDS }, () => ({}));
  for (const { name, prepare } of MICROS) {
    for (let round = -1; round < ROUNDS; round++) {
      const work = prepare();
      const started = now();
      await work();
      if (round >= 0) rounds[round][name] = N / (now() - started);
    }
    const rates = rounds.map((round) => round[name]);
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    say(
      `  ${name.padEnd(40)} ${median(rates).toFixed(0).padStart(7)} k/s  [${least.toFixed(0)}–${most.toFixed(0)}]`,
    );
  }
  return rounds;
}
