import test from 'ava';
import {
  DataPlane,
  EMPTY_TOPOLOGY,
  type Operation,
  type OperationResult,
} from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import { parseIp, prefixKey, silentLog, systemClock } from '../../src/types/index.js';
import { MemoryKernel } from '../doubles/memory-kernel.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { MemoryRouteWorld } from './memory-route-world.js';
import { routeContract } from './route-contract.js';

for (const { name, run } of routeContract)
  test.serial(`in-memory kernel: ${name}`, async (t) => {
    const world = new MemoryRouteWorld();
    try {
      await run(world);
    } finally {
      await world.close();
    }
    t.pass();
  });

/** Waits until `look` gives true. */
async function soon(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a route that is refused once for want of its nexthop, which goes with a device, is no drift; twice, it is', async (t) => {
  const world = new MemoryRouteWorld();
  const { kernel } = world;
  t.teardown(() => world.close());
  const uplink = await world.addUplink();
  const plane = new DataPlane(kernel, systemClock, silentLog, {
    hosts: watchHosts(),
    routes: { tableId: 254, metric: 20 },
  });
  t.teardown(() => plane.close());
  let refused = 0;
  let most = 1;
  const apply = kernel.apply.bind(kernel);
  kernel.launch = () => false;
  kernel.apply = (operations: readonly Operation[]): OperationResult[] =>
    operations.flatMap((operation) => {
      if (operation.table !== 'route' || refused >= most) return apply([operation]);
      refused++;
      return [{ errno: 22, message: 'Nexthop id does not exist' }];
    });
  await plane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  const { routes } = plane;
  const group = routes?.addGroup([{ ifindex: uplink.ifindex, gateway: uplink.gateway }]);
  const stands = async () => (await world.routes()).length;
  if (group) routes?.set(prefixKey(parseIp('198.51.100.0'), 24), group);
  await soon(() => [...plane.mirror.routes.routes()].length === 1);
  t.deepEqual([refused, await stands()], [1, 1]);
  t.deepEqual([...plane.drift.drifts()], []);

  most = 3;
  if (group) routes?.set(prefixKey(parseIp('203.0.113.0'), 24), group);
  await soon(() => [...plane.drift.drifts()].length > 0);
  t.is(refused, 3);
  const [{ cause }] = [...plane.drift.drifts()];
  t.is(cause, 'refused');
});

test('what is wrong with a route is of its metric alone, where a table has two of ours', async (t) => {
  const clock = new VirtualClock();
  const kernel = new MemoryKernel(clock);
  const interfaces = new Map([[101, { name: 'up1', running: true, addresses: [] }]]);
  kernel.topology = { ...EMPTY_TOPOLOGY, interfaces };
  const plane = new DataPlane(kernel, clock, silentLog, { hosts: watchHosts() });
  t.teardown(() => plane.close());
  await plane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  kernel.fault = (operation) => (operation.table === 'route' && operation.metric === 20 ? 22 : 0);
  const prefix = prefixKey(parseIp('198.51.100.0'), 24);
  const rest = async () => {
    for (let turn = 0; turn < 500; turn++) {
      clock.advance(10);
      await Promise.resolve();
    }
  };
  for (const metric of [20, 19]) {
    const routes = plane.routeTables.give({ tableId: 10, metric });
    routes.set(prefix, routes.addGroup([{ ifindex: 101, gateway: parseIp('10.255.1.2') }]));
    await rest();
  }
  const standing = () => [...kernel.tables.routes.routes()].map(({ metric }) => metric).sort();
  const open = () =>
    [...plane.drift.drifts()]
      .filter(({ resolvedAt }) => resolvedAt === undefined)
      .map(({ cause, owner }) => `${cause} ${owner.kind === 'routes' ? owner.metric : ''}`);
  t.deepEqual([standing(), open()], [[19], ['refused 20']]);

  kernel.fault = () => 0;
  await rest();
  clock.advance(600_000);
  await rest();
  t.deepEqual([standing(), open()], [[19, 20], []]);

  const { total } = plane.drift;
  for (const row of [...kernel.tables.routes.routes()]) kernel.dropRoute(row);
  await rest();
  t.deepEqual([standing(), plane.drift.total - total], [[19, 20], 2]);
});
