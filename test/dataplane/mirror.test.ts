import test from 'ava';
import fc from 'fast-check';
import { KernelMirror } from '../../src/dataplane/mirror.js';
import type { MirroredNeighRow } from '../../src/dataplane/neigh-rows.js';
import { isLocalNeigh } from '../../src/dataplane/ownership.js';
import { type BridgeFdbRow, type NeighRow, Ntf, Nud, type VxlanFdbRow } from '../../src/dataplane/rows.js';
import { type Ip, MAC_ZERO, type Mac, parseIp, parseMac } from '../../src/types/index.js';
import { someIp } from './some-ip.js';

const BRIDGE = 3;
const HOST = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('fe:ff:ff:ff:ff:fe');

function bridgeRow(mac: Mac, port: number, fields: Partial<BridgeFdbRow> = {}): BridgeFdbRow {
  return { bridgeIfindex: BRIDGE, vlan: 10, mac, port, state: Nud.REACHABLE, flags: 0, ...fields };
}

function vxlanRow(mac: Mac, dst: Ip | undefined, fields: Partial<VxlanFdbRow> = {}): VxlanFdbRow {
  return { ifindex: 7, srcVni: 10, mac, dst, nexthopId: 0, state: Nud.REACHABLE, flags: Ntf.SELF, ...fields };
}

test('a bridge row keeps its epoch while it stays on its port, whatever its state', (t) => {
  const mirror = new KernelMirror();
  const first = mirror.putBridge(bridgeRow(HOST, 4));
  t.is(first.before, undefined);
  t.deepEqual(first.after, { ...bridgeRow(HOST, 4), epoch: 1 });
  const same = mirror.putBridge(bridgeRow(HOST, 4));
  t.is(same.before, same.after);
  const stale = mirror.putBridge(bridgeRow(HOST, 4, { state: Nud.STALE, flags: Ntf.STICKY }));
  t.deepEqual(stale.before, first.after);
  t.deepEqual(stale.after, { ...first.after, state: Nud.STALE, flags: Ntf.STICKY });
  t.deepEqual(mirror.bridgeRow(BRIDGE, 10, HOST), stale.after);
  const moved = mirror.putBridge(bridgeRow(HOST, 5));
  t.is(moved.after.epoch, 2);
  t.is(mirror.dropBridge(BRIDGE, 10, HOST, 4), undefined);
  t.deepEqual(mirror.dropBridge(BRIDGE, 10, HOST, 5), moved.after);
  t.is(mirror.putBridge(bridgeRow(HOST, 5)).after.epoch, 3);
  t.false(mirror.forgetBridge(BRIDGE, 10, HOST, 4));
  t.true(mirror.forgetBridge(BRIDGE, 10, HOST, 5));
  t.is(mirror.bridgeRow(BRIDGE, 10, HOST), undefined);
});

test('a row that was given out does not follow what happens later', (t) => {
  const mirror = new KernelMirror();
  mirror.putBridge(bridgeRow(HOST, 4));
  mirror.putVxlan(vxlanRow(HOST, parseIp('10.0.0.1')));
  const bridge = mirror.bridgeRow(BRIDGE, 10, HOST);
  const vxlan = mirror.vxlanRow(7, 10, HOST);
  const all = [...mirror.bridgeRows(BRIDGE, 10)];
  mirror.putBridge(bridgeRow(HOST, 5));
  mirror.putVxlan(vxlanRow(HOST, parseIp('10.0.0.2')));
  mirror.bridgeRow(BRIDGE, 10, OTHER);
  t.is(bridge?.port, 4);
  t.is(vxlan?.dst, parseIp('10.0.0.1'));
  t.is(all[0].port, 4);
});

test('a bridge row entered without a look at the old one is as one that was put', (t) => {
  const put = new KernelMirror();
  const entered = new KernelMirror();
  const steps = [
    bridgeRow(HOST, 4),
    bridgeRow(OTHER, 4),
    bridgeRow(HOST, 5),
    bridgeRow(HOST, 5, { state: 4 }),
  ];
  for (const row of steps) {
    put.putBridge(row);
    entered.enterBridge(row.bridgeIfindex, row.vlan, row.mac, row.port, row.state, row.flags);
  }
  for (const port of [4, 5])
    t.deepEqual([...entered.bridgeRowsOfPort(port)], [...put.bridgeRowsOfPort(port)]);
});

