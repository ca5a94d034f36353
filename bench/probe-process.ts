/**
 * The probe in the leaf's namespace: tells when the kernel has every row, compares the kernel's rows one by one with
 * what was announced, plays the hosts behind the leaf's ports, and programs rows without any BGP for the floor.
 *
 * It watches by a socket filter that passes one row in 64, so that it takes next to nothing from the cores it shares
 * with what is measured; the comparison afterwards is of all rows.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from '../src/dataplane/index.js';
import { Ntf } from '../src/dataplane/index.js';
import * as K from '../src/linux/constants.js';
import { eachMessage } from '../src/linux/message.js';
import { native } from '../src/linux/native.js';
import { decodeNeigh, encodeNeighDump, newNeighMessage } from '../src/linux/neigh-codec.js';
import { Programmer } from '../src/linux/programmer.js';
import { DumpSocket } from '../src/linux/route-socket.js';
import { now, serve } from './rpc.js';
import {
  indexes,
  indexOfIp,
  indexOfMac,
  ipAt,
  isBenchMac,
  localMacAt,
  macAt,
  REMOTE_VTEPS,
  type Routes,
  vlanAt,
  vniIndexOf,
} from './workload.js';

const SAMPLE = 64;
/** Which of the tables a row of ours stands in, as bits. */
const BRIDGE = 1;
const VXLAN = 2;
const NEIGH = 4;

function ifindexOf(device: string): number {
  return Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
}

/** Devices by VNI index, read once a fabric. */
const ifindexes = new Map<string, number>();
function deviceOf(kind: 'vx' | 'br' | 'acc', vniIndex: number): number {
  const name = `${kind}${vlanAt(vniIndex)}`;
  let ifindex = ifindexes.get(name);
  if (ifindex === undefined) {
    ifindex = ifindexOf(name);
    ifindexes.set(name, ifindex);
  }
  return ifindex;
}

/** One classic BPF instruction (linux/filter.h struct sock_filter). */
function instruction(code: number, jt: number, jf: number, k: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes[2] = jt;
  bytes[3] = jf;
  bytes.writeUInt32LE(k, 4);
  return bytes;
}
const LOAD_BYTE = 0x30;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_BITS = 0x45;
const RETURN = 0x06;
const PASS = 0xffff_ffff;

/**
 * Passes a notification when the number of its route is a multiple of SAMPLE, by the last octet of the MAC (offset 37 of
 * an FDB row: NDA_LLADDR comes first) or of the IP (35 of a neighbour: NDA_DST comes first).
 */
const SAMPLING = Buffer.concat([
  instruction(LOAD_BYTE, 0, 0, 16),
  instruction(JUMP_EQUAL, 0, 2, K.AF_BRIDGE),
  instruction(LOAD_BYTE, 0, 0, 37),
  instruction(JUMP, 0, 0, 1),
  instruction(LOAD_BYTE, 0, 0, 35),
  instruction(JUMP_BITS, 0, 1, SAMPLE - 1),
  instruction(RETURN, 0, 0, 0),
  instruction(RETURN, 0, 0, PASS),
]);

