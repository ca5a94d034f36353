import test from 'ava';
import { DataPlane } from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import { parseIp, parseMac, silentLog, toVni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { MemoryWorld } from './memory-world.js';

const VNI = toVni(10010);
const VTEP = parseIp('192.0.2.11');
const HOST = parseMac('02:00:00:00:00:01');

test('what is to be written waits for what the kernel tells, and a storm that does not end does not stop it', async (t) => {
  const clock = new VirtualClock();
  const world = new MemoryWorld(clock);
  const devices = await world.addVni(VNI, parseIp('192.0.2.1'));
  const plane = new DataPlane(world.kernel, clock, silentLog, { hosts: watchHosts() });
  await plane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  plane.serve(VNI);
  clock.runUntilIdle();
  t.teardown(() => plane.close());

  const drain = world.kernel.drain.bind(world.kernel);
  let storms = true;
  world.kernel.drain = () => drain() && !storms;
  const written = () => world.kernel.tables.vxlanRow(devices.vxlanIfindex, 0, HOST)?.dst;

  plane.setMac(VNI, HOST, VTEP, false, 0);
  for (let turn = 0; turn < 5; turn++) clock.runTurn();
  t.is(written(), undefined, 'more may wait that says otherwise');
  clock.spend(50);
  clock.runTurn();
  t.is(written(), VTEP, 'the storm goes on');

  plane.clearMac(VNI, HOST);
  for (let turn = 0; turn < 5; turn++) clock.runTurn();
  t.is(written(), VTEP, 'and is waited for anew');
  storms = false;
  for (let turn = 0; turn < 5; turn++) clock.runTurn();
  t.is(written(), undefined, 'all has been heard');
});