test('a vxlan row tells whether anything changed, destinations of both families and none', (t) => {
  const mirror = new KernelMirror();
  const rows = [
    vxlanRow(HOST, parseIp('10.0.0.1')),
    vxlanRow(HOST, parseIp('192.0.2.1')),
    vxlanRow(HOST, parseIp('2001:db8::1')),
    vxlanRow(HOST, undefined),
    vxlanRow(HOST, undefined, { nexthopId: 0xffffffff }),
    vxlanRow(HOST, undefined, { nexthopId: 0xffffffff, state: Nud.PERMANENT }),
    vxlanRow(HOST, undefined, { nexthopId: 0xffffffff, state: Nud.PERMANENT, flags: 0xff }),
  ];
  for (const row of rows) {
    t.true(mirror.putVxlan(row));
    t.false(mirror.putVxlan({ ...row }));
    t.deepEqual(mirror.vxlanRow(7, 10, HOST), row);
  }
  t.is(mirror.vxlanRow(7, 11, HOST), undefined);
  t.is(mirror.vxlanRow(8, 10, HOST), undefined);
  t.true(mirror.dropVxlan(7, 10, HOST, undefined));
  t.false(mirror.dropVxlan(7, 10, HOST, undefined));
});

test('default destinations stand beside the other rows of the device', (t) => {
  const mirror = new KernelMirror();
  const flood = vxlanRow(MAC_ZERO, parseIp('10.0.0.1'));
  t.true(mirror.putVxlan(flood));
  t.false(mirror.putVxlan({ ...flood }));
  t.false(mirror.putVxlan(vxlanRow(MAC_ZERO, undefined)));
  mirror.putVxlan(vxlanRow(HOST, parseIp('10.0.0.2')));
  mirror.putVxlan(vxlanRow(OTHER, parseIp('10.0.0.2'), { srcVni: 11 }));
  t.deepEqual([...mirror.vxlanRowsOfDevice(7)].map((row) => row.mac).sort(), [MAC_ZERO, HOST, OTHER]);
  t.deepEqual(
    [...mirror.vxlanRows(7, 10)].map((row) => row.mac),
    [HOST],
  );
  mirror.keepDevices(new Map([[BRIDGE, {}]]));
  t.deepEqual([...mirror.vxlanRowsOfDevice(7)], []);
  t.is(mirror.defaultRow(7, 10, parseIp('10.0.0.1')), undefined);
});

test('a row is known by all its fields, and rows are counted by port and by device', (t) => {
  const mirror = new KernelMirror();
  const vtep = parseIp('10.0.0.2');
  mirror.putBridge({ bridgeIfindex: BRIDGE, vlan: 3, mac: HOST, port: 7, state: 2, flags: 16 });
  mirror.putVxlan(vxlanRow(HOST, vtep));
  mirror.putVxlan(vxlanRow(MAC_ZERO, vtep));
  const { state, flags } = vxlanRow(HOST, vtep);
  t.true(mirror.knowsBridge(BRIDGE, 3, HOST, 7, 2, 16));
  t.false(mirror.knowsBridge(BRIDGE, 0, HOST, 7, 2, 16));
  t.false(mirror.knowsBridge(BRIDGE, 3, OTHER, 7, 2, 16));
  t.false(mirror.knowsBridge(BRIDGE, 3, HOST, 8, 2, 16));
  t.false(mirror.knowsBridge(BRIDGE, 3, HOST, 7, 4, 16));
  t.false(mirror.knowsBridge(BRIDGE, 3, HOST, 7, 2, 0));
  for (const mac of [HOST, MAC_ZERO]) {
    t.true(mirror.knowsVxlan(7, 10, mac, vtep, 0, state, flags));
    t.false(mirror.knowsVxlan(8, 10, mac, vtep, 0, state, flags));
    t.false(mirror.knowsVxlan(7, 11, mac, vtep, 0, state, flags));
    t.false(mirror.knowsVxlan(7, 10, mac, parseIp('10.0.0.3'), 0, state, flags));
    t.false(mirror.knowsVxlan(7, 10, mac, vtep, 1, state, flags));
    t.false(mirror.knowsVxlan(7, 10, mac, vtep, 0, state + 1, flags));
    t.false(mirror.knowsVxlan(7, 10, mac, vtep, 0, state, flags + 1));
  }
  t.is(mirror.countOfPort(7), 1);
  t.is(mirror.countOfDevice(7), 2);
  t.is(mirror.countOfPort(8), 0);
  t.is(mirror.countOfDevice(8), 0);
  mirror.dropBridge(BRIDGE, 3, HOST, 7);
  t.is(mirror.countOfPort(7), 0);
});

