import assert from 'node:assert/strict';
import {
  DataPlane,
  type Hop,
  type HopGroup,
  type Kernel,
  type KernelRoutes,
} from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import {
  type Ip,
  type PrefixKey,
  parseIp,
  prefixKey,
  silentLog,
  systemClock,
} from '../../src/types/index.js';

/** A link with a neighbor at its other end, of both families. */
export interface UplinkDevice {
  readonly ifindex: number;
  readonly gateway: Ip;
  readonly gateway6: Ip;
}

/** Which route somebody else writes. */
export interface ForeignRoute {
  readonly prefix: PrefixKey;
  readonly metric: number;
}

/**
 * A kernel with routes, and somebody else who changes them: each implementation of `Kernel` brings its own. Changes are made
 * past `kernel`, as `ip` makes them; each resolves when it stands.
 */
export interface RouteWorld {
  readonly kernel: Kernel;
  /** Another kernel on the same tables, for a daemon that starts anew. */
  restarted(): Kernel;
  addUplink(): Promise<UplinkDevice>;
  /** The other end is taken down, or up again. */
  setCarrier(uplink: UplinkDevice, on: boolean): Promise<void>;
  deleteUplink(uplink: UplinkDevice): Promise<void>;
  /** A nexthop of another protocol. */
  addNexthop(id: number, uplink: UplinkDevice): Promise<void>;
  deleteNexthop(id: number): Promise<void>;
  /** A route of another protocol, in the main table; it replaces what stands there. */
  replaceRoute(route: ForeignRoute, uplink: UplinkDevice): Promise<void>;
  /** Deletes a route of the main table, whoever's it is. */
  deleteRoute(route: ForeignRoute): Promise<void>;
  /** Our routes as they stand: `prefix metric gateway%ifindex …`, sorted. */
  routes(): Promise<string[]>;
  /** Routes of others to the prefix with that metric. */
  countForeign(route: ForeignRoute): Promise<number>;
  /** Ids of our nexthops and groups, sorted. */
  nexthopIds(): Promise<number[]>;
  settle(): Promise<void>;
  close(): Promise<void>;
}

const MAIN_TABLE = 254;
const METRIC = 20;
const TO4 = prefixKey(parseIp('198.51.100.0'), 24);
const TO4_HOST = prefixKey(parseIp('203.0.113.7'), 32);
const TO6 = prefixKey(parseIp('2001:db8:1::'), 48);

const hop = ({ ifindex, gateway }: UplinkDevice): Hop => ({ ifindex, gateway });
const hop6 = ({ ifindex, gateway6 }: UplinkDevice): Hop => ({ ifindex, gateway: gateway6 });
const text = (ip: Ip) => String(ip);

/** The data planes of the case that runs. */
const started = new Set<DataPlane>();

interface Scene {
  readonly world: RouteWorld;
  readonly plane: DataPlane;
  readonly routes: KernelRoutes;
}

async function startOn(world: RouteWorld, kernel: Kernel): Promise<Scene> {
  const plane = new DataPlane(kernel, systemClock, silentLog, {
    hosts: watchHosts(),
    routes: { tableId: MAIN_TABLE, metric: METRIC },
  });
  await plane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  const { routes } = plane;
  assert.ok(routes);
  started.add(plane);
  return { world, plane, routes };
}

/** Waits until the kernel's routes are these, and the mirror's with them. */
async function become({ world, plane }: Scene, expected: Record<string, readonly Hop[]>): Promise<void> {
  const wanted = Object.entries(expected)
    .map(([route, hops]) => [route, ...hops.map(hopText).sort()].join(' '))
    .sort();
  let found: string[] = [];
  for (let tries = 0; tries < 400; tries++) {
    await world.settle();
    world.kernel.drain();
    await plane.reconciler.idle();
    found = await world.routes();
    if (JSON.stringify(found) === JSON.stringify(wanted) && mirrored(plane).join() === wanted.join()) return;
  }
  assert.deepEqual(found, wanted, 'the kernel');
  assert.deepEqual(mirrored(plane), wanted, 'the mirror');
}

