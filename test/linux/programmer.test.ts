import test from 'ava';
import type { Operation, OperationResult } from '../../src/dataplane/index.js';
import { Programmer } from '../../src/linux/programmer.js';
import { type Mac, parseIp, parseMac } from '../../src/types/index.js';
import { MemoryWorld } from '../dataplane/memory-world.js';
import { MemoryRtnetlink } from '../doubles/memory-rtnetlink.js';

const MAC = parseMac('02:00:00:00:00:01');
/** One MAC behind a VTEP: the devices are nobody's, so that the kernel refuses it. */
const ONE: readonly Operation[] = [
  {
    table: 'fdb',
    verb: 'add',
    port: 7,
    vlan: 0,
    srcVni: 0,
    mac: MAC,
    dst: parseIp('10.0.0.1'),
  },
];

/** The same as one row, which stays refused. */
const ROW: readonly Operation[] = [
  { table: 'vxlan', verb: 'add', ifindex: 7, srcVni: 0, mac: MAC, dst: parseIp('10.0.0.1') },
];

/** A programmer whose requests take `take` milliseconds each, by its own clock, and of which only bulks are worth a thread. */
async function slow(smallASecond = 0) {
  const memory = new MemoryWorld();
  const sockets = new MemoryRtnetlink(memory.kernel).sockets();
  const time = { now: 0, take: 0 };
  class SlowExchange extends sockets.Exchange {
    override run(...job: Parameters<InstanceType<typeof sockets.Exchange>['run']>): void {
      super.run(...job);
      time.now += time.take;
    }
  }
  const programmer = new Programmer({ ...sockets, Exchange: SlowExchange }, () => time.now, smallASecond);
  const close = async () => {
    programmer.close();
    await memory.close();
  };
  return { programmer, time, close };
}

test('after others have held the kernel up a single operation is worth the thread, for a while', async (t) => {
  const { programmer, time, close } = await slow();
  programmer.apply(ONE);
  t.false(programmer.mayLaunch(ONE));
  time.take = 1_000;
  programmer.apply(ONE);
  time.take = 0;
  t.true(programmer.mayLaunch(ONE));
  t.false(programmer.mayLaunch([]));
  time.now += 4_000;
  t.true(programmer.mayLaunch(ONE));
  // Sixty times as long as it was held
  time.now += 55_900;
  t.true(programmer.mayLaunch(ONE));
  time.now += 200;
  t.false(programmer.mayLaunch(ONE));
  await close();
});

test('what held the kernel up for some milliseconds alone is remembered for five seconds', async (t) => {
  const { programmer, time, close } = await slow();
  time.take = 10;
  programmer.apply(ONE);
  time.take = 0;
  time.now += 4_900;
  t.true(programmer.mayLaunch(ONE));
  time.now += 200;
  t.false(programmer.mayLaunch(ONE));
  await close();
});

test('what waits on the thread says as well that others hold the kernel up', async (t) => {
  const { programmer, time, close } = await slow();
  const launch = (take: number) =>
    new Promise<void>((over) => {
      programmer.launch(ONE, () => true, { landed: () => {}, over: () => over() });
      time.now += take;
    });
  await launch(99);
  t.false(programmer.mayLaunch(ONE));
  await launch(2_000);
  t.true(programmer.mayLaunch(ONE));
  time.now += 4_900;
  await launch(2_000);
  time.now += 4_900;
  t.true(programmer.mayLaunch(ONE));
  await close();
});

test('what is on the thread is known by its MACs until it is over', async (t) => {
  const { programmer, close } = await slow();
  const over = new Promise<void>((resolve) => {
    programmer.launch(ONE, () => true, { landed: () => {}, over: () => resolve() });
  });
  t.true(programmer.concerns(MAC));
  t.false(programmer.concerns((MAC + 1) as Mac));
  programmer.land();
  t.true(programmer.concerns(MAC));
  await over;
  t.false(programmer.concerns(MAC));
  await close();
});

test('a single operation goes behind nothing that is on the thread, and its answer is the same', async (t) => {
  const { programmer, time, close } = await slow();
  time.take = 1_000;
  const [onTheSpot] = programmer.apply(ONE);
  time.take = 0;
  const results = await new Promise<readonly OperationResult[]>((over) => {
    t.true(programmer.launch(ONE, () => true, { landed: () => {}, over }));
    t.false(programmer.mayLaunch(ONE));
  });
  t.deepEqual(results, [onTheSpot]);
  t.true(programmer.mayLaunch(ONE));
  await close();
});

test('so many small ones a second are worth the thread, and then none until there is room again', async (t) => {
  const { programmer, time, close } = await slow(200);
  const launch = () =>
    new Promise<void>((over) => {
      programmer.launch(ROW, () => true, { landed: () => {}, over: () => over() });
    });
  for (let n = 0; n < 20; n++) {
    t.true(programmer.mayLaunch(ROW));
    await launch();
  }
  t.false(programmer.mayLaunch(ROW));
  time.now += 5;
  t.true(programmer.mayLaunch(ROW));
  await launch();
  t.false(programmer.mayLaunch(ROW));
  time.now += 60_000;
  t.true(programmer.mayLaunch(ROW));
  for (let n = 0; n < 20; n++) await launch();
  t.false(programmer.mayLaunch(ROW));
  await close();
});

test('while there are too many small ones none of them is worth the thread, and soon after there are fewer they are again', async (t) => {
  const { programmer, time, close } = await slow(200);
  for (let n = 0; n < 1_000; n++, time.now += 1) {
    if (n > 100) t.false(programmer.mayLaunch(ROW));
    programmer.apply(ROW);
  }
  for (let n = 0; n < 10; n++, time.now += 25) programmer.apply(ROW);
  t.true(programmer.mayLaunch(ROW));
  await close();
});

test('whoever waits until nothing is under way is told when it is over, or given up', async (t) => {
  const { programmer, close } = await slow();
  const told: string[] = [];
  const launch = () =>
    programmer.launch(ONE, () => true, { landed: () => {}, over: () => told.push('over') });
  await programmer.settled();
  launch();
  await programmer.settled();
  t.deepEqual(told, ['over']);
  launch();
  const settled = programmer.settled();
  programmer.abandon();
  await settled;
  t.deepEqual(told, ['over']);
  await close();
});
