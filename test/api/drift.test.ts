import test from 'ava';
import type { DriftItem, EventItem } from '../../src/api/index.js';
import { Ntf, Nud } from '../../src/dataplane/index.js';
import { MAC_ZERO, parseIp, parseMac } from '../../src/types/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { withInterfaces } from '../dataplane/memory-world.js';
import { vtepOf } from '../evpn/support/leaf.js';
import { HOST, House, IP, OTHER, type Room, VNI } from './support/house.js';

const WANTED =
  'bridge row points to vx10010 (reachable, ext_learned), vxlan row has dst 10.0.0.2 (reachable, ext_learned)';

async function fabric() {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(there, HOST);
  house.resolves(there, HOST, IP);
  const { kernel } = here.leaf.world;
  return { house, here, there, kernel, ...here.devices };
}

const driftsOf = async (room: Room, query = '') =>
  ((await room.get(`/api/v1/drift${query}`)) as { items: DriftItem[] }).items;

test('a row that somebody deletes is a drift, and is resolved at once', async (t) => {
  const { house, here, kernel, bridgeIfindex } = await fabric();
  t.deepEqual(await driftsOf(here), []);
  kernel.dropBridge(bridgeIfindex, 0, HOST);
  house.clock.runUntilIdle();
  const [drift, ...others] = await driftsOf(here);
  t.deepEqual(others, []);
  t.like(drift, {
    id: 1,
    vni: 10010,
    table: 'mac',
    mac: '02:00:00:00:00:01',
    ip: null,
    cause: 'foreign-change',
    found: 'no bridge row, vxlan row has dst 10.0.0.2 (reachable, ext_learned)',
    wanted: WANTED,
    action: 'rewritten',
    failure: null,
  });
  t.is(drift.resolvedAt, drift.since);
  house.pass();
  const events = async (query: string) =>
    ((await here.get(`/api/v1/events/recent?kind=drift&${query}`)) as { items: EventItem[] }).items.map(
      ({ mac, ip }) => [mac, ip],
    );
  t.deepEqual(await events('mac=02:00:00:00:00:01'), [['02:00:00:00:00:01', null]]);
  t.deepEqual(await events('mac=02:00:00:00:00:02'), []);
  t.like(await here.get('/api/v1/status'), { drifts: { total: 1, open: 0 } });
});

test('what was found names the rows: another destination, another neighbor, a flood row that went', async (t) => {
  const { house, here, kernel, bridgeIfindex, vxlanIfindex } = await fabric();
  await here.leaf.world.overwriteVxlanRow(here.devices, HOST, parseIp('10.9.9.9'));
  house.pass();
  kernel.putNeigh({
    ifindex: bridgeIfindex,
    ip: IP,
    mac: OTHER,
    state: Nud.NOARP,
    flags: Ntf.EXT_LEARNED,
    protocol: 186,
  });
  house.pass();
  kernel.dropVxlan(vxlanIfindex, 0, MAC_ZERO, vtepOf(2));
  house.pass();
  const drifts = await driftsOf(here);
  t.deepEqual(
    drifts.map(({ id, table, ip, found, wanted, action }) => ({ id, table, ip, found, wanted, action })),
    [
      {
        id: 3,
        table: 'flood',
        ip: '10.0.0.2',
        found: 'no default destination 10.0.0.2 on vx10010',
        wanted: 'default destination 10.0.0.2 on vx10010 (noarp, permanent)',
        action: 'rewritten',
      },
      {
        id: 2,
        table: 'neigh',
        ip: '192.0.2.11',
        found: 'neighbor on br10010 is 02:00:00:00:00:02 (noarp, ext_learned)',
        wanted: 'neighbor on br10010 is 02:00:00:00:00:01 (noarp, ext_learned)',
        action: 'rewritten',
      },
      {
        id: 1,
        table: 'mac',
        ip: null,
        found:
          'bridge row points to vx10010 (reachable, ext_learned), vxlan row has dst 10.9.9.9 (reachable, ext_learned)',
        wanted: WANTED,
        action: 'rewritten',
      },
    ],
  );
  const first = (await here.get('/api/v1/drift?limit=2')) as { next: string };
  const rest = await driftsOf(here, `?limit=2&cursor=${first.next}`);
  t.deepEqual(
    rest.map(({ id }) => id),
    [1],
  );
});

