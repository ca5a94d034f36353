/**
 * The synthetic spine: a lean BGP speaker that sends UPDATEs encoded beforehand. The leaf connects to it, to each of its
 * addresses: every address is a neighbor of the leaf's, and the first is the one that a benchmark of one spine means.
 */

import { UpdateEncoder } from '../src/wire/index.js';
import { listenAt } from './listen.js';
import { paced, Trickle } from './paced.js';
import { now, serve } from './rpc.js';
import { SpineSession } from './spine-session.js';
import { unicastEncoder, unicastUpdates } from './unicast-workload.js';
import { tableUpdates } from './updates.js';
import { type VrfRoutes, vrfUpdates } from './vrf-workload.js';
import {
  attributesAt,
  firstOf,
  imetAt,
  indexes,
  macRouteAt,
  type Routes,
  SPINE_ASN,
  type Spread,
  vniIndexOf,
  vtepIndexOf,
  vtepsOf,
} from './workload.js';

const CHUNK = 256 * 1024;
const encoder = new UpdateEncoder({
  fourOctetAs: true,
  internal: false,
  localAsn: SPINE_ASN,
  maxMessageLength: 4096,
});

let sessions: SpineSession[] = [];
let trickle: Trickle | undefined;
let waiters: { done: () => boolean; wake: () => void }[] = [];

function heard(): void {
  if (waiters.length === 0) return;
  const ready = waiters.filter(({ done }) => done());
  waiters = waiters.filter((waiter) => !ready.includes(waiter));
  for (const { wake } of ready) wake();
}

function waitFor(what: string, done: () => boolean, timeout: number): Promise<void> {
  if (done()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const { held, imets } = first();
      const up = sessions.filter(({ established }) => established).length;
      reject(
        new Error(`no ${what} within ${timeout} ms (${up} sessions, ${held.size} MACs, ${imets} Type-3)`),
      );
    }, timeout);
    waiters.push({
      done,
      wake: () => {
        clearTimeout(timer);
        resolve();
      },
    });
  });
}

function first(): SpineSession {
  if (sessions.length === 0) throw new Error('the spine does not listen');
  return sessions[0];
}

/** Sessions by number, `from` up to but without `to`; the first alone where nothing is said. */
interface Which {
  readonly from?: number;
  readonly to?: number;
}
const which = ({ from = 0, to = from + 1 }: Which): SpineSession[] => sessions.slice(from, to);

const prepared = new Map<string, Buffer[]>();

/** Joins messages into pieces that one write takes. */
function pieces(all: readonly Buffer[]): Buffer[] {
  const out: Buffer[] = [];
  let from = 0;
  let size = 0;
  for (let i = 0; i < all.length; i++) {
    size += all[i].length;
    if (size < CHUNK && i < all.length - 1) continue;
    out.push(Buffer.concat(all.slice(from, i + 1)));
    from = i + 1;
    size = 0;
  }
  return out;
}

function remember(name: string, messages: readonly Buffer[]): { messages: number; octets: number } {
  const joined = pieces(messages);
  prepared.set(name, joined);
  return { messages: messages.length, octets: joined.reduce((sum, { length }) => sum + length, 0) };
}

