import test from 'ava';
import { macDifference } from '../../src/dataplane/difference.js';
import {
  type MirroredBridgeRow,
  Ntf,
  Nud,
  type Operation,
  type VniAttachment,
  type VxlanFdbRow,
} from '../../src/dataplane/index.js';
import { resultOfParts } from '../../src/dataplane/kernel.js';
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
  up: true,
};
const bridgeRow = { bridgeIfindex: 4, vlan: 0, mac, port: 5, epoch: 1 };
const vxlanRow = { ifindex: 5, srcVni: 0, mac, dst: vtep, nexthopId: 0 };
const ourBridgeRow = { ...bridgeRow, state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED };
const ourVxlanRow = { ...vxlanRow, state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED };

function operations(
  bridge: MirroredBridgeRow | undefined,
  vxlan: VxlanFdbRow | undefined,
  sticky = false,
): string[] {
  const out: Operation[] = [];
  const want = { vtep, sticky, overEpoch: 0, settled: false, failure: undefined };
  macDifference(at, mac, want, bridge, vxlan, out);
  return out.map((operation) => {
    const whole = operation.table === 'vxlan' && operation.dst === IPV4_ANY ? ' whole' : '';
    return `${operation.table} ${operation.verb}${whole}`;
  });
}

function unwanted(bridge: MirroredBridgeRow | undefined, vxlan: VxlanFdbRow | undefined): string[] {
  const out: Operation[] = [];
  macDifference(at, mac, undefined, bridge, vxlan, out);
  return out.map(({ table, verb }) => `${table} ${verb}`);
}

test('rows as they must be need nothing, a sticky one included, which the kernel does not make static', (t) => {
  t.deepEqual(operations(ourBridgeRow, ourVxlanRow), []);
  t.deepEqual(operations(ourBridgeRow, ourVxlanRow, true), []);
});

test('both rows of a MAC that is new here, or gone, are one operation; one row of them is an operation by itself', (t) => {
  t.deepEqual(operations(undefined, undefined), ['fdb add']);
  t.deepEqual(operations(undefined, ourVxlanRow), ['bridge add']);
  t.deepEqual(operations(ourBridgeRow, undefined), ['vxlan add']);
  t.deepEqual(
    operations(undefined, undefined, true),
    ['vxlan add', 'bridge add'],
    'a sticky one is of the bridge alone',
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

test('a vxlan row that somebody wrote goes first, since a replace would keep its flags', (t) => {
  const theirs = { ...vxlanRow, state: Nud.NOARP | Nud.PERMANENT, flags: Ntf.SELF };
  t.deepEqual(operations(ourBridgeRow, theirs), ['vxlan delete whole', 'vxlan add']);
  t.deepEqual(operations(ourBridgeRow, { ...theirs, dst: parseIp('192.0.2.77') }), [
    'vxlan delete whole',
    'vxlan add',
  ]);
  const moved = { ...ourVxlanRow, dst: parseIp('192.0.2.77') };
  t.deepEqual(operations(ourBridgeRow, moved), ['vxlan add'], 'a move of our own row is one replace');
});

test('a bridge row made static or permanent goes first, since a replace would keep it so', (t) => {
  for (const state of [Nud.NOARP, Nud.PERMANENT, Nud.NOARP | Nud.REACHABLE])
    for (const flags of [0, Ntf.EXT_LEARNED])
      t.deepEqual(operations({ ...bridgeRow, state, flags }, ourVxlanRow), ['bridge delete', 'bridge add']);
  t.deepEqual(operations({ ...bridgeRow, state: Nud.REACHABLE, flags: 0 }, ourVxlanRow), ['bridge add']);
});

test('a row that went by itself does not hide that the other one is still to be deleted', (t) => {
  const result = (errno: number) => ({ errno, message: undefined });
  for (const gone of [2, 19]) {
    t.is(resultOfParts('delete', [result(gone), result(1)]).errno, 1);
    t.is(resultOfParts('delete', [result(0), result(gone)]).errno, gone);
  }
  t.is(resultOfParts('add', [result(0), result(0)]).errno, 0);
});
