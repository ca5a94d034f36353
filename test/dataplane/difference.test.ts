import test from 'ava';
import {
  type MirroredBridgeRow,
  Ntf,
  Nud,
  type Operation,
  OUR_ROWS,
  type VniAttachment,
  type VxlanFdbRow,
} from '../../src/dataplane/index.js';
import { resultOfParts } from '../../src/dataplane/kernel.js';
import { macDifference, vxlanRowFits } from '../../src/dataplane/kernel-tables/mac-difference.js';
import { neighDifference, neighRowFits } from '../../src/dataplane/kernel-tables/neigh-table.js';
import type { MirroredNeighRow } from '../../src/dataplane/neigh-rows.js';
import { IPV4_ANY, parseIp, parseMac, toVni } from '../../src/types/index.js';

const mac = parseMac('02:00:00:00:00:01');
const vtep = parseIp('192.0.2.1');
const at: VniAttachment = {
  vni: toVni(10),
  vxlanIfindex: 5,
  vxlanName: 'vx10',
  bridgeIfindex: 4,
  bridgeName: 'br10',
  vlanAware: false,
  vlan: 0,
  sviIfindex: 4,
  sviName: 'br10',
  sviMac: undefined,
  localVtep: parseIp('192.0.2.2'),
  multicastGroup: undefined,
  collectMetadata: false,
  isFlooded: true,
  up: true,
};
const bridgeRow = { bridgeIfindex: 4, vlan: 0, mac, port: 5, epoch: 1 };
const vxlanRow = { ifindex: 5, srcVni: 0, mac, dst: vtep, nexthopId: 0 };
const ourBridgeRow = { ...bridgeRow, state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED };
const ourVxlanRow = { ...vxlanRow, state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED };

function operations(
  bridge: MirroredBridgeRow | undefined,
  vxlan: VxlanFdbRow | undefined,
  pinned = false,
): string[] {
  const out: Operation[] = [];
  const want = { to: vtep, pinned, overEpoch: 0, settled: false, failure: undefined };
  macDifference(at, mac, want, bridge, vxlan, out);
  return named(out);
}

function unwanted(bridge: MirroredBridgeRow | undefined, vxlan: VxlanFdbRow | undefined): string[] {
  const out: Operation[] = [];
  macDifference(at, mac, undefined, bridge, vxlan, out);
  return named(out);
}

function named(out: readonly Operation[]): string[] {
  return out.map((operation) => {
    const whole = 'dst' in operation && operation.dst === IPV4_ANY ? ' whole' : '';
    const form = operation.table === 'bridge' && operation.form !== 'marked' ? ` ${operation.form}` : '';
    return `${operation.table} ${operation.verb}${whole}${form}`;
  });
}

const pinnedBridgeRow = { ...bridgeRow, ...OUR_ROWS.pinnedBridge };

test('rows as they must be need nothing', (t) => {
  t.deepEqual(operations(ourBridgeRow, ourVxlanRow), []);
  t.deepEqual(operations(pinnedBridgeRow, ourVxlanRow, true), []);
});

test('a MAC that is to be pinned, or no longer, changes in place, and never without our mark', (t) => {
  t.deepEqual(operations(ourBridgeRow, ourVxlanRow, true), ['bridge add pinned', 'bridge add']);
  t.deepEqual(operations(pinnedBridgeRow, ourVxlanRow), ['bridge add unpinned']);
  const still = { ...ourBridgeRow, state: Nud.NOARP };
  t.deepEqual(
    operations(still, ourVxlanRow, true),
    ['bridge add pinned', 'bridge add'],
    'static alone moves',
  );
  t.deepEqual(operations(still, ourVxlanRow), ['bridge add unpinned']);
  t.deepEqual(unwanted(pinnedBridgeRow, ourVxlanRow), ['fdb delete']);
});

test('a row that somebody configured on an access port is never overwritten, whatever was beaten', (t) => {
  const configured = [
    { state: Nud.NOARP, flags: 0 },
    { state: Nud.NOARP, flags: Ntf.STICKY },
    { state: Nud.REACHABLE, flags: Ntf.STICKY },
    { state: Nud.PERMANENT, flags: 0 },
    { state: Nud.NOARP, flags: Ntf.EXT_LEARNED },
  ];
  for (const words of configured)
    for (const pinned of [false, true])
      t.deepEqual(operations({ ...bridgeRow, port: 6, epoch: 0, ...words }, undefined, pinned), []);
});

