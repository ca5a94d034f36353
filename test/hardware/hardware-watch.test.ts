import test from 'ava';
import { Ntf, Rtm } from '../../src/dataplane/index.js';
import { type PrefixKey, parsePrefix } from '../../src/types/index.js';
import { ELSEWHERE, mac, scene, VNI, VTEP } from './support/scene.js';

const ENOSPC = 28;
const EOPNOTSUPP = 95;

test('a row is pending, then offloaded, or not taken after ten seconds, which is a problem', async (t) => {
  const { want, pass, state, chip, watch, dataPlane } = await scene();
  chip.add(mac(1));
  want(mac(1), mac(2));
  await pass(3);
  t.deepEqual([state(mac(1)), state(mac(2))], ['offloaded', 'pending']);
  t.deepEqual(watch.vni(VNI)?.macs, { offloaded: 1, pending: 1, refused: 0, notTaken: 0, withheld: 0 });
  await pass(14);
  t.is(state(mac(2)), 'not-taken');
  t.deepEqual(watch.vni(VNI)?.macs, { offloaded: 1, pending: 0, refused: 0, notTaken: 1, withheld: 0 });
  const [problem, ...others] = [...dataPlane.problems.all()].filter(({ topic }) => topic !== undefined);
  t.deepEqual(others, []);
  t.regex(problem?.problem ?? '', /not taken 1 MAC within 10 s/);
});

test('of each row of a MAC it is known whether the hardware has it; rows of other VNIs on the device do not count', async (t) => {
  const { want, pass, chip, watch, strangers } = await scene();
  chip.add(mac(1));
  want(mac(1), mac(2));
  await pass(3);
  const rows = (n: number) => watch.rows(VNI, mac(n));
  t.deepEqual(
    [rows(1), rows(2), rows(3)],
    [
      { bridge: true, vxlan: true },
      { bridge: false, vxlan: false },
      { bridge: false, vxlan: false },
    ],
  );
  // The bridge's row of MAC 2 is marked alone; both are of MAC 1, but in another VLAN and of another VNI
  chip.clear();
  strangers.push((visitor) => {
    visitor.bridgeRow(0, mac(2), Ntf.OFFLOADED);
    visitor.bridgeRow(20, mac(1), Ntf.OFFLOADED);
    visitor.vxlanRow(20, mac(1), VTEP, Ntf.OFFLOADED);
  });
  await pass(31);
  t.deepEqual(
    [rows(1), rows(2)],
    [
      { bridge: false, vxlan: false },
      { bridge: true, vxlan: false },
    ],
  );
  t.is(watch.mac(VNI, mac(2)).state, 'not-taken');
});

test('what was not taken is offered again by a delete and an add of the VXLAN row, and counts once taken', async (t) => {
  const { want, pass, state, chip, kernel, watch } = await scene();
  want(mac(1));
  await pass(12);
  const before = kernel.applied.length;
  await pass(30);
  const again = kernel.applied.slice(before).map(({ table, verb }) => `${verb} ${table}`);
  t.deepEqual(again.slice(0, 2), ['delete vxlan', 'add vxlan']);
  t.is(kernel.applied.filter(({ table }) => table === 'bridge').length, 1);
  chip.add(mac(1));
  await pass(31);
  t.is(state(mac(1)), 'offloaded');
  t.deepEqual([...watch.problems()], []);
});

test('a row that the driver refuses shows its errno, and is a problem', async (t) => {
  const { want, pass, state, kernel, watch } = await scene();
  kernel.fault = ({ table, verb }) => (table === 'vxlan' && verb === 'add' ? ENOSPC : 0);
  want(mac(1));
  await pass(3);
  t.deepEqual(watch.mac(VNI, mac(1)), { state: 'refused', reason: 'ENOSPC' });
  t.deepEqual(
    [...watch.problems()].map(({ topic }) => topic),
    ['hardware refuses'],
  );
  kernel.fault = () => 0;
  await pass(10);
  t.is(state(mac(1)), 'pending');
});

test('what goes from the chip makes room that refused rows are tried for at once', async (t) => {
  const { want, pass, kernel, chip, watch, dataPlane } = await scene();
  for (let n = 1; n <= 4; n++) chip.add(mac(n));
  want(mac(1), mac(2), mac(3), mac(4));
  await pass(3);
  kernel.fault = ({ table, verb }) => (table === 'vxlan' && verb === 'add' ? ENOSPC : 0);
  want(mac(9));
  // Until the next try of its own is minutes away
  await pass(200);
  t.is(watch.mac(VNI, mac(9)).state, 'refused');
  kernel.fault = () => 0;
  dataPlane.clearMac(VNI, mac(1));
  await pass(3);
  t.is(watch.mac(VNI, mac(9)).state, 'pending');
});

