/** The kernel's routes of VRFs as the probe watches and compares them: each prefix of each table, its device and its gateways. */
import { readFileSync } from 'node:fs';
import { RTPROT_EVPND } from '../src/dataplane/index.js';
import * as K from '../src/linux/constants.js';
import { eachAttribute } from '../src/linux/message.js';
import { assemble, IF_EQUAL, LOAD_BYTE, RETURN } from '../src/linux/socket-filter.js';
import type { Comparison } from './probe-compare.js';
import { eachRoute } from './probe-routes.js';
import {
  countingOctet,
  l3Bridge,
  leavesOf,
  numberAt,
  perVrf,
  tableAt,
  type VrfRoutes,
} from './vrf-workload.js';
import { vtepAt } from './workload.js';

const AND = 0x54;
/** Of so many routes the filter passes one: an odd number's prefix is one of the longest. */
const SAMPLE = 64;
const SAMPLED = 33;
/** Of RTA_DST in a notification: header, struct rtmsg, RTA_TABLE, and its own four octets. */
const ADDRESS_AT = 40;
/** Routes of FRR's bgpd. */
const RTPROT_BGP = 186;

export const isSampledNumber = (n: number): boolean => n % SAMPLE === SAMPLED;

/** Passes the notifications of routes whose number in their VRF is sampled, and others that look like them. */
export function vrfSampling(routes: VrfRoutes): Buffer {
  return assemble([
    { code: LOAD_BYTE, k: ADDRESS_AT + countingOctet(routes) },
    { code: AND, k: SAMPLE - 1 },
    { code: IF_EQUAL, k: SAMPLED, jf: 1 },
    { code: RETURN, k: 0xffffffff },
    { code: RETURN, k: 0 },
  ]);
}

/** A route as the kernel told it; `index` is that of all routes of all VRFs, -1 for one that is none of the benchmark's. */
export interface SeenVrfRoute {
  index: number;
  /** Of a daemon's, in a table of the VRFs. */
  isOurs: boolean;
  /** It leads to exactly the leaves that announce it, by the VRF's device. */
  isRight: boolean;
}

/** Reads routes of a workload; it asks for the numbers of the devices, which are to be there. */
export class VrfRouteReader {
  readonly seen: SeenVrfRoute = { index: -1, isOurs: false, isRight: false };
  readonly #devices: readonly number[];

  constructor(readonly routes: VrfRoutes) {
    this.#devices = Array.from({ length: routes.vrfs }, (_, vrf) =>
      Number(readFileSync(`/sys/class/net/${l3Bridge(vrf)}/ifindex`, 'utf8')),
    );
  }

  get family(): number {
    return this.routes.family === 'ipv4' ? K.AF_INET : K.AF_INET6;
  }

  /** Decodes RTM_NEWROUTE or RTM_DELROUTE into `seen`. */
  read(bytes: Buffer, at: number, end: number): void {
    const { routes, seen } = this;
    let table = 0;
    let addressAt = -1;
    const leaves: number[] = [];
    const devices = new Set<number>();
    const visit = (type: number, from: number, to: number) => {
      if (type === K.RTA_TABLE) table = bytes.readUInt32LE(from);
      else if (type === K.RTA_DST) addressAt = from;
      else if (type === K.RTA_OIF) devices.add(bytes.readUInt32LE(from));
      // An IPv6 route has an IPv4 VTEP mapped
      else if (type === K.RTA_GATEWAY) leaves.push(bytes.readUInt32BE(to - 4) - vtepAt(0));
      else if (type === K.RTA_MULTIPATH)
        // struct rtnexthop, of its own length, and attributes
        for (let hop = from; hop + 8 <= to; hop += (bytes.readUInt16LE(hop) + 3) & ~3) {
          devices.add(bytes.readInt32LE(hop + 4));
          eachAttribute(bytes, hop + 8, hop + bytes.readUInt16LE(hop), 'rtnexthop', visit);
        }
    };
    eachAttribute(bytes, at + 28, end, 'RTM_NEWROUTE', visit);
    const vrf = table - tableAt(0);
    const protocol = bytes[at + 21];
    seen.isOurs = vrf >= 0 && vrf < routes.vrfs && (protocol === RTPROT_EVPND || protocol === RTPROT_BGP);
    const n =
      addressAt < 0 || bytes[at + 16] !== this.family
        ? -1
        : numberAt(routes, bytes, addressAt, bytes[at + 17]);
    const inVrf = perVrf(routes);
    seen.index = seen.isOurs && n >= 0 && n < inVrf ? vrf * inVrf + n : -1;
    if (seen.index < 0) return;
    const wanted = leavesOf(routes, n);
    leaves.sort((a, b) => a - b);
    seen.isRight =
      wanted.length === leaves.length &&
      wanted.every((leaf, i) => leaf === leaves[i]) &&
      devices.size === 1 &&
      devices.has(this.#devices[vrf]);
  }
}

/** Compares all tables of the VRFs with all routes, or with none. */
export function compareVrfRoutes(reader: VrfRouteReader, verb: 'come' | 'go'): Comparison {
  const { count } = reader.routes;
  const result = { missing: 0, stale: 0, wrong: 0 };
  const found = new Uint8Array(count);
  eachRoute(reader.family, (bytes, at, end) => {
    reader.read(bytes, at, end);
    const { index, isOurs, isRight } = reader.seen;
    if (!isOurs) return;
    if (verb === 'go' || index < 0 || index >= count || found[index] !== 0) result.stale++;
    else {
      found[index] = 1;
      if (!isRight) result.wrong++;
    }
  });
  if (verb === 'come') for (const each of found) if (each === 0) result.missing++;
  return result;
}