test('both rows of a MAC that is new here, or gone, are one operation; one row of them is an operation by itself', (t) => {
  t.deepEqual(operations(undefined, undefined), ['fdb add']);
  t.deepEqual(operations(undefined, ourVxlanRow), ['bridge add']);
  t.deepEqual(operations(ourBridgeRow, undefined), ['vxlan add']);
  t.deepEqual(
    operations(undefined, undefined, true),
    ['vxlan add', 'bridge add', 'bridge add pinned', 'bridge add'],
    'a pinned row takes messages of its own',
  );
  t.deepEqual(unwanted(ourBridgeRow, ourVxlanRow), ['fdb delete']);
  t.deepEqual(unwanted(ourBridgeRow, undefined), ['bridge delete']);
  t.deepEqual(unwanted(undefined, ourVxlanRow), ['vxlan delete']);
  const local = { ...bridgeRow, port: 6, state: Nud.REACHABLE, flags: 0 };
  t.deepEqual(unwanted(local, ourVxlanRow), ['vxlan delete'], "a host's row stands");
});

test('a local row that was beaten is overwritten when the VXLAN device knows the way', (t) => {
  const local = { ...bridgeRow, port: 6, state: Nud.REACHABLE, flags: 0, epoch: 0 };
  t.deepEqual(operations(local, undefined), ['vxlan add', 'bridge add']);
  t.deepEqual(operations({ ...local, epoch: 7 }, undefined), [], 'another stay than the one that was beaten');
});

test('a vxlan row that was learned goes first, since a replace would keep its flags', (t) => {
  const theirs = { ...vxlanRow, state: Nud.REACHABLE, flags: Ntf.SELF };
  t.deepEqual(operations(ourBridgeRow, theirs), ['vxlan delete whole', 'vxlan add']);
  t.deepEqual(operations(ourBridgeRow, { ...theirs, dst: parseIp('192.0.2.77') }), [
    'vxlan delete whole',
    'vxlan add',
  ]);
  const moved = { ...ourVxlanRow, dst: parseIp('192.0.2.77') };
  t.deepEqual(operations(ourBridgeRow, moved), ['vxlan add'], 'a move of our own row is one replace');
});

test('a row of ours that somebody made static or permanent is learned again', (t) => {
  for (const state of [Nud.NOARP, Nud.PERMANENT, Nud.NOARP | Nud.REACHABLE])
    t.deepEqual(operations({ ...bridgeRow, state, flags: Ntf.EXT_LEARNED }, ourVxlanRow), [
      'bridge add unpinned',
    ]);
  t.deepEqual(operations({ ...bridgeRow, state: Nud.REACHABLE, flags: 0 }, ourVxlanRow), ['bridge add']);
});

test('a row that was set by hand is neither overwritten nor removed, in whichever table and on whichever port', (t) => {
  const elsewhere = parseIp('192.0.2.78');
  const beaten = { ...bridgeRow, port: 6, state: Nud.REACHABLE, flags: 0, epoch: 0 };
  for (const state of [Nud.NOARP, Nud.PERMANENT, Nud.NOARP | Nud.PERMANENT, Nud.NOARP | Nud.REACHABLE])
    for (const dst of [vtep, parseIp('192.0.2.77'), undefined]) {
      const ofBridge = { ...bridgeRow, state, flags: 0 };
      const ofHost = { ...ofBridge, port: 6, epoch: 0 };
      const ofDevice = { ...vxlanRow, dst, state, flags: Ntf.SELF };
      t.deepEqual(operations(undefined, ofDevice), ['bridge add'], 'each table by itself');
      t.deepEqual(operations(ofBridge, undefined), ['vxlan add'], 'each table by itself');
      t.deepEqual(operations(ofBridge, ofDevice), []);
      t.deepEqual(operations(ofBridge, ourVxlanRow), []);
      t.deepEqual(operations(ofBridge, { ...ourVxlanRow, dst: elsewhere }), ['vxlan add'], 'the MAC moved');
      t.deepEqual(operations(ourBridgeRow, ofDevice), []);
      t.deepEqual(operations(ourBridgeRow, ofDevice, true), ['bridge add pinned', 'bridge add']);
      t.deepEqual(operations(beaten, ofDevice), ['bridge add'], 'the host left that port');
      t.deepEqual(operations(ofHost, undefined), [], "a host's row that the brain takes for beaten");
      t.deepEqual(unwanted(ofBridge, ofDevice), []);
      t.deepEqual(unwanted(ofHost, ofDevice), []);
      t.deepEqual(unwanted(ourBridgeRow, ofDevice), ['bridge delete']);
      t.deepEqual(unwanted(ofBridge, ourVxlanRow), ['vxlan delete']);
    }
});

