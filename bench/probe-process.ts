/**
 * The probe in the leaf's namespace: tells when the kernel has every row, compares the kernel's rows one by one with
 * what was announced, plays the hosts behind the leaf's ports, and programs rows without any BGP for the floor.
 *
 * It watches by a socket filter that passes one row in 64, so that it takes next to nothing from the cores it shares
 * with what is measured; the comparison afterwards is of all rows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Ntf, type Operation } from '../src/dataplane/index.js';
import * as K from '../src/linux/constants.js';
import type { RawSocket } from '../src/linux/native.js';
import { parseIp } from '../src/types/index.js';
import { FRAME_ROOM, hello } from './hostile-frames.js';
import { paced, Trickle } from './paced.js';
import { packetSocket } from './packet-socket.js';
import { type Comparison, compare, type Wanted } from './probe-compare.js';
import { compareRoutes, isSampled, ROUTE_SAMPLING, type SeenRoute, seenRoute } from './probe-routes.js';
import {
  apply,
  BATCH,
  BRIDGE,
  deviceOf,
  dump,
  encodeLocal,
  flush,
  identify,
  isDefaultDestination,
  LocalRows,
  message,
  NEIGH,
  operationsOf,
  VXLAN,
} from './probe-rows.js';
import { routeOperations } from './probe-unicast.js';
import { compareVrfRoutes, isSampledNumber, VrfRouteReader, vrfSampling } from './probe-vrfs.js';
import { neighbors, SAMPLE, SAMPLING, type Take, Watch } from './probe-watch.js';
import { now, serve } from './rpc.js';
import { perVrf, type VrfRoutes } from './vrf-workload.js';
import { firstOf, indexes, localMacAt, macAt, type Routes, vlanAt, vniIndexOf, vtepAt } from './workload.js';

/** What should stand in the main routing table. */
interface WantedRoutes {
  readonly count: number;
  /** Bits, by the places of the gateways in `spines`; 0 where no route should stand. */
  readonly gateways: number;
  readonly spines: readonly string[];
}

/** What should stand in the tables of VRFs: all of these routes, or none. */
interface WantedVrfs {
  readonly routes: VrfRoutes;
  readonly verb: 'come' | 'go';
}

const ROUTE_PATIENCE = 5_000;

let watch: Watch | undefined;
let complete: Promise<number> = Promise.resolve(0);
let arrivals = new Map<number, number>();
let losses = 0;
let trickle: { readonly steps: Trickle; readonly sockets: readonly RawSocket[] } | undefined;

/**
 * Watches until what `start` begins says that none is open any more: that is when `complete` resolves, with the time. It
 * rejects after `timeout` milliseconds.
 */
function watchUntilNone(
  what: string,
  timeout: number,
  start: (see: (openNow: number, at: number) => void) => Watch,
): void {
  let open = 0;
  watch?.close();
  complete = new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      watch?.close();
      watch = undefined;
    };
    const timer = setTimeout(() => {
      const why = watch?.lost ? ', and notifications were lost' : '';
      end();
      reject(new Error(`${open} ${what} within ${timeout} ms${why}`));
    }, timeout);
    watch = start((openNow, at) => {
      open = openNow;
      if (open > 0) return;
      end();
      resolve(at);
    });
  });
  complete.catch(() => {});
}

/** The same by rows of bridges, VXLAN devices and neighbors; `see` is told of each. */
function watchRowsUntilNone(what: string, timeout: number, see: (gone: boolean) => number): void {
  watchUntilNone(
    what,
    timeout,
    (tell) =>
      new Watch(
        SAMPLING,
        neighbors((gone, at) => tell(see(gone), at)),
      ),
  );
}