test('a host that moves here and away again is no drift', async (t) => {
  const { house, here, there } = await fabric();
  house.speaks(here, HOST);
  house.resolves(here, HOST, IP);
  house.speaks(there, HOST);
  house.speaks(here, HOST);
  t.like(await here.get('/api/v1/status'), { drifts: { total: 0 } });
  t.like(await there.get('/api/v1/status'), { drifts: { total: 0 } });
});

test('a host that moves to a port of which no link is known yet is no drift either', async (t) => {
  const { house, here, kernel, bridgeIfindex, vxlanIfindex } = await fabric();
  const known = kernel.topology;
  const port = 999;
  kernel.learn(bridgeIfindex, 0, HOST, port);
  house.pass();
  t.deepEqual(await driftsOf(here), []);
  t.is(kernel.tables.bridgeRow(bridgeIfindex, 0, HOST)?.port, port, 'the row is left as it is');
  kernel.setTopology({
    ...known,
    ports: new Map(known.ports).set(port, { ...known.ports.get(here.devices.accessIfindex)!, name: 'p999' }),
    interfaces: withInterfaces(known, port),
  });
  house.pass();
  t.is(kernel.tables.vxlanRow(vxlanIfindex, 0, HOST), undefined);
  t.like(await here.get('/api/v1/status'), { drifts: { total: 0 } });
});

test('what the kernel refuses stays open, with its words, its attempts and the next one', async (t) => {
  const { house, here, there, kernel } = await fabric();
  kernel.fault = ({ table }) => (table === 'vxlan' ? 28 : 0);
  house.speaks(there, OTHER);
  const since = house.clock.wallTime() - 1000;
  house.clock.advance(5000);
  const [drift] = await driftsOf(here, '?open=true&vni=10010');
  t.like(drift, {
    mac: '02:00:00:00:00:02',
    cause: 'refused',
    action: 'retrying',
    found: 'bridge row points to vx10010 (reachable, ext_learned), no vxlan row',
    wanted: WANTED,
    resolvedAt: null,
    failure: { errno: 'ENOSPC', kernel: null, attempts: 2 },
  });
  t.true(Date.parse(drift.since) >= since && Date.parse(drift.since) <= since + 1000);
  t.is(Date.parse(drift.failure!.retryAt) - Date.parse(drift.failure!.at), 10_000);
  t.like(await here.get('/api/v1/vnis/10010'), { openDrifts: 1 });
  t.like(await here.get('/api/v1/status'), { drifts: { total: 1, open: 1 } });
  t.deepEqual(await driftsOf(here, '?open=false'), []);
  t.deepEqual(await driftsOf(here, '?vni=20'), []);
  kernel.fault = () => 0;
  house.clock.advance(20_000);
  t.deepEqual(await driftsOf(here, '?open=true'), []);
  const [resolved] = await driftsOf(here, '?open=false');
  t.like(resolved, { id: drift.id, action: 'rewritten', failure: { errno: 'ENOSPC', attempts: 2 } });
  t.true(Date.parse(resolved.resolvedAt!) > Date.parse(resolved.since));
});

test('a refused row that nobody wants any more is closed as such', async (t) => {
  const { house, here, there, kernel } = await fabric();
  kernel.fault = ({ verb }) => (verb === 'add' ? 22 : 0);
  house.speaks(there, OTHER);
  t.is((await driftsOf(here, '?open=true')).length, 1);
  there.leaf.hostAges(there.devices, OTHER);
  house.pass();
  t.deepEqual(await driftsOf(here, '?open=true'), []);
  t.like((await driftsOf(here))[0], { action: 'no-longer-wanted', failure: { errno: 'EINVAL' } });
});