test("a row that sends to another port, VNI or device is an operator's, also with our mark", (t) => {
  for (const state of [Nud.REACHABLE, Nud.NOARP, Nud.NOARP | Nud.PERMANENT])
    for (const dst of [vtep, parseIp('192.0.2.77')]) {
      const theirs = { ...ourVxlanRow, dst, state, flags: ourVxlanRow.flags | Ntf.OTHER_TUNNEL };
      t.false(
        vxlanRowFits({ to: vtep, pinned: false, overEpoch: 0, settled: false, failure: undefined }, theirs),
      );
      t.deepEqual(operations(ourBridgeRow, theirs), []);
      t.deepEqual(operations(undefined, theirs), ['bridge add']);
      t.deepEqual(unwanted(undefined, theirs), []);
      t.deepEqual(unwanted(ourBridgeRow, theirs), ['bridge delete']);
    }
  // What the device learned of a link-local VTEP has a device of its own, and nobody set it
  const learned = { ...vxlanRow, state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.OTHER_TUNNEL };
  t.deepEqual(operations(ourBridgeRow, learned), ['vxlan delete whole', 'vxlan add']);
});

test('a row that points to a nexthop group goes as a whole, with the bridge row or by itself', (t) => {
  const ofGroup = { ...ourVxlanRow, dst: undefined, nexthopId: 7 };
  t.deepEqual(unwanted(undefined, ofGroup), ['vxlan delete whole']);
  t.deepEqual(unwanted(ourBridgeRow, ofGroup), ['fdb delete whole']);
  t.deepEqual(operations(ourBridgeRow, ofGroup), ['vxlan delete whole', 'vxlan add']);
});

test('the row of a host that is not authorised yet keeps no remote host away', (t) => {
  const locked = { ...bridgeRow, port: 6, state: Nud.REACHABLE, flags: Ntf.EXT_LOCKED, epoch: 7 };
  t.deepEqual(operations(locked, undefined), ['vxlan add', 'bridge add']);
  t.deepEqual(unwanted(locked, undefined), []);
});

test('neighbors: ours are those with our mark and a protocol of an EVPN daemon, all others are local', (t) => {
  const ip = parseIp('192.0.2.9');
  const want = { mac, router: false, overEpoch: 0, settled: false, failure: undefined };
  const verbs = (wanted: typeof want | undefined, row: Partial<MirroredNeighRow>) => {
    const out: Operation[] = [];
    const whole = { ifindex: 4, ip, mac, state: Nud.NOARP, flags: 0, protocol: 0, epoch: 3, ...row };
    neighDifference(at, ip, wanted, whole, out);
    return out.map(({ verb }) => verb);
  };
  const [evpnd, frr, ovn, unspecified] = [186, 11, 84, 0];
  const other = parseMac('02:00:00:00:00:02');
  for (const protocol of [evpnd, frr]) {
    t.deepEqual(verbs(want, { flags: Ntf.EXT_LEARNED, protocol }), []);
    t.deepEqual(verbs(want, { flags: Ntf.EXT_LEARNED, protocol, mac: other }), ['add']);
    t.deepEqual(verbs(undefined, { flags: Ntf.EXT_LEARNED, protocol }), ['delete']);
  }
  for (const protocol of [ovn, unspecified]) {
    const flags = Ntf.EXT_LEARNED | Ntf.EXT_MANAGED;
    t.deepEqual(verbs(undefined, { flags, protocol }), [], 'not ours to remove');
    t.deepEqual(verbs(want, { flags, protocol }), [], 'a stay that was not beaten');
    t.deepEqual(verbs({ ...want, overEpoch: 3 }, { flags, protocol }), ['add'], 'and one that was');
  }
  for (const state of [Nud.NOARP, Nud.PERMANENT]) {
    t.deepEqual(verbs({ ...want, overEpoch: 3 }, { state, mac: other }), [], 'set by hand');
    t.deepEqual(verbs(undefined, { state }), []);
    t.true(neighRowFits(want, { ifindex: 4, ip, mac, state, flags: 0, protocol: 0 }), 'which does the same');
  }
});

test('a row that went by itself does not hide that the other one is still to be deleted', (t) => {
  const result = (errno: number) => ({ errno, message: undefined });
  for (const gone of [2, 19]) {
    t.is(resultOfParts('delete', [result(gone), result(1)]).errno, 1);
    t.is(resultOfParts('delete', [result(0), result(gone)]).errno, gone);
  }
  t.is(resultOfParts('add', [result(0), result(0)]).errno, 0);
});
