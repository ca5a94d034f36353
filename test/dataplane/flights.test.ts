import test, { type ExecutionContext } from 'ava';
import { DataPlane, type DataPlaneOptions, type Operation } from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import { type Mac, parseIp, parseMac, silentLog, toVni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import type { VniDevices } from './kernel-contract.js';
import { MemoryWorld } from './memory-world.js';

const VNI = toVni(10010);
const VTEP = parseIp('192.0.2.11');
const OTHER_VTEP = parseIp('192.0.2.12');
const FIRST = parseMac('02:00:00:00:00:01');
const SECOND = parseMac('02:00:00:00:00:02');

/** A data plane whose every batch is launched and carried out when it lands. */
async function started(
  t: ExecutionContext,
  options: Partial<DataPlaneOptions> = {},
): Promise<{
  clock: VirtualClock;
  world: MemoryWorld;
  devices: VniDevices;
  plane: DataPlane;
  want(mac: Mac, vtep?: typeof VTEP): void;
}> {
  const clock = new VirtualClock();
  const world = new MemoryWorld(clock);
  world.kernel.launches = () => 'late';
  const devices = await world.addVni(VNI, parseIp('192.0.2.1'));
  const plane = new DataPlane(world.kernel, clock, silentLog, { hosts: watchHosts(), ...options });
  await plane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  plane.serve(VNI);
  clock.runUntilIdle();
  t.teardown(() => plane.close());
  return { clock, world, devices, plane, want: (mac, vtep = VTEP) => plane.setMac(VNI, mac, vtep, false, 0) };
}

const text = ({ table, verb, ...rest }: Operation) => `${verb} ${table} ${'mac' in rest ? rest.mac : ''}`;

test('what is thought out while a flight is under way flies behind it', async (t) => {
  const { clock, world, devices, plane, want } = await started(t);
  want(FIRST);
  clock.runTurn();
  t.deepEqual(world.kernel.applied, []);
  want(SECOND);
  t.is(plane.reconciler.backlog, 2);
  clock.runTurn();
  t.is(plane.reconciler.backlog, 2, 'one under way, one thought out');
  let idle = false;
  void plane.reconciler.idle().then(() => {
    idle = true;
  });
  clock.runUntilIdle();
  await Promise.resolve();
  t.true(idle);
  t.deepEqual(
    world.kernel.applied.map(text),
    [FIRST, SECOND].flatMap((mac) => [`add bridge ${mac}`, `add vxlan ${mac}`]),
  );
  for (const mac of [FIRST, SECOND]) {
    t.is(world.kernel.tables.vxlanRow(devices.vxlanIfindex, 0, mac)?.dst, VTEP);
    t.true(plane.plane(VNI)?.macs.peek(mac)?.settled);
  }
});

test('a large batch flies behind another before that is over, and a third waits', async (t) => {
  const { clock, world, devices, plane, want } = await started(t, { batch: 10 });
  const macs = Array.from({ length: 20 }, (_, i) => (FIRST + i) as Mac);
  for (const mac of macs) want(mac);
  const launched: number[] = [];
  const launch = world.kernel.launch.bind(world.kernel);
  world.kernel.launch = (operations, flight) => {
    const flies = launch(operations, flight);
    if (flies) launched.push(operations.length);
    return flies;
  };
  clock.runTurn();
  clock.runTurn();
  t.deepEqual(launched, [4, 4]);
  t.deepEqual(world.kernel.applied, []);
  // What the kernel knows now comes behind both, and before the third
  world.kernel.learn(devices.bridgeIfindex, 0, macs[19], devices.accessIfindex);
  clock.runUntilIdle();
  t.is(world.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, macs[19])?.port, devices.accessIfindex);
  for (const mac of macs.slice(0, 19)) {
    t.is(world.kernel.tables.vxlanRow(devices.vxlanIfindex, 0, mac)?.dst, VTEP);
    t.true(plane.plane(VNI)?.macs.peek(mac)?.settled);
  }
  t.is(plane.reconciler.backlog, 0);
});

test('a host that is heard amid a flight is not overwritten by what was thought out before', async (t) => {
  const { clock, world, devices, want } = await started(t);
  want(FIRST);
  clock.runTurn();
  want(SECOND);
  clock.runTurn();
  world.kernel.learn(devices.bridgeIfindex, 0, SECOND, devices.accessIfindex);
  clock.runUntilIdle();
  t.is(world.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, SECOND)?.port, devices.accessIfindex);
  t.deepEqual(world.kernel.applied.map(text), [`add bridge ${FIRST}`, `add vxlan ${FIRST}`]);
});