/** Writes them, and gives the time and the processor's. */
function timed(operations: readonly Operation[]): { ms: number; cpuSeconds: number } {
  const before = process.cpuUsage();
  const ms = apply(operations);
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuSeconds: (user + system) / 1e6 };
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
    watchRowsUntilNone(`sampled rows did not ${verb}`, timeout, (gone) => {
      const { bit, index } = identify();
      if (index < 0 || index >= routes.count || index % SAMPLE !== 0) return open;
      const before = seen[index];
      const after = gone ? before & ~bit : before | bit;
      if (after === before) return open;
      seen[index] = after;
      if (after === wanted) open--;
      else if (before === wanted) open++;
      return open;
    });
  },
  /** Waits from now on until so many default destinations have come to all VXLAN devices together. */
  expectFloods({ floods, timeout }: { floods: number; timeout: number }): void {
    const standing = new Set<string>();
    watchRowsUntilNone('default destinations did not come', timeout, (gone) => {
      if (isDefaultDestination()) {
        const row = `${message.ifindex} ${message.dst}`;
        if (gone) standing.delete(row);
        else standing.add(row);
      }
      return floods - standing.size;
    });
  },
  /**
   * Waits from now on until the first `count` unicast routes lead over exactly these gateways (bits, by their places in
   * `spines`); 0 until they have gone.
   */
  expectRoutes({ count, gateways, spines, timeout }: WantedRoutes & { readonly timeout: number }): void {
    const addresses = spines.map((address) => parseIp(address) as number);
    const right = new Uint8Array(count);
    let open = 0;
    for (let i = 0; i < count; i++) if (isSampled(i)) open++;
    const seen: SeenRoute = { index: -1, gateways: 0 };
    watchUntilNone('sampled routes are not as they should be', timeout, (tell) => {
      const take: Take = (type, bytes, from, end, at) => {
        if (type !== K.RTM_NEWROUTE && type !== K.RTM_DELROUTE) return;
        seenRoute(bytes, from, end, addresses, seen);
        const { index } = seen;
        if (index < 0 || index >= count || !isSampled(index)) return;
        const now = (type === K.RTM_DELROUTE ? 0 : seen.gateways) === gateways ? 1 : 0;
        open += right[index] - now;
        right[index] = now;
        tell(open, at);
      };
      return new Watch(ROUTE_SAMPLING, take, K.RTNLGRP_IPV4_ROUTE);
    });
  },
  /** Compares the main routing table with what should stand, with a little patience for the last ones. */
  async compareRoutes({ count, gateways, spines }: WantedRoutes): Promise<Comparison> {
    const addresses = spines.map((address) => parseIp(address) as number);
    const until = now() + ROUTE_PATIENCE;
    for (;;) {
      const result = compareRoutes(gateways === 0 ? 0 : count, gateways, addresses);
      if (result.missing + result.stale + result.wrong === 0 || now() > until) return result;
      await delay(100);
    }
  },
  /** Waits from now on until all routes of the VRFs stand as they were announced, or have gone. */
  expectVrfs({ routes, verb, timeout }: WantedVrfs & { readonly timeout: number }): void {
    const reader = new VrfRouteReader(routes);
    const inVrf = perVrf(routes);
    const right = new Uint8Array(routes.count);
    let open = 0;
    for (let i = 0; i < routes.count; i++) if (isSampledNumber(i % inVrf)) open++;
    watchUntilNone(`sampled routes did not ${verb}`, timeout, (tell) => {
      const take: Take = (type, bytes, from, end, at) => {
        if (type !== K.RTM_NEWROUTE && type !== K.RTM_DELROUTE) return;
        reader.read(bytes, from, end);
        const { index, isRight } = reader.seen;
        if (index < 0 || index >= routes.count || !isSampledNumber(index % inVrf)) return;
        const isGone = type === K.RTM_DELROUTE;
        const now = Number(verb === 'go' ? isGone : !isGone && isRight);
        open += right[index] - now;
        right[index] = now;
        tell(open, at);
      };
      const group = routes.family === 'ipv4' ? K.RTNLGRP_IPV4_ROUTE : K.RTNLGRP_IPV6_ROUTE;
      return new Watch(vrfSampling(routes), take, group);
    });
  },
  /** Compares the tables of the VRFs with what should stand, with a little patience for the last ones. */
  async compareVrfs({ routes, verb }: WantedVrfs): Promise<Comparison> {
    const reader = new VrfRouteReader(routes);
    const until = now() + ROUTE_PATIENCE;
    for (;;) {
      const result = compareVrfRoutes(reader, verb);
      if (result.missing + result.stale + result.wrong === 0 || now() > until) return result;
      await delay(100);
    }
  },
  /** When the last of the rows came or went. */
  done(_: null): Promise<number> {
    return complete;
  },
  /** Compares every row with what should stand (none for `undefined`), with a little patience for the last ones. */
  async compare({ patience, ...wanted }: Wanted & { readonly patience: number }): Promise<Comparison> {
    const until = now() + patience;
    for (;;) {
      const result = await compare(wanted);
      if (result.missing + result.stale + result.wrong === 0 || now() > until) return result;
      await delay(100);
    }
  },
  /** The work of a full table without a daemon: milliseconds for all rows, in batches. */
  program({ routes, verb }: { routes: Routes; verb: 'add' | 'delete' }): { ms: number; cpuSeconds: number } {
    return timed(operationsOf(routes, verb));
  },
  /** The same of the first `count` unicast routes, each over all these gateways. */
  programRoutes({
    count,
    spines,
    verb,
  }: {
    count: number;
    spines: readonly string[];
    verb: 'add' | 'delete';
  }): { ms: number; cpuSeconds: number } {
    return timed(routeOperations(count, spines, verb));
  },
  flush({ vnis, withPorts }: { vnis: number; withPorts: boolean }): Promise<void> {
    return flush(vnis, withPorts);
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
  /** The first `count` of the hosts appear behind ports of the leaf's, `rate` a second; when each row was written. */
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
    const numbers = firstOf(routes, count);
    const at = await paced(rate, numbers.length, (n) => {
      const i = numbers[n];
      socket.send(words, encodeLocal(words, 0, deviceOf('acc', vniIndexOf(routes, i)), macAt(i), 'add'));
    });
    socket.close();
    return at;
  },
  /**
   * One of the hosts sends a frame to a port of the leaf's each `every` milliseconds from now on, until `localTrickled`: the bridge
   * learns it whoever holds the lock that a written row would wait for.
   */
  localTrickle({ routes, every }: { routes: Routes; every: number }): void {
    const sockets = Array.from({ length: routes.vnis }, (_, vni) => packetSocket(`host${vlanAt(vni)}`));
    const frame = Buffer.alloc(FRAME_ROOM);
    const numbers = [...indexes(routes)];
    const appear = (n: number) => {
      const i = numbers[n];
      sockets[vniIndexOf(routes, i)].send(frame, 0, hello(frame, macAt(i)));
    };
    trickle = { steps: new Trickle(every, numbers.length, appear), sockets };
  },
  /** Ends it; when each frame was sent, in the order of the hosts. */
  localTrickled(_: null): Float64Array {
    const at = trickle?.steps.end() ?? new Float64Array(0);
    for (const socket of trickle?.sockets ?? []) socket.close();
    trickle = undefined;
    return at;
  },
  /** Notes from now on when each route's VXLAN row last got `vtep` as its destination. */
  noteMoves({ vtep }: { vtep: number }): void {
    arrivals = new Map();
    watch?.close();
    watch = new Watch(
      undefined,
      neighbors((gone, at) => {
        const { bit, index } = identify();
        if (!gone && bit === VXLAN && message.dst === vtepAt(vtep)) arrivals.set(index, at);
      }),
    );
  },
  /** Whether all of these have been noted. */
  haveMoved({ numbers }: { numbers: readonly number[] }): boolean {
    return numbers.every((i) => arrivals.has(i));
  },
  moved(_: null): Map<number, number> {
    watch?.close();
    watch = undefined;
    return arrivals;
  },
  /** How many rows of remote hosts the bridges and VXLAN devices hold. */
  async remoteRows({ vnis }: { vnis: number }): Promise<number> {
    let rows = 0;
    for (let vni = 0; vni < vnis; vni++)
      await dump(K.AF_BRIDGE, deviceOf('vx', vni), () => {
        if (message.flags & Ntf.EXT_LEARNED && message.mac) rows++;
      });
    return rows;
  },
  /** Counts from now on each row of these routes that goes, even for a moment. */
  countLosses({ routes }: { routes: Routes }): void {
    const wanted = new Set(indexes(routes));
    losses = 0;
    watch?.close();
    watch = new Watch(
      undefined,
      neighbors((gone) => {
        const { index } = identify();
        if (gone && wanted.has(index)) losses++;
      }),
    );
  },
  losses(_: null): { losses: number; certain: boolean } {
    const certain = watch !== undefined && !watch.lost;
    watch?.close();
    watch = undefined;
    return { losses, certain };
  },
};

serve(handlers);
