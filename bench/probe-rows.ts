/** The kernel's rows as the probe reads and writes them. */
import { readFileSync } from 'node:fs';
import type { Operation } from '../src/dataplane/index.js';
import { Ntf } from '../src/dataplane/index.js';
import * as K from '../src/linux/constants.js';
import { native } from '../src/linux/native.js';
import { decodeNeigh, newNeighMessage } from '../src/linux/neigh-codec.js';
import { encodeNeighDump } from '../src/linux/neigh-requests.js';
import { Programmer } from '../src/linux/programmer.js';
import { DumpSocket } from '../src/linux/route-socket.js';
import { formatIp, type Ip } from '../src/types/index.js';
import { now } from './rpc.js';
import {
  indexes,
  indexOfIp,
  indexOfMac,
  ipAt,
  isBenchMac,
  macAt,
  type Routes,
  vlanAt,
  vniIndexOf,
  vtepAt,
  vtepIndexOf,
} from './workload.js';

/** Which of the tables a row of ours stands in, as bits. */
export const BRIDGE = 1;
export const VXLAN = 2;
export const NEIGH = 4;

/** The row that was read last. */
export const message = newNeighMessage();

/** Devices by name, read once a fabric. */
const ifindexes = new Map<string, number>();

export function deviceOf(kind: 'vx' | 'br' | 'acc', vniIndex: number): number {
  const name = `${kind}${vlanAt(vniIndex)}`;
  let ifindex = ifindexes.get(name);
  if (ifindex === undefined) {
    ifindex = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'));
    ifindexes.set(name, ifindex);
  }
  return ifindex;
}

/** Table bit and route number of the decoded row; number -1 for a row that is none of the benchmark's. */
export function identify(): { bit: number; index: number } {
  if (message.family !== K.AF_BRIDGE)
    return { bit: NEIGH, index: typeof message.dst === 'number' ? indexOfIp(message.dst) : -1 };
  const bit = message.flags & Ntf.SELF || message.master === 0 ? VXLAN : BRIDGE;
  return { bit, index: message.mac === undefined ? -1 : indexOfMac(message.mac) };
}

/** True for a default destination of a VXLAN device in the decoded row. */
export function isDefaultDestination(): boolean {
  return message.family === K.AF_BRIDGE && message.mac === 0 && message.dst !== undefined;
}

const programmer = new Programmer();
export const BATCH = 128;

/** Applies operations in batches and returns milliseconds; fails at the first refusal. */
export function apply(operations: readonly Operation[]): number {
  const started = now();
  for (let i = 0; i < operations.length; i += BATCH)
    for (const { errno, message: text } of programmer.apply(operations.slice(i, i + BATCH)))
      if (errno !== 0) throw new Error(`the kernel refuses a row: errno ${errno} ${text ?? ''}`);
  return now() - started;
}

/** The device that leads to the address. Throws where none does. */
export function wayTo(address: Ip): number {
  const way = programmer.way(address);
  if (!way) throw new Error(`no way to ${formatIp(address)}`);
  return way.device;
}

/** The rows of routes behind their first VTEP. */
export function operationsOf(routes: Routes, verb: 'add' | 'delete'): Operation[] {
  const operations: Operation[] = [];
  for (const i of indexes(routes)) {
    const vniIndex = vniIndexOf(routes, i);
    const ifindex = deviceOf('vx', vniIndex);
    const mac = macAt(i);
    const dst = vtepAt(vtepIndexOf(routes, i, 0));
    operations.push({ table: 'vxlan', verb, ifindex, srcVni: 0, mac, dst });
    operations.push({ table: 'bridge', verb, port: ifindex, vlan: 0, mac, form: 'marked' });
    if (routes.withIp) {
      const svi = deviceOf('br', vniIndex);
      operations.push({ table: 'neigh', verb, ifindex: svi, ip: ipAt(i), mac, router: false });
    }
  }
  return operations;
}

/** Visits every row of a port, device or, for AF_INET, of the whole table. */
export async function dump(family: number, ifindex: number, visit: () => void): Promise<void> {
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

/** Removes every row of remote hosts that a daemon left, and the hosts behind access ports, as far as the kernel lets. */
export async function flush(vnis: number, withPorts: boolean): Promise<void> {
  const operations: Operation[] = [];
  const visit = () => {
    const { ifindex, flags, mac, dst } = message;
    if (message.family !== K.AF_BRIDGE) {
      if (dst !== undefined && flags & Ntf.EXT_LEARNED)
        operations.push({ table: 'neigh', verb: 'delete', ifindex, ip: dst, mac: macAt(0), router: false });
    } else if (mac === undefined || (mac !== 0 && !(flags & Ntf.EXT_LEARNED))) return;
    else if (message.master !== 0 && !(flags & Ntf.SELF))
      operations.push({ table: 'bridge', verb: 'delete', port: ifindex, vlan: 0, mac, form: 'marked' });
    else if (dst !== undefined)
      operations.push(
        mac === 0
          ? { table: 'vxlan-default', verb: 'delete', ifindex, srcVni: 0, dst }
          : { table: 'vxlan', verb: 'delete', ifindex, srcVni: 0, mac, dst },
      );
  };
  for (let vni = 0; vni < vnis; vni++) await dump(K.AF_BRIDGE, deviceOf('vx', vni), visit);
  await dump(K.AF_INET, 0, visit);
  for (let vni = 0; withPorts && vni < vnis; vni++)
    await dump(K.AF_BRIDGE, deviceOf('acc', vni), () => {
      const { ifindex: port, mac } = message;
      if (mac !== undefined && isBenchMac(mac))
        operations.push({ table: 'bridge', verb: 'delete', port, vlan: 0, mac, form: 'marked' });
    });
  for (let i = 0; i < operations.length; i += BATCH) programmer.apply(operations.slice(i, i + BATCH));
}

/** Writes dynamic rows without reading answers, but for the kernel's refusals. */
export class LocalRows {
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
export function encodeLocal(
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