export function hopText({ ifindex, gateway }: Hop): string {
  return `${text(gateway)}%${ifindex}`;
}

/** Our routes as the mirror has them. */
function mirrored({ mirror: { routes } }: DataPlane): string[] {
  return [...routes.routes()]
    .map(({ prefix, metric, nexthopId }) => {
      const hops = (routes.nexthop(nexthopId)?.members ?? []).map((id) => {
        const { ifindex = 0, gateway = parseIp('0.0.0.0') } = routes.nexthop(id) ?? {};
        return hopText({ ifindex, gateway });
      });
      return [`${prefix}`, metric, ...hops.sort()].join(' ');
    })
    .sort();
}

const key = (prefix: PrefixKey, metric = METRIC) => `${prefix} ${metric}`;

async function twoUplinks(
  world: RouteWorld,
): Promise<Scene & { first: UplinkDevice; second: UplinkDevice; group: HopGroup }> {
  const first = await world.addUplink();
  const second = await world.addUplink();
  const scene = await startOn(world, world.kernel);
  const group = scene.routes.addGroup([hop(first), hop(second)]);
  scene.routes.set(TO4, group);
  scene.routes.set(TO4_HOST, group);
  await become(scene, { [key(TO4)]: group.hops, [key(TO4_HOST)]: group.hops });
  return { ...scene, first, second, group };
}

/** Where the others' routes to the prefix lead, as they are told; the lowest metric first. */
const waysOf = ({ routes }: Scene, prefix: PrefixKey) =>
  routes.others
    .at(prefix)
    .map(({ metric, ways }) => `${metric} ${ways.map(({ ifindex }) => ifindex).join()}`);

async function othersBecome(scene: Scene, prefix: PrefixKey, wanted: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 400 && waysOf(scene, prefix).join() !== wanted.join(); tries++) {
    await scene.world.settle();
    scene.world.kernel.drain();
  }
  assert.deepEqual(waysOf(scene, prefix), wanted);
}

interface Case {
  readonly name: string;
  run(world: RouteWorld): Promise<void>;
}

