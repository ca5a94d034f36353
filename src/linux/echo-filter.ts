import { Ntf, Nud, type Operation } from '../dataplane/index.js';
import {
  AF_BRIDGE,
  RT_TABLE_MAIN,
  RTM_DELNEIGH,
  RTM_DELROUTE,
  RTM_NEWNEIGH,
  RTM_NEWROUTE,
} from './constants.js';
import { codecOf } from './kernel-tables/index.js';
import { swap32 } from './message.js';
import {
  assemble,
  IF_ANY_BIT,
  IF_AT_LEAST,
  IF_EQUAL,
  type Instruction,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_WORD,
  RETURN,
} from './socket-filter.js';

/** A jump of classic BPF reaches 255 instructions. */
export const MAX_DEVICES = 240;

/** What a batch has the kernel report. */
export interface Footprint {
  /** The devices on which it writes rows with our mark. */
  readonly devices: ReadonlySet<number>;
  /** How many operations remove FDB rows. */
  readonly ends: number;
  /** How many remove neighbors. */
  readonly failures: number;
  /**
   * How many routes are reported. A nexthop group that is replaced counts for any number: the kernel reports each route that
   * leads to it (net/ipv4/nexthop.c nexthop_replace_notify).
   */
  readonly routes: number;
}

/** Returns the footprint of a batch by one walk over it: a bulk is on one device and of one table for long stretches. */
export function footprintOf(operations: readonly Operation[]): Footprint {
  const devices = new Set<number>();
  let ends = 0;
  let failures = 0;
  let routes = 0;
  let latest: number | undefined;
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i];
    if (operation.table === 'route') routes++;
    else if (operation.table === 'nexthop-group' && operation.replaces) routes = Infinity;
    const { echo } = codecOf(operation);
    if (echo === undefined) continue;
    if (operation.verb === 'delete') {
      if (echo.end === 'marked') ends++;
      else failures++;
    }
    const device = echo.device(operation);
    if (device === latest || device === undefined) continue;
    latest = device;
    devices.add(device);
  }
  return { devices, ends, failures, routes };
}

/** What is hidden of our own writing. */
export interface Hidden {
  /** Rows with NTF_EXT_LEARNED on these devices. */
  readonly devices: ReadonlySet<number>;
  /** Also the end of their FDB rows. */
  readonly ends: boolean;
  /** Also the end of their neighbors, where the socket of this port has made them fail; all are heard where absent. */
  readonly failuresOf: number | undefined;
  /** Routes that the socket of this port changed; all are heard where absent. */
  readonly routesOf: number | undefined;
}

/**
 * A program that lets all notifications pass but those of rows with NTF_EXT_LEARNED on these devices (MAX_DEVICES at most):
 * what a daemon hears of its own writing. RTM_NEWNEIGH is left out, and RTM_DELNEIGH only of FDB rows and if `ends` asks for
 * so: what nobody but the kernel or another deletes must be heard at once. Of neighbors those that `failuresOf` lets fail are
 * left out as well, and the end of those that have failed: whoever else deletes one, or the kernel, is heard. BPF reads numbers in network order, netlink writes them in the machine's. Without
 * `withMainTable`, also as `withoutMainTable`.
 */
export function echoFilter({ devices, ends, failuresOf, routesOf }: Hidden, withMainTable = true): Buffer {
  const checks = [...devices];
  const pass = checks.length;
  return assemble([
    ...(withMainTable ? [] : NOT_MAIN),
    ...(routesOf === undefined ? [] : ownRoutes(routesOf)),
    ...(failuresOf === undefined ? [] : ownFailures(failuresOf)),
    { code: LOAD_HALF, k: 4 },
    { code: IF_EQUAL, k: RTM_NEWNEIGH << 8, jt: 3 },
    { code: IF_EQUAL, k: RTM_DELNEIGH << 8, jf: pass + 5 },
    { code: LOAD_BYTE, k: 16 },
    { code: IF_EQUAL, k: ends ? AF_BRIDGE : NO_FAMILY, jf: pass + 3 },
    { code: LOAD_BYTE, k: 26 },
    { code: IF_ANY_BIT, k: Ntf.EXT_LEARNED, jf: pass + 1 },
    { code: LOAD_WORD, k: 20 },
    ...checks.map((ifindex, i) => ({ code: IF_EQUAL, k: swap32(ifindex), jt: pass - i })),
    { code: RETURN, k: 0xffffffff },
    { code: RETURN, k: 0 },
  ]);
}

/** Where `echoFilter` looks at the device, counted from where the mark of a row begins to be looked for. */
const DEVICE_AT = 7;

/** Of routes alone does what these instructions say; they may fall through to what follows. */
const ofRoutes = (...check: readonly Instruction[]): readonly Instruction[] => [
  { code: LOAD_HALF, k: 4 },
  { code: IF_EQUAL, k: RTM_NEWROUTE << 8, jt: 1 },
  { code: IF_EQUAL, k: RTM_DELROUTE << 8, jf: check.length },
  ...check,
];

/** Leaves out routes of the tables main and local, which may have a million where a routing daemon runs beside us. */
const NOT_MAIN = ofRoutes(
  { code: LOAD_BYTE, k: 20 },
  { code: IF_AT_LEAST, k: RT_TABLE_MAIN, jf: 1 },
  { code: RETURN, k: 0 },
);

/** A program that lets all notifications pass but those of routes of the tables main and local. */
export function withoutMainTable(): Buffer {
  return assemble([...NOT_MAIN, { code: RETURN, k: 0xffffffff }]);
}

/** Leaves out routes that the socket of this port changed: of those the kernel reports who did (net/ipv4/fib_semantics.c rtmsg_fib). */
function ownRoutes(port: number): readonly Instruction[] {
  return ofRoutes(
    { code: LOAD_WORD, k: 12 },
    { code: IF_EQUAL, k: swap32(port), jf: 1 },
    { code: RETURN, k: 0 },
  );
}

/**
 * Leaves out neighbors that fail because the socket of this port deletes them: the kernel reports first that one has failed, and who
 * brought that about, then its end, without either that or NTF_EXT_LEARNED (net/core/neighbour.c neigh_delete). The end of one that
 * has failed goes on to the look at the devices: it says nothing that the failure has not said. Of a neighbor that had no answer yet
 * the kernel reports no failure, and its end is hidden whoever deletes it: the audit of the device finds that.
 */
function ownFailures(port: number): readonly Instruction[] {
  return [
    { code: LOAD_HALF, k: 4 },
    { code: IF_EQUAL, k: RTM_NEWNEIGH << 8, jt: 1 },
    { code: IF_EQUAL, k: RTM_DELNEIGH << 8, jf: 9 },
    { code: LOAD_BYTE, k: 16 },
    { code: IF_EQUAL, k: AF_BRIDGE, jt: 7 },
    { code: LOAD_HALF, k: 24 },
    { code: IF_EQUAL, k: Nud.FAILED << 8, jf: 5 },
    { code: LOAD_HALF, k: 4 },
    { code: IF_EQUAL, k: RTM_DELNEIGH << 8, jt: 3 + DEVICE_AT },
    { code: LOAD_WORD, k: 12 },
    { code: IF_EQUAL, k: swap32(port), jf: 1 },
    { code: RETURN, k: 0 },
  ];
}

/** What no octet is. */
const NO_FAMILY = 0x100;
