/**
 * The synthetic spine: a lean BGP speaker that sends UPDATEs encoded beforehand. The leaf connects to it, to each of its
 * addresses: every address is a neighbour of the leaf's, and the first is the one that a benchmark of one spine means.
 */
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { UpdateEncoder } from '../src/wire/index.js';
import { now, serve } from './rpc.js';
import { SpineSession } from './spine-session.js';
import {
  attributesAt,
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

let server: Server | undefined;
let sessions: SpineSession[] = [];
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
  /** Listens on all addresses of the namespace; `addresses` are those that the leaf connects to. */
  async listen({ addresses, keepalive }: { addresses: readonly string[]; keepalive: number }): Promise<void> {
    sessions = addresses.map((address) => new SpineSession(address, keepalive, heard));
    server = createServer((peer) => {
      const session = sessions.find(({ address }) => address === peer.localAddress);
      if (session) session.accept(peer);
      else peer.destroy();
    });
    await new Promise<void>((resolve) => server?.listen(179, '0.0.0.0', resolve));
  },
  /** Resolves when the leaf has announced so many Type-3 routes in every session. */
  async up({ vnis, timeout }: { vnis: number; timeout: number }): Promise<void> {
    const isUp = ({ established, imets }: SpineSession) => established && imets >= vnis;
    await waitFor('session with all Type-3 routes', () => sessions.every(isUp), timeout);
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
    const { routes, packed, verb } = order;
    const buffers: Buffer[] = [];
    let group: ReturnType<typeof macRouteAt>[] = [];
    let vni = -1;
    let vtep = -1;
    let attributes: ReturnType<typeof attributesAt> | undefined;
    const flush = () => {
      if (group.length > 0 && attributes)
        for (const message of verb === 'announce'
          ? encoder.announce(attributes, group)
          : encoder.withdraw(group))
          buffers.push(message);
      group = [];
    };
    for (const i of indexes(routes)) {
      const [itsVni, itsVtep] = [vniIndexOf(routes, i), vtepIndexOf(routes, i, 0)];
      if (itsVni !== vni || itsVtep !== vtep) {
        flush();
        [vni, vtep] = [itsVni, itsVtep];
        attributes = attributesAt(vni, vtep, 0);
      }
      group.push(macRouteAt(routes, i, vtep));
      if (!packed) flush();
    }
    flush();
    return remember(order.name, buffers);
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
  /** Moves route i for each of `count` to the other VTEP, `rate` a second; when each UPDATE was written. */
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
    for (let i = 0; i < count; i++) {
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
    const sent = new Float64Array(count);
    const started = now();
    for (let i = 0; i < count; ) {
      const due = Math.min(count, Math.floor(((now() - started) / 1000) * rate) + 1);
      for (; i < due; i++) {
        sent[i] = now();
        peer.write(updates[i]);
      }
      await delay(1);
    }
    return sent;
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
  /** Cuts the first session without a word. */
  cut(_: null): number {
    const at = now();
    first().cut();
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