const BUFFER = 1 << 20;
const memory = new ArrayBuffer(BUFFER);
const buffer = { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
const lengths = new Int32Array(4097);
const message = newNeighMessage();

/** A subscription to RTNLGRP_NEIGH that hands over decoded rows with the time of their reading. */
class Watch {
  readonly #socket = new (native().RawSocket)(K.AF_NETLINK, K.SOCK_RAW, K.NETLINK_ROUTE);
  lost = false;

  constructor(filter: Buffer | undefined, visit: (gone: boolean, at: number) => void) {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(K.AF_NETLINK, 0);
    const option = (level: number, name: number, value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      if (this.#socket.setOption(level, name, bytes) < 0) throw new Error(`socket option ${name}`);
    };
    this.#socket.bind(address);
    option(K.SOL_SOCKET, K.SO_RCVBUFFORCE, 256 << 20);
    if (filter && this.#socket.attachFilter(filter) < 0) throw new Error('the socket filter is refused');
    option(K.SOL_NETLINK, K.NETLINK_ADD_MEMBERSHIP, K.RTNLGRP_NEIGH);
    const read = () => {
      const count = this.#socket.receiveMany(buffer.bytes, 16 * 1024, lengths);
      const at = now();
      if (lengths[0] === K.ENOBUFS) this.lost = true;
      let start = 0;
      for (let i = 1; i <= count; i++) {
        eachMessage(buffer, start, lengths[i], (type, from, end) => {
          if (type !== K.RTM_NEWNEIGH && type !== K.RTM_DELNEIGH) return;
          decodeNeigh(buffer, from, end, message);
          visit(type === K.RTM_DELNEIGH, at);
        });
        start += (lengths[i] + 3) & ~3;
      }
    };
    this.#socket.watch(read, (error) => process.stderr.write(`probe: ${error}\n`));
  }

  close(): void {
    this.#socket.close();
  }
}

/** Table bit and route number of the decoded row; number -1 for a row that is none of the benchmark's. */
function identify(): { bit: number; index: number } {
  if (message.family !== K.AF_BRIDGE)
    return { bit: NEIGH, index: typeof message.dst === 'number' ? indexOfIp(message.dst) : -1 };
  const bit = message.flags & Ntf.SELF || message.master === 0 ? VXLAN : BRIDGE;
  return { bit, index: message.mac === undefined ? -1 : indexOfMac(message.mac) };
}

let watch: Watch | undefined;
let complete: Promise<number> = Promise.resolve(0);
let progress = '';
let arrivals = new Map<number, number>();
let losses = 0;

const programmer = new Programmer();
const BATCH = 128;

/** Applies operations in batches and returns milliseconds; fails at the first refusal. */
function apply(operations: readonly Operation[]): number {
  const started = now();
  for (let i = 0; i < operations.length; i += BATCH)
    for (const { errno, message: text } of programmer.apply(operations.slice(i, i + BATCH)))
      if (errno !== 0) throw new Error(`the kernel refuses a row: errno ${errno} ${text ?? ''}`);
  return now() - started;
}

function operationsOf(routes: Routes, verb: 'add' | 'delete', vtep: number): Operation[] {
  const operations: Operation[] = [];
  const dst = REMOTE_VTEPS[vtep];
  for (const i of indexes(routes)) {
    const vniIndex = vniIndexOf(routes, i);
    const ifindex = deviceOf('vx', vniIndex);
    const mac = macAt(i);
    operations.push({ table: 'vxlan', verb, ifindex, srcVni: 0, mac, dst });
    operations.push({ table: 'bridge', verb, port: ifindex, vlan: 0, mac, sticky: false });
    if (routes.withIp) {
      const svi = deviceOf('br', vniIndex);
      operations.push({ table: 'neigh', verb, ifindex: svi, ip: ipAt(i), mac, router: false });
    }
  }
  return operations;
}

/** Visits every row of a port, device or, for AF_INET, of the whole table. */
async function dump(family: number, ifindex: number, visit: () => void): Promise<void> {
  const socket = new DumpSocket();
  try {
    socket.start((words, sequence) => encodeNeighDump(words, 0, family, ifindex, sequence));
    const row = (type: number, at: number, end: number) => {
      if (type !== K.RTM_NEWNEIGH) return;
      decodeNeigh(socket.buffer, at, end, message);
      visit();
    };
    while (socket.step(row) === 'more');
  } finally {
    socket.close();
  }
}

/** Rows of remote hosts that stand now: by table bit, route number → destination (or 0). */
async function standing(vnis: number): Promise<Map<number, Map<number, number>>> {
  const rows = new Map([BRIDGE, VXLAN, NEIGH].map((bit) => [bit, new Map<number, number>()]));
  const visit = () => {
    const { bit, index } = identify();
    if (index < 0 || index > 0x0f_ffff || !(message.flags & Ntf.EXT_LEARNED)) return;
    rows.get(bit)?.set(index, typeof message.dst === 'number' ? message.dst : 0);
  };
  for (let vni = 0; vni < vnis; vni++) await dump(K.AF_BRIDGE, deviceOf('vx', vni), visit);
  await dump(K.AF_INET, 0, visit);
  return rows;
}

/** What a comparison of the kernel with the announcements found, in rows. */
export interface Comparison {
  missing: number;
  stale: number;
  wrong: number;
}

export const handlers = {
  /** Waits from now on for all rows to come, or to go. */
  expect({ routes, verb, timeout }: { routes: Routes; verb: 'come' | 'go'; timeout: number }): void {
    const bits = BRIDGE | VXLAN | (routes.withIp ? NEIGH : 0);
    const seen = new Uint8Array(routes.count);
    let open = 0;
    for (const i of indexes(routes)) {
      if (i % SAMPLE !== 0) continue;
      open++;
      seen[i] = verb === 'go' ? bits : 0;
    }
    const wanted = verb === 'go' ? 0 : bits;
    complete = new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        watch?.close();
        watch = undefined;
      };
      const timer = setTimeout(() => {
        const why = watch?.lost ? ', and notifications were lost' : '';
        end();
        reject(new Error(`${open} sampled rows did not ${verb} within ${timeout} ms${why}`));
      }, timeout);
      watch = new Watch(SAMPLING, (gone, at) => {
        const { bit, index } = identify();
        if (index < 0 || index >= routes.count || index % SAMPLE !== 0) return;
        const before = seen[index];
        const after = gone ? before & ~bit : before | bit;
        if (after === before) return;
        seen[index] = after;
        if (after === wanted) open--;
        else if (before === wanted) open++;
        progress = `${open} sampled rows open`;
        if (open > 0) return;
        end();
        resolve(at);
      });
    });
    complete.catch(() => {});
  },
  /** When the last of the rows came or went. */
  done(_: null): Promise<number> {
    return complete;
  },
  progress(_: null): string {
    return progress;
  },
  /** Compares every row with what should stand (none for `undefined`), with a little patience for the last ones. */
  async compare({
    routes,
    vnis,
    vtep,
    patience,
  }: {
    routes: Routes | undefined;
    vnis: number;
    vtep: number;
    patience: number;
  }): Promise<Comparison> {
    const until = now() + patience;
    for (;;) {
      const rows = await standing(vnis);
      const result = { missing: 0, stale: 0, wrong: 0 };
      for (const bit of [BRIDGE, VXLAN, NEIGH]) {
        const table = rows.get(bit) as Map<number, number>;
        const wanted = routes && (bit !== NEIGH || routes.withIp) ? routes : undefined;
        let found = 0;
        for (const i of wanted ? indexes(wanted) : []) {
          const dst = table.get(i);
          if (dst === undefined) result.missing++;
          else found++;
          if (bit === VXLAN && dst !== undefined && dst !== REMOTE_VTEPS[vtep]) result.wrong++;
        }
        result.stale += table.size - found;
      }
      if (result.missing + result.stale + result.wrong === 0 || now() > until) return result;
      await delay(100);
    }
  },
  /** The work of a full table without a daemon: milliseconds for all rows, in batches. */
  program({ routes, verb }: { routes: Routes; verb: 'add' | 'delete' }): { ms: number; cpuSeconds: number } {
    const operations = operationsOf(routes, verb, 0);
    const before = process.cpuUsage();
    const ms = apply(operations);
    const { user, system } = process.cpuUsage(before);
    return { ms, cpuSeconds: (user + system) / 1e6 };
  },
  /** Removes every row of remote hosts that a daemon left, and the hosts behind access ports. */
  async flush({ vnis, withPorts }: { vnis: number; withPorts: boolean }): Promise<void> {
    const operations: Operation[] = [];
    const visit = () => {
      const { ifindex, flags, mac, dst } = message;
      if (message.family !== K.AF_BRIDGE) {
        if (dst !== undefined && flags & Ntf.EXT_LEARNED)
          operations.push({ table: 'neigh', verb: 'delete', ifindex, ip: dst, mac: macAt(0), router: false });
      } else if (mac === undefined || (mac !== 0 && !(flags & Ntf.EXT_LEARNED))) return;
      else if (message.master !== 0 && !(flags & Ntf.SELF))
        operations.push({ table: 'bridge', verb: 'delete', port: ifindex, vlan: 0, mac, sticky: false });
      else if (dst !== undefined)
        operations.push(
          mac === 0
            ? { table: 'vxlan-default', verb: 'delete', ifindex, srcVni: 0, dst }
            : { table: 'vxlan', verb: 'delete', ifindex, srcVni: 0, mac, dst },
        );
    };
    for (let vni = 0; vni < vnis; vni++) await dump(K.AF_BRIDGE, deviceOf('vx', vni), visit);
    await dump(K.AF_INET, 0, visit);
    const hosts: Operation[] = [];
    for (let vni = 0; withPorts && vni < vnis; vni++)
      await dump(K.AF_BRIDGE, deviceOf('acc', vni), () => {
        const { ifindex: port, mac } = message;
        if (mac !== undefined && isBenchMac(mac))
          hosts.push({ table: 'bridge', verb: 'delete', port, vlan: 0, mac, sticky: false });
      });
    for (const host of hosts) operations.push(host);
    for (let i = 0; i < operations.length; i += BATCH) programmer.apply(operations.slice(i, i + BATCH));
  },
  /** Hosts appear behind the leaf's ports, or go: dynamic rows of the bridge, as its own learning makes them. */
  local({ count, vnis, verb }: { count: number; vnis: number; verb: 'add' | 'delete' }): {
    started: number;
    ms: number;
  } {
    const routes = { count, vnis, withIp: false };
    const words = new Uint32Array(BATCH * 24);
    const socket = new LocalRows();
    const started = now();
    for (let i = 0; i < count; i += BATCH) {
      const last = Math.min(i + BATCH, count);
      let word = 0;
      for (let n = i; n < last; n++)
        word = encodeLocal(words, word, deviceOf('acc', vniIndexOf(routes, n)), localMacAt(n), verb);
      socket.send(words, word);
    }
    const ms = now() - started;
    socket.close();
    return { started, ms };
  },
  /** Remote host i appears behind a port of the leaf's, `rate` a second; when each row was written. */
  async localMoves({
    routes,
    count,
    rate,
  }: {
    routes: Routes;
    count: number;
    rate: number;
  }): Promise<Float64Array> {
    const words = new Uint32Array(24);
    const socket = new LocalRows();
    const at = new Float64Array(count);
    const started = now();
    for (let i = 0; i < count; ) {
      const due = Math.min(count, Math.floor(((now() - started) / 1000) * rate) + 1);
      for (; i < due; i++) {
        const length = encodeLocal(words, 0, deviceOf('acc', vniIndexOf(routes, i)), macAt(i), 'add');
        at[i] = now();
        socket.send(words, length);
      }
      await delay(1);
    }
    socket.close();
    return at;
  },
  /** Notes from now on when each route's VXLAN row last got `vtep` as its destination. */
  noteMoves({ vtep }: { vtep: number }): void {
    arrivals = new Map();
    watch?.close();
    watch = new Watch(undefined, (gone, at) => {
      const { bit, index } = identify();
      if (!gone && bit === VXLAN && message.dst === REMOTE_VTEPS[vtep]) arrivals.set(index, at);
    });
  },
  moved(_: null): Map<number, number> {
    watch?.close();
    watch = undefined;
    return arrivals;
  },
  /** Counts from now on each row of these routes that goes, even for a moment. */
  countLosses({ routes }: { routes: Routes }): void {
    const wanted = new Set(indexes(routes));
    losses = 0;
    watch?.close();
    watch = new Watch(undefined, (gone) => {
      const { index } = identify();
      if (gone && wanted.has(index)) losses++;
    });
  },
  losses(_: null): { losses: number; certain: boolean } {
    const certain = watch !== undefined && !watch.lost;
    watch?.close();
    watch = undefined;
    return { losses, certain };
  },
};

