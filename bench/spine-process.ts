/**
 * The synthetic spine: a lean BGP speaker that sends UPDATEs encoded beforehand and counts what it receives without
 * decoding it. Its one peer connects to it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Ipv4, parseIp } from '../src/types/index.js';
import {
  AFI_L2VPN,
  encodeKeepalive,
  encodeOpen,
  MessageType,
  type OriginatedAttributes,
  SAFI_EVPN,
  UpdateEncoder,
} from '../src/wire/index.js';
import { now, serve } from './rpc.js';
import {
  attributesAt,
  imetAt,
  indexes,
  isBenchMac,
  macRouteAt,
  REMOTE_VTEPS,
  type Routes,
  SPINE_ASN,
  vniIndexOf,
} from './workload.js';

const CHUNK = 256 * 1024;
const encoder = new UpdateEncoder({
  fourOctetAs: true,
  internal: false,
  localAsn: SPINE_ASN,
  maxMessageLength: 4096,
});

let server: Server | undefined;
let socket: Socket | undefined;
let keepalives: NodeJS.Timeout | undefined;
let rest: Buffer = Buffer.alloc(0);
let established = false;
let endOfRib = false;
let imets = 0;
let messages = 0;
/** MACs that the leaf announces now (Type-2 without regard to IPs), and when the last change of each came. */
const held = new Set<number>();
let arrivals = new Map<number, number>();
let lastChange = 0;
let waiters: { done: () => boolean; wake: () => void }[] = [];

function reset(): void {
  rest = Buffer.alloc(0);
  established = false;
  endOfRib = false;
  imets = 0;
  held.clear();
}

/** Walks the EVPN routes of an MP attribute; reads no more of a Type-2 than its MAC. */
function walkRoutes(bytes: Buffer, from: number, end: number, reach: boolean): void {
  for (let at = from; at < end; at += 2 + bytes[at + 1]) {
    // Routes of ours that the leaf tells us again: their RD names one of the remote leaves
    if (REMOTE_VTEPS.includes(bytes.readUInt32BE(at + 4) as Ipv4)) continue;
    if (bytes[at] === 3 && reach) imets++;
    if (bytes[at] !== 2) continue;
    const mac = bytes.readUIntBE(at + 2 + 8 + 10 + 4 + 1, 6);
    if (!isBenchMac(mac)) continue;
    arrivals.set(mac, lastChange);
    if (reach) held.add(mac);
    else held.delete(mac);
  }
}

function walkUpdate(bytes: Buffer, start: number): void {
  const withdrawnLength = bytes.readUInt16BE(start);
  let at = start + 4 + withdrawnLength;
  const end = at + bytes.readUInt16BE(start + 2 + withdrawnLength);
  while (at < end) {
    const extended = (bytes[at] & 0x10) !== 0;
    const length = extended ? bytes.readUInt16BE(at + 2) : bytes[at + 2];
    const value = at + (extended ? 4 : 3);
    const code = bytes[at + 1];
    if (code === 14) {
      const nextHop = bytes[value + 3];
      walkRoutes(bytes, value + 4 + nextHop + 1, value + length, true);
    } else if (code === 15) {
      if (length === 3) endOfRib = true;
      else walkRoutes(bytes, value + 3, value + length, false);
    }
    at = value + length;
  }
}

function receive(chunk: Buffer): void {
  lastChange = now();
  const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  let at = 0;
  while (bytes.length - at >= 19) {
    const length = bytes.readUInt16BE(at + 16);
    if (bytes.length - at < length) break;
    const type = bytes[at + 18];
    messages++;
    if (type === MessageType.OPEN) socket?.write(encodeKeepalive());
    else if (type === MessageType.KEEPALIVE) established = true;
    else if (type === MessageType.UPDATE) walkUpdate(bytes, at + 19);
    else if (type === MessageType.NOTIFICATION)
      process.stderr.write(`spine: NOTIFICATION ${bytes[at + 19]}/${bytes[at + 20]}\n`);
    at += length;
  }
  rest = bytes.subarray(at);
  const ready = waiters.filter(({ done }) => done());
  waiters = waiters.filter((waiter) => !ready.includes(waiter));
  for (const { wake } of ready) wake();
}