test('at rest it is looked every half minute, and soon after something was written', async (t) => {
  const { want, pass, chip, dumps } = await scene();
  chip.add(mac(1));
  want(mac(1));
  await pass(100);
  const before = dumps();
  await pass(300);
  t.true(dumps() - before <= 11 && dumps() - before >= 8, `${dumps() - before} dumps`);
  const rest = dumps();
  chip.add(mac(2));
  want(mac(2));
  await pass(3);
  t.true(dumps() > rest);
});

test('without hardware nothing is looked at', async (t) => {
  const { want, pass, dumps, watch } = await scene('');
  want(mac(1));
  await pass(60);
  t.is(dumps(), 0);
  t.is(watch.vni(VNI), undefined);
  t.deepEqual(watch.mac(VNI, mac(1)), { state: 'software', reason: undefined });
});

test('a driver that refuses to change a row is asked to delete it and to take it anew, and frames follow no row to the former VTEP', async (t) => {
  const { want, pass, dataPlane, kernel, watch } = await scene();
  want(mac(1));
  await pass(1);
  const rows = () => [...kernel.tables.vxlanRowsOfDevice(kernel.topology.vnis.get(VNI)!.vxlanIfindex)];
  let isFull = false;
  kernel.fault = ({ table, verb }) =>
    table === 'vxlan' && verb === 'add' && (isFull || rows().length > 0) ? EOPNOTSUPP : 0;
  const before = kernel.applied.length;
  dataPlane.setMac(VNI, mac(1), ELSEWHERE, false, 0);
  await pass(1);
  t.deepEqual(
    kernel.applied.slice(before).map(({ table, verb }) => `${verb} ${table}`),
    ['add vxlan', 'delete vxlan', 'add vxlan'],
  );
  t.deepEqual(
    rows().map(({ dst }) => dst),
    [ELSEWHERE],
  );
  t.deepEqual([...watch.problems()], []);
  isFull = true;
  dataPlane.setMac(VNI, mac(1), VTEP, false, 0);
  await pass(1);
  t.deepEqual(rows(), []);
  t.deepEqual(watch.mac(VNI, mac(1)), { state: 'refused', reason: 'EOPNOTSUPP' });
  isFull = false;
  await pass(6);
  t.deepEqual(
    rows().map(({ dst }) => dst),
    [VTEP],
  );
});

test('of a route it shows what the driver made of it; what is refused is a problem until it is not', async (t) => {
  const { dataPlane, kernel, marks, pass, watch } = await scene();
  const prefixes = ['192.0.2.0/26', '192.0.2.64/26', '192.0.2.128/26', '2001:db8::/32', '198.51.100.0/24'];
  const [offloaded, trapped, refused, unmarked, unwritten] = prefixes.map(parsePrefix);
  marks.set(offloaded, Rtm.OFFLOAD).set(trapped, Rtm.TRAP).set(refused, Rtm.OFFLOAD_FAILED);
  kernel.fault = (operation) => (operation.table === 'route' && operation.prefix === unwritten ? ENOSPC : 0);
  const { routes } = dataPlane;
  const [[ifindex]] = kernel.topology.interfaces;
  const group = routes!.addGroup([{ ifindex, gateway: VTEP }]);
  for (const prefix of prefixes.map(parsePrefix)) routes!.set(prefix, group);
  await pass(3);
  const { plane } = routes!;
  const state = (prefix: PrefixKey) => watch.routes.route(plane, prefix);
  t.deepEqual(
    [offloaded, trapped, refused, unmarked, parsePrefix('203.0.113.0/24')].map((each) => state(each)?.state),
    ['offloaded', 'trap', 'refused', 'software', undefined],
  );
  t.deepEqual(state(unwritten), { state: 'refused', reason: 'ENOSPC' });
  t.deepEqual(watch.routes.counts(plane), { offloaded: 1, trap: 1, refused: 1, software: 2 });
  const [problem] = [...watch.problems()];
  t.regex(problem.problem, /not taken 1 route, such as that to 192\.0\.2\.128\/26/);
  marks.set(refused, Rtm.OFFLOAD);
  await pass(31);
  t.is(state(refused)?.state, 'offloaded');
  t.deepEqual([...watch.problems()], []);
  kernel.setTopology({ ...kernel.topology, hasSwitch: false });
  await pass(1);
  t.deepEqual([state(offloaded), watch.routes.counts(plane)], [undefined, undefined]);
});

test('of default destinations those that the hardware does not have are named, each with its state', async (t) => {
  const { dataPlane, kernel, pass, watch } = await scene();
  kernel.fault = (operation) =>
    operation.table === 'vxlan-default' && operation.dst === ELSEWHERE ? ENOSPC : 0;
  for (const dst of [ELSEWHERE, VTEP]) dataPlane.setFlood(VNI, dst);
  await pass(3);
  const outside = () => watch.vni(VNI)?.floodsOutside.map(({ dst, offload }) => [dst, offload.state]);
  t.deepEqual(outside(), [
    [VTEP, 'pending'],
    [ELSEWHERE, 'refused'],
  ]);
  await pass(14);
  t.deepEqual(outside()?.[0], [VTEP, 'not-taken']);
});