const cases: readonly Case[] = [
  {
    name: "others' routes are told with where they lead, those that stand and those that come, and go with their device",
    async run(world) {
      const [first, second] = [await world.addUplink(), await world.addUplink()];
      await world.replaceRoute({ prefix: TO4, metric: 50 }, first);
      await world.replaceRoute({ prefix: TO6, metric: 50 }, first);
      const scene = await startOn(world, world.kernel);
      await othersBecome(scene, TO4, [`50 ${first.ifindex}`]);
      await othersBecome(scene, TO6, [`50 ${first.ifindex}`]);
      await world.replaceRoute({ prefix: TO4, metric: 40 }, second);
      await othersBecome(scene, TO4, [`40 ${second.ifindex}`, `50 ${first.ifindex}`]);
      await world.replaceRoute({ prefix: TO4, metric: 40 }, first);
      await othersBecome(scene, TO4, [`40 ${first.ifindex}`, `50 ${first.ifindex}`]);
      await world.deleteRoute({ prefix: TO4, metric: 40 });
      await world.replaceRoute({ prefix: TO4_HOST, metric: 40 }, second);
      await othersBecome(scene, TO4, [`50 ${first.ifindex}`]);
      await world.deleteUplink(first);
      await othersBecome(scene, TO4, []);
      await othersBecome(scene, TO6, []);
      await othersBecome(scene, TO4_HOST, [`40 ${second.ifindex}`]);
      scene.routes.set(TO4, scene.routes.addGroup([hop(second)]));
      await become(scene, { [key(TO4)]: [hop(second)] });
      assert.deepEqual(waysOf(scene, TO4), [], 'ours are none of theirs');
    },
  },
  {
    name: 'routes of both families, and IPv4 routes over IPv6 neighbors, stand and go',
    async run(world) {
      const scene = await twoUplinks(world);
      const { routes, first, second, group } = scene;
      const sixes = [hop6(first), hop6(second)];
      const group6 = routes.addGroup(sixes);
      routes.set(TO6, group6);
      routes.set(TO4_HOST, group6);
      await become(scene, { [key(TO4)]: group.hops, [key(TO4_HOST)]: sixes, [key(TO6)]: sixes });
      routes.changeGroup(group6, [hop6(second)]);
      await become(scene, {
        [key(TO4)]: group.hops,
        [key(TO4_HOST)]: [hop6(second)],
        [key(TO6)]: [hop6(second)],
      });
      routes.clear(TO6);
      routes.clear(TO4_HOST);
      routes.removeGroup(group6);
      await become(scene, { [key(TO4)]: group.hops });
      assert.equal((await world.nexthopIds()).length, 3, 'two nexthops and a group');
      routes.clearAll();
      await become(scene, {});
      assert.deepEqual(await world.nexthopIds(), []);
      assert.deepEqual([...scene.plane.drift.drifts()], []);
    },
  },
  {
    name: 'a link without carrier takes its nexthop along, of which the mirror knows at once; so does a link that is deleted',
    async run(world) {
      const scene = await twoUplinks(world);
      const { routes, first, second, group } = scene;
      const group6 = routes.addGroup([hop6(first)]);
      routes.set(TO6, group6);
      await become(scene, {
        [key(TO4)]: group.hops,
        [key(TO4_HOST)]: group.hops,
        [key(TO6)]: [hop6(first)],
      });
      scene.plane.onTopology = ({ interfaces }) => {
        const up = (...hops: Hop[]) => hops.filter(({ ifindex }) => interfaces.get(ifindex)?.running);
        routes.changeGroup(group, up(hop(first), hop(second)));
        routes.changeGroup(group6, up(hop6(first)));
      };
      await world.setCarrier(first, false);
      await become(scene, { [key(TO4)]: [hop(second)], [key(TO4_HOST)]: [hop(second)] });
      await world.setCarrier(first, true);
      await become(scene, {
        [key(TO4)]: [hop(first), hop(second)],
        [key(TO4_HOST)]: [hop(first), hop(second)],
        [key(TO6)]: [hop6(first)],
      });
      await world.deleteUplink(first);
      await become(scene, { [key(TO4)]: [hop(second)], [key(TO4_HOST)]: [hop(second)] });
      await world.setCarrier(second, false);
      await become(scene, {});
      await world.setCarrier(second, true);
      await become(scene, { [key(TO4)]: [hop(second)], [key(TO4_HOST)]: [hop(second)] });
      assert.deepEqual([...scene.plane.drift.drifts()], []);
    },
  },
  {
    name: 'what somebody deletes of ours is written again: a route, a nexthop, a group',
    async run(world) {
      const scene = await twoUplinks(world);
      const { group } = scene;
      const whole = { [key(TO4)]: group.hops, [key(TO4_HOST)]: group.hops };
      await world.deleteRoute({ prefix: TO4, metric: METRIC });
      await become(scene, whole);
      for (const id of await world.nexthopIds()) {
        await world.deleteNexthop(id);
        await become(scene, whole);
      }
    },
  },
  {
    name: 'what somebody deletes while a bulk of ours is written is written again, and nothing of the bulk is missed',
    async run(world) {
      const scene = await twoUplinks(world);
      const { routes, second, group } = scene;
      const other = routes.addGroup([hop(second)]);
      const bulk = Array.from({ length: 1_500 }, (_, n) =>
        prefixKey(((parseIp('20.0.0.0') as number) + n) as Ip, 32),
      );
      for (let round = 0; round < 6; round++) {
        const to = round % 2 === 0 ? other : group;
        for (const prefix of [...bulk.slice(0, 700), TO4, ...bulk.slice(700)]) routes.set(prefix, to);
        for (let turns = 0; turns < round; turns++) await new Promise(setImmediate);
        await world.deleteRoute({ prefix: TO4, metric: METRIC });
        const all = Object.fromEntries([...bulk, TO4].map((prefix) => [key(prefix), to.hops]));
        await become(scene, { ...all, [key(TO4_HOST)]: group.hops });
      }
    },
  },
  {
    name: "another's route of the same prefix and metric stays, and ours stands once that is gone",
    async run(world) {
      const scene = await twoUplinks(world);
      const { first, group, plane } = scene;
      const foreign = { prefix: TO4, metric: METRIC };
      await world.replaceRoute(foreign, first);
      await become(scene, { [key(TO4_HOST)]: group.hops });
      assert.equal(await world.countForeign(foreign), 1);
      assert.equal(plane.routes?.plane.intent({ table: 'route', key: TO4 })?.failure?.name, 'EEXIST');
      await world.deleteRoute(foreign);
      await become(scene, { [key(TO4)]: group.hops, [key(TO4_HOST)]: group.hops });
      // One of another metric is none of our business
      await world.replaceRoute({ prefix: TO4, metric: METRIC + 1 }, first);
      scene.routes.clear(TO4);
      await become(scene, { [key(TO4_HOST)]: group.hops });
      assert.equal(await world.countForeign({ prefix: TO4, metric: METRIC + 1 }), 1);
    },
  },
  {
    name: 'an id that somebody else has is not taken, be it that he takes it from under us',
    async run(world) {
      const uplink = await world.addUplink();
      await world.addNexthop(0x45000000, uplink);
      const scene = await startOn(world, world.kernel);
      const { routes } = scene;
      const group = routes.addGroup([hop(uplink)]);
      routes.set(TO4, group);
      await become(scene, { [key(TO4)]: [hop(uplink)] });
      const [nexthop, ofGroup] = await world.nexthopIds();
      for (const id of [nexthop, ofGroup]) {
        await world.deleteNexthop(id);
        await world.addNexthop(id, uplink);
        await become(scene, { [key(TO4)]: [hop(uplink)] });
        assert.ok(!(await world.nexthopIds()).includes(id));
      }
      routes.clearAll();
      await become(scene, {});
      assert.deepEqual(await world.nexthopIds(), []);
    },
  },
  {
    name: 'what an earlier process left is taken over as it is, and what is wanted no longer goes with the sweep',
    async run(world) {
      const before = await twoUplinks(world);
      const { first, second, group } = before;
      const ids = await world.nexthopIds();
      await world.replaceRoute({ prefix: TO6, metric: METRIC }, first);
      world.kernel.close();
      const scene = await startOn(world, world.restarted());
      const { routes, plane } = scene;
      const again = routes.addGroup([hop(second), hop(first)]);
      routes.set(TO4, again);
      await plane.reconciler.idle();
      assert.equal(plane.reconciler.stats.operations, 0, 'nothing had to be written');
      await become(scene, { [key(TO4)]: group.hops, [key(TO4_HOST)]: group.hops });
      plane.sweep();
      await become(scene, { [key(TO4)]: group.hops });
      assert.deepEqual(await world.nexthopIds(), ids);
      assert.equal(await world.countForeign({ prefix: TO6, metric: METRIC }), 1);
      routes.clear(TO4);
      routes.removeGroup(again);
      await become(scene, {});
      assert.deepEqual(await world.nexthopIds(), []);
    },
  },
];

/** What every kernel does with nexthops and routes of ours. One case at a time. */
export const routeContract: readonly Case[] = cases.map(({ name, run }) => ({
  name,
  async run(world) {
    try {
      await run(world);
    } finally {
      for (const plane of started) plane.close();
      started.clear();
    }
  },
}));