function accept(peer: Socket): void {
  // The last connection counts: a restarted leaf comes anew
  socket?.destroy();
  socket = peer;
  reset();
  peer.setNoDelay(true);
  peer.on('data', (chunk: Buffer) => {
    if (peer === socket) receive(chunk);
  });
  peer.on('error', () => peer.destroy());
  peer.on('close', () => {
    if (peer !== socket) return;
    socket = undefined;
    reset();
  });
  peer.write(
    encodeOpen({
      version: 4,
      myAs: SPINE_ASN,
      holdTime: 30,
      routerId: parseIp('10.0.0.101') as Ipv4,
      capabilities: [
        { code: 1, afi: AFI_L2VPN, safi: SAFI_EVPN },
        { code: 65, asn: SPINE_ASN },
      ],
    }),
  );
  clearInterval(keepalives);
  keepalives = setInterval(() => peer === socket && peer.write(encodeKeepalive()), 3_000);
}

function waitFor(what: string, done: () => boolean, timeout: number): Promise<void> {
  if (done()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no ${what} within ${timeout} ms (${held.size} MACs, ${imets} Type-3)`)),
      timeout,
    );
    waiters.push({
      done,
      wake: () => {
        clearTimeout(timer);
        resolve();
      },
    });
  });
}

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

function writeAll(peer: Socket, buffers: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0;
    const closed = () => reject(new Error('the session went while UPDATEs were sent'));
    const go = () => {
      while (next < buffers.length) if (!peer.write(buffers[next++])) return;
      peer.off('drain', go);
      peer.off('close', closed);
      resolve();
    };
    peer.on('drain', go);
    peer.once('close', closed);
    go();
  });
}

function connected(): Socket {
  if (!socket || !established) throw new Error('no session');
  return socket;
}

export const handlers = {
  async listen({ address }: { address: string }): Promise<void> {
    server = createServer(accept);
    await new Promise<void>((resolve) => server?.listen(179, address, resolve));
  },
  /** Resolves when the leaf has said End-of-RIB and announced so many Type-3 routes; then announces those of ours. */
  async up({ vnis, vteps, timeout }: { vnis: number; vteps: number; timeout: number }): Promise<void> {
    await waitFor('session with all Type-3 routes', () => established && imets >= vnis, timeout);
    const buffers: Buffer[] = [];
    for (let vtep = 0; vtep < vteps; vtep++)
      for (let vni = 0; vni < vnis; vni++)
        buffers.push(...encoder.announce(attributesAt(vni, vtep, 0, true), [imetAt(vni, vtep)]));
    await writeAll(connected(), pieces(buffers));
  },
  endOfRib(_: null): void {
    connected().write(encoder.endOfRib());
  },
  /** Encodes UPDATEs under a name; `packed` puts as many routes as fit into each, else one. */
  prepare(order: {
    name: string;
    routes: Routes;
    vtep: number;
    packed: boolean;
    verb: 'announce' | 'withdraw';
  }): { messages: number; octets: number } {
    const { routes, vtep, packed, verb } = order;
    const buffers: Buffer[] = [];
    let group: ReturnType<typeof macRouteAt>[] = [];
    let attributes: OriginatedAttributes | undefined;
    let vni = -1;
    const flush = () => {
      if (group.length > 0 && attributes)
        buffers.push(
          ...(verb === 'announce' ? encoder.announce(attributes, group) : encoder.withdraw(group)),
        );
      group = [];
    };
    for (const i of indexes(routes)) {
      const vniIndex = vniIndexOf(routes, i);
      if (vniIndex !== vni) {
        flush();
        vni = vniIndex;
        attributes = attributesAt(vni, vtep, 0);
      }
      group.push(macRouteAt(routes, i, vtep));
      if (!packed) flush();
    }
    flush();
    const joined = pieces(buffers);
    prepared.set(order.name, joined);
    return { messages: buffers.length, octets: joined.reduce((sum, { length }) => sum + length, 0) };
  },
  /** Sends what was prepared; `written` is when the last octet left this process. */
  async stream({ name }: { name: string }): Promise<{ started: number; written: number }> {
    const buffers = prepared.get(name);
    if (!buffers) throw new Error(`nothing prepared as ${name}`);
    const peer = connected();
    const started = now();
    await writeAll(peer, buffers);
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
    const peer = connected();
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
    await waitFor(`${macs} MACs`, () => held.size === macs, timeout);
    return lastChange;
  },
  forgetArrivals(_: null): void {
    arrivals = new Map();
  },
  /** The MACs that the leaf announces, for comparing. */
  held(_: null): Float64Array {
    return Float64Array.from(held);
  },
  /** When the last UPDATE about each MAC came. */
  arrivals(_: null): Map<number, number> {
    return arrivals;
  },
  /** Cuts the session without a word. */
  cut(_: null): number {
    const at = now();
    connected().resetAndDestroy();
    socket = undefined;
    reset();
    return at;
  },
  counts(_: null): { macs: number; imets: number; messages: number; endOfRib: boolean } {
    return { macs: held.size, imets, messages, endOfRib };
  },
};

serve(handlers);