test('a permanent row in the way is left alone and told, until it goes', async (t) => {
  const { house, here, there, kernel, bridgeIfindex, accessIfindex, vxlanIfindex } = await fabric();
  kernel.putBridge({
    bridgeIfindex,
    vlan: 0,
    mac: OTHER,
    port: accessIfindex,
    state: Nud.PERMANENT,
    flags: 0,
  });
  house.speaks(there, OTHER);
  t.like((await driftsOf(here, '?open=true'))[0], {
    cause: 'blocked',
    action: 'left-alone',
    found: 'bridge row points to p10010 (permanent), no vxlan row',
  });
  kernel.dropBridge(bridgeIfindex, 0, OTHER);
  house.pass();
  t.like((await driftsOf(here))[0], { action: 'rewritten' });
  t.deepEqual(here.leaf.rowsOf(here.devices, OTHER), { port: vxlanIfindex, dst: vtepOf(2) });
});

test('a row in the way is known afterwards, too, where the row has been changed many times before', async (t) => {
  const { house, here, kernel, bridgeIfindex, accessIfindex } = await fabric();
  for (let times = 1; times <= 4; times++) {
    kernel.dropBridge(bridgeIfindex, 0, HOST);
    house.clock.advance(200);
  }
  // bridge fdb replace leaves the kernel's mark on the row (net/bridge/br_fdb.c, fdb_add_entry)
  kernel.putBridge({
    bridgeIfindex,
    vlan: 0,
    mac: HOST,
    port: accessIfindex,
    state: Nud.PERMANENT,
    flags: Ntf.EXT_LEARNED,
  });
  house.clock.advance(2000);
  const [standing] = await driftsOf(here, '?open=true');
  t.like(standing, { cause: 'blocked', action: 'left-alone' });
  kernel.dropBridge(bridgeIfindex, 0, HOST);
  house.clock.advance(2000);
  t.deepEqual(await driftsOf(here, '?open=true'), []);
  t.like((await driftsOf(here))[0], { id: standing.id, cause: 'blocked', action: 'rewritten' });
});

test('a row with our mark that nobody wants is a stray and goes; withdrawn routes are none', async (t) => {
  const { house, here, there, kernel, bridgeIfindex, vxlanIfindex: port } = await fabric();
  kernel.putBridge({
    bridgeIfindex,
    vlan: 0,
    mac: OTHER,
    port,
    state: Nud.REACHABLE,
    flags: Ntf.EXT_LEARNED,
  });
  house.pass();
  t.like((await driftsOf(here))[0], {
    cause: 'stray',
    action: 'removed',
    found: 'bridge row points to vx10010 (reachable, ext_learned), no vxlan row',
    wanted: 'nothing',
  });
  t.deepEqual(here.leaf.rowsOf(here.devices, OTHER), { port: undefined, dst: undefined });
  there.leaf.hostAges(there.devices, HOST);
  void there.leaf.world.deleteNeigh(there.devices, IP);
  house.pass();
  t.deepEqual(here.leaf.rowsOf(here.devices, HOST), { port: undefined, dst: undefined });
  t.like(await here.get('/api/v1/status'), { drifts: { total: 1, open: 0 } });
});

test('what somebody else puts right, and what goes with its device, is closed with that word', async (t) => {
  const { house, here, kernel, vxlanIfindex, bridgeIfindex } = await fabric();
  kernel.fault = () => 22;
  kernel.dropBridge(bridgeIfindex, 0, HOST);
  house.pass();
  t.like((await driftsOf(here))[0], { action: 'retrying', failure: { errno: 'EINVAL' } });
  const ours = { state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED };
  kernel.putBridge({ bridgeIfindex, vlan: 0, mac: HOST, port: vxlanIfindex, ...ours });
  house.pass();
  t.like((await driftsOf(here))[0], { id: 1, action: 'restored-by-another' });
  kernel.dropVxlan(vxlanIfindex, 0, HOST, undefined);
  house.pass();
  t.is((await driftsOf(here, '?open=true')).length, 1);
  here.leaf.removeVni(here.devices);
  house.pass();
  t.deepEqual(await driftsOf(here, '?open=true'), []);
  t.like((await driftsOf(here))[0], { id: 2, action: 'device-gone' });
});

