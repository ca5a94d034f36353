import test from 'ava';
import { type DefaultsMemory, type Kernel, NO_MEMORY, Nud } from '../../src/dataplane/index.js';
import { formatIp, MAC_ZERO, parseIp, toVni } from '../../src/types/index.js';
import { Leaf, vtepOf, Wire } from '../evpn/support/leaf.js';
import { VirtualClock } from '../support/virtual-clock.js';

const VNI = toVni(10010);
const THEIRS = parseIp('10.9.9.9');

/** What `bridge fdb append 00:00:00:00:00:00 dev … dst … self permanent` writes: the shape of our own rows. */
function append(kernel: Kernel, ifindex: number): void {
  const [{ errno }] = kernel.apply([
    { table: 'vxlan-default', verb: 'add', ifindex, srcVni: 0, dst: THEIRS },
  ]);
  if (errno !== 0) throw new Error(`errno ${errno}`);
}

async function leaf(before: boolean, defaultsMemory: DefaultsMemory = NO_MEMORY) {
  const clock = new VirtualClock();
  const own = new Leaf(clock, vtepOf(1), 65001, {}, undefined, { defaultsMemory });
  const other = new Leaf(clock, vtepOf(2), 65002);
  const devices = own.world.devices(VNI);
  own.addVni(devices);
  other.addVni(other.world.devices(VNI));
  if (before) append(own.world.kernel, devices.vxlanIfindex);
  for (const each of [own, other]) {
    await each.start();
    each.dataPlane.sweep();
  }
  if (!before) append(own.world.kernel, devices.vxlanIfindex);
  const wire = new Wire([own, other]);
  wire.quiesce(clock);
  const rows = () =>
    [...own.world.kernel.tables.defaultRows(devices.vxlanIfindex, 0)].map(({ dst }) => dst).sort();
  return { clock, own, devices, wire, rows };
}

test("a default destination that somebody adds meanwhile is that somebody's, though it looks like ours", async (t) => {
  const { clock, own, devices, wire, rows } = await leaf(false);
  const [row] = own.world.kernel.tables.defaultRows(devices.vxlanIfindex, 0);
  t.is(row.mac, MAC_ZERO);
  t.is(row.state, Nud.NOARP | Nud.PERMANENT);
  t.deepEqual(rows(), [vtepOf(2), THEIRS].sort());
  // The VNI goes and comes, and everything of ours with it
  own.removeVni(devices);
  wire.quiesce(clock);
  own.addVni(devices);
  wire.quiesce(clock);
  t.true(rows().includes(vtepOf(2)));
  const flushed = own.dataPlane.flush();
  clock.runUntilIdle();
  await flushed;
  t.false(rows().includes(vtepOf(2)));
});

test('one that stands at the start and that we wrote is a leftover, and is swept', async (t) => {
  const { rows } = await leaf(true, { ...NO_MEMORY, wrote: ({ dst }) => dst === THEIRS });
  t.deepEqual(rows(), [vtepOf(2)]);
});

test('one that stands at the start and that we did not write stays', async (t) => {
  const { own, clock, rows } = await leaf(true);
  t.deepEqual(rows(), [vtepOf(2), THEIRS].sort());
  const flushed = own.dataPlane.flush();
  clock.runUntilIdle();
  await flushed;
  t.deepEqual(rows(), [THEIRS]);
});

test('what is written and removed is told to the memory, once each', async (t) => {
  const story: string[] = [];
  const { own, clock } = await leaf(false, {
    wrote: () => false,
    added: ({ dst }) => story.push(`+${formatIp(dst)}`),
    dropped: ({ dst }) => story.push(`-${formatIp(dst)}`),
  });
  const flushed = own.dataPlane.flush();
  clock.runUntilIdle();
  await flushed;
  t.deepEqual(story, ['+10.0.0.2', '-10.0.0.2']);
});
