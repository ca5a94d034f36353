import test from 'ava';
import { Ntf, Nud, type Snooper } from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import { MAC_ZERO, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';

/* A leaf that only observes: it knows what it would write, and nothing of it reaches the kernel or a host. */
const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const IP = parseIp('10.10.10.11');

async function observed() {
  const clock = new VirtualClock();
  const questions: unknown[] = [];
  const snooper: Snooper = {
    start() {},
    ask: (question) => questions.push(question) > 0,
    close() {},
  };
  const watcher = new Leaf(clock, vtepOf(1), 65001, {}, undefined, {
    observes: true,
    hosts: watchHosts(snooper),
  });
  const other = new Leaf(clock, vtepOf(2), 65002);
  const devices = [watcher, other].map((leaf) => leaf.world.devices(VNI));
  for (const [i, leaf] of [watcher, other].entries()) {
    leaf.addVni(devices[i]);
    await leaf.start();
    leaf.dataPlane.sweep();
  }
  const wire = new Wire([watcher, other]);
  wire.quiesce(clock);
  const pending = () =>
    [...watcher.dataPlane.pendingKeys()].flatMap(({ plane, ...which }) =>
      plane.operations(which).map(({ verb, table }) => `${verb} ${table}`),
    );
  return { clock, watcher, other, ours: devices[0], theirs: devices[1], wire, pending, questions };
}

test('whatever happens, no operation reaches the kernel and no host is asked', async (t) => {
  const { clock, watcher, other, ours, theirs, wire, questions } = await observed();
  const neigh = { ip: IP, mac: HOST, state: Nud.REACHABLE, flags: 0, protocol: 0 };
  for (let round = 0; round < 3; round++) {
    other.hostSpeaks(theirs, HOST);
    other.world.kernel.putNeigh({ ...neigh, ifindex: theirs.bridgeIfindex });
    wire.quiesce(clock);
    watcher.hostSpeaks(ours, HOST);
    watcher.world.kernel.putNeigh({ ...neigh, ifindex: ours.bridgeIfindex });
    wire.quiesce(clock);
    clock.advance(300_000);
    watcher.hostAges(ours, HOST);
    wire.quiesce(clock);
  }
  const done = watcher.dataPlane.flush();
  clock.advance(20_000);
  await done;
  t.deepEqual(watcher.world.kernel.applied, []);
  t.deepEqual(watcher.dataPlane.reconciler.stats, { operations: 0, failures: 0 });
  t.deepEqual(questions, []);
  t.is(watcher.dataPlane.drift.total, 0);
});

test('what is pending is the difference: nothing where another daemon has written the same rows', async (t) => {
  const { clock, watcher, other, ours, theirs, wire, pending } = await observed();
  const { kernel } = watcher.world;
  const { bridgeIfindex, vxlanIfindex: port } = ours;
  t.deepEqual(pending(), ['add vxlan-default']);
  other.hostSpeaks(theirs, HOST);
  other.world.kernel.putNeigh({
    ifindex: theirs.bridgeIfindex,
    ip: IP,
    mac: HOST,
    state: Nud.REACHABLE,
    flags: 0,
    protocol: 0,
  });
  wire.quiesce(clock);
  t.deepEqual(pending(), ['add fdb', 'add vxlan-default', 'add neigh']);
  // As FRR writes them
  const written = { state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED };
  kernel.putBridge({ bridgeIfindex, vlan: 0, mac: HOST, port, ...written });
  const vxlan = { ifindex: port, srcVni: 0, dst: vtepOf(2), nexthopId: 0 };
  kernel.putVxlan({ ...vxlan, mac: HOST, state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED });
  kernel.putVxlan({ ...vxlan, mac: MAC_ZERO, state: Nud.NOARP | Nud.PERMANENT, flags: Ntf.SELF });
  kernel.putNeigh({
    ifindex: bridgeIfindex,
    ip: IP,
    mac: HOST,
    state: Nud.NOARP,
    flags: Ntf.EXT_LEARNED,
    protocol: 11,
  });
  clock.advance(20_000);
  t.deepEqual(pending(), []);
  t.true(watcher.dataPlane.plane(VNI)?.isSettled({ table: 'mac', key: HOST }));
  // What it would do otherwise
  kernel.putVxlan({
    ...vxlan,
    mac: HOST,
    dst: vtepOf(7),
    state: Nud.REACHABLE,
    flags: Ntf.SELF | Ntf.EXT_LEARNED,
  });
  kernel.putVxlan({ ...vxlan, mac: OTHER, state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED });
  clock.advance(20_000);
  t.deepEqual(pending(), ['add vxlan', 'delete vxlan']);
  t.deepEqual(kernel.applied, []);
});