export const handlers = {
  /** Listens on the addresses that the leaf connects to. */
  async listen({
    addresses,
    keepalive,
    unicast,
  }: {
    addresses: readonly string[];
    keepalive: number;
    unicast: boolean;
  }): Promise<void> {
    sessions = addresses.map((address) => new SpineSession(address, keepalive, heard, { unicast }));
    await Promise.all(sessions.map(listenAt));
  },
  /** Resolves when the leaf has announced so many Type-3 routes in every session. */
  async up({ vnis, timeout }: { vnis: number; timeout: number }): Promise<void> {
    const isUp = ({ established, imets }: SpineSession) => established && imets >= vnis;
    await waitFor('session with all Type-3 routes', () => sessions.every(isUp), timeout);
  },
  /** Encodes what each session says of the first `count` unicast prefixes. */
  prepareUnicast({ count, verb }: { count: number; verb: 'announce' | 'withdraw' }): void {
    for (const { address } of sessions) remember(`${verb} ${address}`, unicastUpdates(count, address, verb));
  },
  /** Sends it in these sessions at once; when the first octet and the last left this process. */
  async streamUnicast({ verb, ...chosen }: { verb: 'announce' | 'withdraw' } & Which): Promise<{
    started: number;
    written: number;
  }> {
    const started = now();
    await Promise.all(
      which(chosen).map((session) =>
        session.write([...(prepared.get(`${verb} ${session.address}`) ?? []), unicastEncoder().endOfRib()]),
      ),
    );
    return { started, written: now() };
  },
  /** Encodes routes of VRFs under a name. */
  prepareVrfs(order: { name: string; routes: VrfRoutes; verb: 'announce' | 'withdraw' }): void {
    remember(order.name, vrfUpdates(encoder, order.routes, order.verb));
  },
  endOfRib(_: null): void {
    for (const session of sessions) session.socket.write(encoder.endOfRib());
  },
  /** Encodes the Type-3 routes of the remote VTEPs. */
  prepareVteps({ name, vnis, spread }: { name: string; vnis: number; spread: Spread }): {
    messages: number;
    octets: number;
  } {
    const buffers: Buffer[] = [];
    for (let vni = 0; vni < vnis; vni++)
      for (const vtep of vtepsOf(spread, vni))
        buffers.push(...encoder.announce(attributesAt(vni, vtep, 0, true), [imetAt(vni, vtep)]));
    return remember(name, buffers);
  },
  /** Encodes UPDATEs under a name; `packed` puts as many routes as fit into each, else one. */
  prepare(order: { name: string; routes: Routes; packed: boolean; verb: 'announce' | 'withdraw' }): {
    messages: number;
    octets: number;
  } {
    const { name, routes, packed, verb } = order;
    return remember(name, tableUpdates(encoder, routes, packed, verb));
  },
  /** Sends what was prepared, in all these sessions at once; `written` is when the last octet left this process. */
  async stream({ name, ...sessions }: { name: string } & Which): Promise<{
    started: number;
    written: number;
  }> {
    const buffers = prepared.get(name);
    if (!buffers) throw new Error(`nothing prepared as ${name}`);
    const started = now();
    await Promise.all(which(sessions).map((session) => session.write(buffers)));
    return { started, written: now() };
  },
  /**
   * Writes what was prepared under these names, and End-of-RIB, as soon as the first session is up, though the leaf has
   * not said anything of its own yet.
   */
  async streamWhenUp({ names, timeout }: { names: readonly string[]; timeout: number }): Promise<void> {
    await waitFor('session', () => first().established, timeout);
    const buffers = names.flatMap((name) => prepared.get(name) ?? []);
    await first().write([...buffers, encoder.endOfRib()]);
  },
  /** Moves the first `count` of the routes to the other VTEP, `rate` a second; when each UPDATE was written. */
  async moves({
    routes,
    count,
    rate,
  }: {
    routes: Routes;
    count: number;
    rate: number;
  }): Promise<Float64Array> {
    const updates: Buffer[] = [];
    for (const i of firstOf(routes, count)) {
      // The new leaf speaks first, then the old one lets go, as leaves do
      const attributes = attributesAt(vniIndexOf(routes, i), 1, 1);
      updates.push(
        Buffer.concat([
          ...encoder.announce(attributes, [macRouteAt(routes, i, 1)]),
          ...encoder.withdraw([macRouteAt(routes, i, 0)]),
        ]),
      );
    }
    const peer = first().socket;
    return paced(rate, updates.length, (n) => peer.write(updates[n]));
  },
  /** Announces one of the routes each `every` milliseconds from now on, until `trickled` or until they are at an end. */
  trickle({ routes, every }: { routes: Routes; every: number }): void {
    const updates = [...indexes(routes)].map((i) => {
      const vtep = vtepIndexOf(routes, i, 0);
      return Buffer.concat(
        encoder.announce(attributesAt(vniIndexOf(routes, i), vtep, 0), [macRouteAt(routes, i, vtep)]),
      );
    });
    const peer = first().socket;
    trickle = new Trickle(every, updates.length, (n) => peer.write(updates[n]));
  },
  /** Ends it; when each UPDATE was written, in the order of the routes. */
  trickled(_: null): Float64Array {
    return trickle?.end() ?? new Float64Array(0);
  },
  /** How often a session ended. */
  ends(_: null): number {
    return sessions.reduce((sum, { ends }) => sum + ends, 0);
  },
  /** Resolves with the time when the leaf announces exactly so many MACs. */
  async holds({ macs, timeout }: { macs: number; timeout: number }): Promise<number> {
    const session = first();
    await waitFor(`${macs} MACs`, () => session.held.size === macs, timeout);
    return session.lastChange;
  },
  forgetArrivals(_: null): void {
    first().arrivals = new Map();
  },
  /** The MACs that the leaf announces, for comparing. */
  held(_: null): Float64Array {
    return Float64Array.from(first().held);
  },
  /** When the last UPDATE about each MAC came. */
  arrivals(_: null): Map<number, number> {
    return first().arrivals;
  },
  /** Cuts these sessions without a word, the first where none is said. */
  cut(chosen: Which | null): number {
    const at = now();
    for (const session of which(chosen ?? {})) session.cut();
    return at;
  },
  forgetSilence(_: null): void {
    for (const session of sessions) session.forgetSilence();
  },
  /** The longest time without a word of the leaf in any session since `forgetSilence`, in milliseconds. */
  longestSilence(_: null): number {
    return Math.max(...sessions.map((session) => session.longestSilence));
  },
};

serve(handlers);