/** Writes dynamic rows without reading answers, but for the kernel's refusals. */
class LocalRows {
  readonly #socket = new (native().RawSocket)(K.AF_NETLINK, K.SOCK_RAW, K.NETLINK_ROUTE);

  send(words: Uint32Array, length: number): void {
    const sent = this.#socket.send(Buffer.from(words.buffer), 0, length * 4);
    if (sent < 0) throw new Error(`writing local rows: errno ${-sent}`);
  }

  close(): void {
    this.#socket.close();
  }
}

/** RTM_NEWNEIGH or RTM_DELNEIGH of a bridge's dynamic row, which ages and moves as a learned one does. */
function encodeLocal(
  words: Uint32Array,
  word: number,
  port: number,
  mac: number,
  verb: 'add' | 'delete',
): number {
  const bytes = Buffer.from(words.buffer, word * 4, 40);
  bytes.fill(0);
  bytes.writeUInt32LE(40, 0);
  bytes.writeUInt16LE(verb === 'add' ? K.RTM_NEWNEIGH : K.RTM_DELNEIGH, 4);
  bytes.writeUInt16LE(K.NLM_F_REQUEST | (verb === 'add' ? K.NLM_F_CREATE | K.NLM_F_REPLACE : 0), 6);
  bytes[16] = K.AF_BRIDGE;
  bytes.writeInt32LE(port, 20);
  bytes.writeUInt16LE(2 /* NUD_REACHABLE */, 24);
  bytes[26] = Ntf.MASTER;
  bytes.writeUInt16LE(10, 28);
  bytes.writeUInt16LE(K.NDA_LLADDR, 30);
  bytes.writeUIntBE(mac, 32, 6);
  return word + 10;
}

serve(handlers);