test('a key that is wanted otherwise while it is under way is written again behind it', async (t) => {
  const { clock, world, devices, plane, want } = await started(t);
  want(FIRST);
  clock.runTurn();
  want(FIRST, OTHER_VTEP);
  clock.runTurn();
  clock.runUntilIdle();
  t.is(world.kernel.tables.vxlanRow(devices.vxlanIfindex, 0, FIRST)?.dst, OTHER_VTEP);
  want(FIRST);
  clock.runTurn();
  plane.clearMac(VNI, FIRST);
  clock.runUntilIdle();
  t.is(world.kernel.tables.vxlanRow(devices.vxlanIfindex, 0, FIRST), undefined);
  t.is(world.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, FIRST), undefined);
  t.is(plane.reconciler.backlog, 0);
});

test('what fails in a flight is tried again', async (t) => {
  const { clock, world, devices, plane, want } = await started(t);
  let failures = 3;
  world.kernel.fault = () => (failures-- > 0 ? 105 : 0);
  want(FIRST);
  want(SECOND);
  clock.runUntilIdle();
  t.is(plane.plane(VNI)?.macs.get(FIRST)?.failure?.errno, 105);
  clock.advance(10_000);
  for (const mac of [FIRST, SECOND])
    t.is(world.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, mac)?.port, devices.vxlanIfindex);
  t.is(plane.plane(VNI)?.macs.get(FIRST)?.failure, undefined);
});

test('a device that goes amid a flight takes nothing along that others want', async (t) => {
  const { clock, world, devices, want } = await started(t);
  want(FIRST);
  clock.runTurn();
  want(SECOND);
  clock.runTurn();
  await world.removeVni(devices);
  clock.runUntilIdle();
  clock.advance(1_000);
  const again = await world.addVni(VNI, parseIp('192.0.2.1'));
  clock.runUntilIdle();
  clock.advance(10_000);
  for (const mac of [FIRST, SECOND])
    t.is(world.kernel.tables.bridgeRow(again.bridgeIfindex, 0, mac)?.port, again.vxlanIfindex);
});

test('a VNI with little to write has its turn amid another with much', async (t) => {
  const { clock, world, plane, want } = await started(t, { batch: 600 });
  const other = toVni(10020);
  await world.addVni(other, parseIp('192.0.2.1'));
  plane.serve(other);
  clock.runUntilIdle();
  for (let i = 0; i < 10_000; i++) want((FIRST + i) as Mac);
  const launched: (readonly Operation[])[] = [];
  const launch = world.kernel.launch.bind(world.kernel);
  world.kernel.launch = (operations, flight) => {
    const flies = launch(operations, flight);
    if (flies) launched.push(operations);
    return flies;
  };
  clock.runTurn();
  t.is(launched.length, 1);
  const late = parseMac('02:00:00:00:ff:01');
  plane.setMac(other, late, VTEP, false, 0);
  clock.runUntilIdle();
  const at = launched.findIndex((operations) =>
    operations.some((each) => 'mac' in each && each.mac === late),
  );
  t.true(at <= 3, `in batch ${at + 1} of ${launched.length}`);
  t.true(launched.length > 10);
  t.is(plane.reconciler.backlog, 0);
});

test('each who asks is told once that the kernel is behind no more', async (t) => {
  const { clock, plane, want } = await started(t, { batch: 10 });
  let relieved = 0;
  let another = 0;
  const tell = () => relieved++;
  const tellAnother = () => another++;
  const isBehind = () => plane.isBehind(tell);
  for (let i = 0; i < 15; i++) want((FIRST + i) as Mac);
  t.false(isBehind());
  for (let i = 15; i < 60; i++) want((FIRST + i) as Mac);
  t.true(isBehind());
  t.true(plane.isBehind(tellAnother));
  t.true(isBehind());
  clock.runTurn();
  t.deepEqual([relieved, another], [0, 0]);
  clock.runUntilIdle();
  t.deepEqual([relieved, another], [1, 1]);
  t.false(isBehind());
});