test('whatever rows come and go, the mirror holds the last word of each', (t) => {
  const mac = fc.integer({ min: 1, max: 12 }).map((n) => (n * 0x1_0000_0001) as Mac);
  const vlan = fc.integer({ min: 0, max: 1 });
  const port = fc.integer({ min: 4, max: 6 });
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('put' as const),
        mac,
        vlan,
        port,
        state: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('drop' as const), mac, vlan, port }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('device' as const), port }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const mirror = new KernelMirror();
      const model = new Map<string, BridgeFdbRow & { epoch: number }>();
      let epoch = 0;
      for (const one of steps) {
        if (one.do === 'device') {
          mirror.dropDevice(one.port);
          for (const [key, row] of model) if (row.port === one.port) model.delete(key);
          continue;
        }
        const key = `${one.vlan} ${one.mac}`;
        const standing = model.get(key);
        if (one.do === 'drop') {
          const isThere = standing?.port === one.port;
          t.deepEqual(mirror.dropBridge(BRIDGE, one.vlan, one.mac, one.port), isThere ? standing : undefined);
          if (isThere) model.delete(key);
          continue;
        }
        const row = bridgeRow(one.mac, one.port, { vlan: one.vlan, state: one.state });
        const stays = standing?.port === one.port;
        model.set(key, { ...row, epoch: stays ? standing.epoch : ++epoch });
        const { before, after } = mirror.putBridge(row);
        t.deepEqual(before, standing);
        t.deepEqual(after, model.get(key));
      }
      for (const port of [4, 5, 6])
        t.deepEqual(
          inOrder(mirror.bridgeRowsOfPort(port)),
          inOrder([...model.values()].filter((row) => row.port === port)),
        );
      for (const vlan of [0, 1])
        t.deepEqual(
          inOrder(mirror.bridgeRows(BRIDGE, vlan)),
          inOrder([...model.values()].filter((row) => row.vlan === vlan)),
        );
    }),
  );
});

function inOrder(rows: Iterable<BridgeFdbRow>): BridgeFdbRow[] {
  return [...rows].sort((a, b) => a.vlan - b.vlan || a.mac - b.mac);
}

test('a neighbor keeps its epoch while it is local with the same MAC, whatever its state', (t) => {
  const mirror = new KernelMirror();
  const ip = parseIp('203.0.113.9');
  const row: NeighRow = { ifindex: 7, ip, mac: HOST, state: Nud.REACHABLE, flags: 0, protocol: 0 };
  t.deepEqual(mirror.putNeigh(row), { before: undefined, after: { ...row, epoch: 1 } });
  const stale = { ...row, state: Nud.STALE, flags: Ntf.ROUTER, protocol: 0xff };
  t.deepEqual(mirror.putNeigh(stale), { before: { ...row, epoch: 1 }, after: { ...stale, epoch: 1 } });
  t.is(mirror.putNeigh({ ...row, mac: OTHER }).after.epoch, 2);
  t.is(mirror.putNeigh({ ...row, flags: Ntf.EXT_LEARNED, protocol: 186 }).after.epoch, 0);
  t.is(mirror.putNeigh(row, 2 ** 40 + 5).after.epoch, 2 ** 40 + 5);
  t.is(mirror.neighRow(7, ip)?.epoch, 2 ** 40 + 5);
  t.is(mirror.putNeigh({ ...row, mac: undefined, state: Nud.FAILED }).after.epoch, 0);
  t.is(mirror.neighRow(7, ip)?.mac, undefined);
  t.is(mirror.dropNeigh(7, ip)?.state, Nud.FAILED);
  t.is(mirror.dropNeigh(7, ip), undefined);
});

test('whatever neighbors come and go, the mirror holds the last word of each', (t) => {
  const row = fc.record({
    ifindex: fc.integer({ min: 7, max: 8 }),
    ip: someIp,
    mac: fc.constantFrom(HOST, OTHER, MAC_ZERO, undefined),
    state: fc.constantFrom(Nud.REACHABLE, Nud.STALE, Nud.FAILED, Nud.NOARP, 0xff),
    flags: fc.constantFrom(0, Ntf.EXT_LEARNED, Ntf.EXT_MANAGED, 0xffff),
    protocol: fc.constantFrom(0, 186, 0xff),
  });
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('put' as const, 'enter' as const), row }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('drop' as const), row }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('device' as const), row }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const mirror = new KernelMirror();
      const model = new Map<string, MirroredNeighRow>();
      let epoch = 0;
      for (const { do: what, row } of steps) {
        const { ifindex, ip } = row;
        const key = `${ifindex} ${ip}`;
        const standing = model.get(key);
        if (what === 'device') {
          mirror.dropDevice(ifindex);
          for (const [other, one] of model) if (one.ifindex === ifindex) model.delete(other);
        } else if (what === 'drop') {
          t.deepEqual(mirror.dropNeigh(ifindex, ip), standing);
          model.delete(key);
        } else {
          const stays = isLocalNeigh(standing) && standing.mac === row.mac;
          const after = { ...row, epoch: isLocalNeigh(row) ? (stays ? standing.epoch : ++epoch) : 0 };
          model.set(key, after);
          if (what === 'put') t.deepEqual(mirror.putNeigh(row), { before: standing, after });
          else t.is(mirror.enterNeigh(ifindex, ip, row.mac, row.state, row.flags, row.protocol), after.epoch);
        }
        t.deepEqual(mirror.neighRow(ifindex, ip), model.get(key));
      }
      const told = [...mirror.neighRows()];
      t.is(told.length, model.size);
      for (const one of told) t.deepEqual(one, model.get(`${one.ifindex} ${one.ip}`));
      t.deepEqual(
        [...mirror.neighRowsOf(7)],
        told.filter((one) => one.ifindex === 7),
      );
    }),
  );
});