test('what the kernel flushes with its device is not kept, or it would push out what somebody changed', async (t) => {
  const { house, here, kernel, vxlanIfindex, bridgeIfindex } = await fabric();
  kernel.dropVxlan(vxlanIfindex, 0, HOST, undefined);
  house.pass();
  t.like((await driftsOf(here))[0], { id: 1, action: 'rewritten' });
  // The rows go before the device is told to be down
  kernel.dropBridge(bridgeIfindex, 0, HOST);
  kernel.drain();
  here.leaf.addVni(here.devices, { up: false });
  house.pass();
  t.like(await driftsOf(here), [{ id: 1 }]);
  t.is((await driftsOf(here)).length, 1);
  t.like(await here.get('/api/v1/status'), { drifts: { total: 1, open: 0 } });
});

test('a device that goes down and comes up before anybody looks: its rows are written again, and no drift', async (t) => {
  const log = new RecordingLog();
  const house = await House.build({ log });
  const [here, there] = house.rooms;
  const { kernel } = here.leaf.world;
  const { vxlanIfindex } = here.devices;
  house.speaks(there, HOST);
  const vxlanRow = () => kernel.tables.vxlanRow(vxlanIfindex, 0, HOST);
  const said = () => log.lines.filter(({ message }) => message.startsWith('somebody changed'));
  for (let i = 0; i < 5; i++) {
    kernel.flap(vxlanIfindex);
    t.is(vxlanRow(), undefined);
    // At once, as a flap is no contest either
    house.clock.advance(200);
    t.is(vxlanRow()?.dst, vtepOf(2));
  }
  t.deepEqual(await driftsOf(here), []);
  t.like(await here.get('/api/v1/status'), { drifts: { total: 0, open: 0 } });
  t.deepEqual(said(), []);
  // Another's doing is one as before, also right behind
  kernel.flap(vxlanIfindex);
  kernel.drain();
  house.clock.runUntilIdle();
  kernel.dropVxlan(vxlanIfindex, 0, HOST, undefined);
  house.pass();
  t.like(await driftsOf(here), [{ cause: 'foreign-change', action: 'rewritten' }]);
  t.is((await driftsOf(here)).length, 1);
  t.is(said().length, 1);
});

test('somebody is said to have changed a row only when all that the kernel has reported is heard, or after seconds', async (t) => {
  const log = new RecordingLog();
  const house = await House.build({ log });
  const [here, there] = house.rooms;
  const { kernel } = here.leaf.world;
  house.speaks(there, HOST);
  const said = () => log.lines.filter(({ message }) => message.startsWith('somebody changed')).length;
  let isHeard = false;
  kernel.hear = () => isHeard;
  const change = () => {
    kernel.dropVxlan(here.devices.vxlanIfindex, 0, HOST, undefined);
    house.pass();
  };
  change();
  house.clock.advance(2_000);
  t.is(said(), 0);
  isHeard = true;
  house.clock.advance(200);
  t.is(said(), 1);
  house.clock.advance(60_000);
  isHeard = false;
  change();
  house.clock.advance(6_000);
  t.is(said(), 2);
});

test('the memory of resolved drifts is bounded, the count is not', async (t) => {
  const { house, here, kernel, bridgeIfindex } = await fabric();
  for (let i = 0; i < 2500; i++) {
    kernel.dropBridge(bridgeIfindex, 0, HOST);
    // Sooner, it would be a contest
    house.clock.advance(5100);
  }
  const { total } = (await here.get('/api/v1/drift?limit=1')) as { total: number };
  t.is(total, 1000);
  t.like(await here.get('/api/v1/status'), { drifts: { total: 2500, open: 0 } });
  t.is((await driftsOf(here))[0].id, 2500);
});

test('rows of an earlier process that the routes do not want are strays of the sweep', async (t) => {
  const { here, kernel, house, bridgeIfindex, vxlanIfindex: port } = await fabric();
  const stale = parseMac('02:00:00:00:00:77');
  // As at a start: the row is there before anything may be swept
  here.leaf.dataPlane.unserve(VNI);
  house.pass();
  kernel.putBridge({
    bridgeIfindex,
    vlan: 0,
    mac: stale,
    port,
    state: Nud.REACHABLE,
    flags: Ntf.EXT_LEARNED,
  });
  house.pass();
  t.is(here.leaf.rowsOf(here.devices, stale).port, undefined);
  t.like((await driftsOf(here))[0], { cause: 'stray', mac: '02:00:00:00:00:77', action: 'removed' });
});