test('a device that leaves its bridge and is back at once has its rows again, whatever is taken off it meanwhile', async (t) => {
  const { clock, world, devices, plane, want } = await started(t, { batch: 600 });
  const macs = Array.from({ length: 200 }, (_, i) => (FIRST + i) as Mac);
  for (const mac of macs) want(mac);
  clock.runUntilIdle();
  const { kernel } = world;
  kernel.hidesEchoes = true;
  const inBridge = kernel.topology;
  const at = inBridge.vnis.get(VNI);
  if (!at) throw new Error('the VNI has no device');
  const outside = new Map(inBridge.vnis).set(VNI, { ...at, bridgeIfindex: 0, sviIfindex: 0 });
  kernel.setTopology({ ...inBridge, vnis: outside });
  kernel.drain();
  kernel.setTopology(inBridge);
  // A bulk goes on
  for (let i = 0; i < 100; i++) {
    want((FIRST + 1_000 + i) as Mac);
    clock.runTurn();
  }
  clock.runUntilIdle();
  clock.advance(10_000);
  t.is(plane.reconciler.backlog, 0);
  const missing = macs.filter((mac) => !kernel.tables.vxlanRow(devices.vxlanIfindex, 0, mac));
  t.deepEqual(missing, []);
  for (const mac of macs) t.true(plane.plane(VNI)?.macs.peek(mac)?.settled);
});

test('a device that is back in its bridge before its rows are taken off it keeps those that are wanted', async (t) => {
  const { clock, world, plane, want } = await started(t, { batch: 64 });
  const macs = Array.from({ length: 300 }, (_, i) => (FIRST + i) as Mac);
  for (const mac of macs) want(mac);
  clock.runUntilIdle();
  const { kernel } = world;
  const inBridge = kernel.topology;
  const at = inBridge.vnis.get(VNI);
  if (!at) throw new Error('the VNI has no device');
  const outside = new Map(inBridge.vnis).set(VNI, { ...at, bridgeIfindex: 0, sviIfindex: 0 });
  kernel.setTopology({ ...inBridge, vnis: outside });
  kernel.drain();
  t.true(plane.reconciler.backlog > 0);
  const before = kernel.applied.length;
  const unwanted = macs.slice(0, 10);
  for (const mac of unwanted) plane.clearMac(VNI, mac);
  kernel.setTopology(inBridge);
  kernel.drain();
  clock.runUntilIdle();
  const gone = new Set(unwanted);
  const deleted = kernel.applied
    .slice(before)
    .flatMap((each) => (each.verb === 'delete' && 'mac' in each ? [each.mac] : []));
  t.deepEqual(
    deleted.filter((mac) => !gone.has(mac)),
    [],
  );
  t.deepEqual(new Set(deleted.sort()), gone);
});

test('a bulk that cannot fly is applied in parts, between which others have their turns', async (t) => {
  const { clock, world, plane, want } = await started(t);
  const { kernel } = world;
  kernel.launches = () => 'not';
  const lengths: number[] = [];
  const apply = kernel.apply.bind(kernel);
  kernel.apply = (operations) => {
    lengths.push(operations.length);
    return apply(operations);
  };
  const macs = Array.from({ length: 2_000 }, (_, i) => (FIRST + i) as Mac);
  for (const mac of macs) want(mac);
  clock.runUntilIdle();
  t.true(Math.max(...lengths) <= 128, `${Math.max(...lengths)} operations in one go`);
  t.is(
    lengths.reduce((sum, length) => sum + length, 0),
    macs.length,
    'and none twice',
  );
  for (const mac of macs) t.true(plane.plane(VNI)?.macs.peek(mac)?.settled);
  t.is(plane.reconciler.backlog, 0);
});

test('once a bulk can fly again it flies whole', async (t) => {
  const { clock, world, want } = await started(t);
  const { kernel } = world;
  kernel.launches = () => 'not';
  for (let i = 0; i < 300; i++) want((FIRST + i) as Mac);
  clock.runUntilIdle();
  const launched: number[] = [];
  kernel.launches = (count) => {
    launched.push(count);
    return 'late';
  };
  for (let i = 300; i < 2_000; i++) want((FIRST + i) as Mac);
  clock.runUntilIdle();
  t.true(Math.max(...launched) > 128, `${Math.max(...launched)} operations at most`);
});

test('what is removed by itself and cannot fly goes in parts too', async (t) => {
  const { clock, world, plane } = await started(t);
  const { kernel } = world;
  kernel.launches = () => 'not';
  const applied: Operation[][] = [];
  const apply = kernel.apply.bind(kernel);
  kernel.apply = (operations) => {
    applied.push([...operations]);
    return apply(operations);
  };
  const strays: Operation[] = Array.from({ length: 500 }, (_, i) => {
    const mac = (FIRST + i) as Mac;
    return { table: 'bridge', verb: 'delete', port: 7, vlan: 0, mac, form: 'marked' };
  });
  plane.reconciler.removeStrays(strays);
  clock.runUntilIdle();
  t.true(applied.every((each) => each.length <= 128));
  t.deepEqual(applied.flat(), strays, 'in their order');
});
