import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority, release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { native } from '../../src/linux/index.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const NLMSG_NOOP = 1;
const NLM_F_ACK = 4;
const ACK_OCTETS = 36;
const EMSGSIZE = 90;
const { Exchange, RawSocket } = native();

/** A netlink socket: whatever is sent on it has been answered when send returns, and anybody may have one. */
function netlinkSocket(): InstanceType<typeof RawSocket> {
  const socket = new RawSocket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  if (socket.bind(address) !== 0) throw new Error('bind');
  return socket;
}

/** So many datagrams of one message each, numbered from 1, which the kernel does nothing with but acknowledge. */
function requests(count: number): {
  bytes: Buffer;
  lengths: Int32Array;
  answers: Buffer;
  outcome: Int32Array;
} {
  const bytes = Buffer.alloc(count * 16);
  for (let i = 0; i < count; i++) {
    bytes.writeUInt32LE(16, i * 16);
    bytes.writeUInt16LE(NLMSG_NOOP, i * 16 + 4);
    bytes.writeUInt16LE(NLM_F_ACK, i * 16 + 6);
    bytes.writeUInt32LE(i + 1, i * 16 + 8);
  }
  return {
    bytes,
    lengths: new Int32Array(count).fill(16),
    answers: Buffer.alloc(64 * 1024),
    outcome: new Int32Array(1 + count * 2),
  };
}

type Requests = ReturnType<typeof requests>;

function answered({ answers, outcome, lengths }: Requests): number[] {
  const sequences: number[] = [];
  for (let i = 0, at = 0; i < outcome[0]; i++) {
    sequences.push(answers.readUInt32LE(at + 8));
    at += (outcome[1 + lengths.length + i] + 3) & ~3;
  }
  return sequences;
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 400 && !condition(); tries++) await sleep(5);
  return condition();
}

test.serial('every datagram is sent and answered, here and on a thread', async (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const here = requests(5);
  exchange.run(here.bytes, here.lengths, 5, here.answers, here.outcome);
  t.deepEqual(answered(here), [1, 2, 3, 4, 5]);
  t.deepEqual([...here.outcome.subarray(0, 7)], [5, 0, 0, 0, 0, 0, ACK_OCTETS]);
  const there = requests(300);
  let ended = 0;
  const done = () => {
    ended++;
  };
  t.is(exchange.start(there.bytes, there.lengths, 300, there.answers, there.outcome, done), 0);
  t.is(ended, 0);
  t.true(await until(() => ended === 1));
  t.is(answered(there).length, 300);
  t.is(answered(there)[299], 300);
  exchange.close();
  socket.close();
});

test.serial('what is waited for is there at once, and its end is told later', async (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const told: number[] = [];
  for (let round = 0; round < 200; round++) {
    const bulk = requests(20);
    exchange.start(bulk.bytes, bulk.lengths, 20, bulk.answers, bulk.outcome, () => told.push(round));
    exchange.finish();
    t.is(answered(bulk).length, 20);
    t.is(told.length, round);
    // Others may use it in between
    const other = requests(1);
    exchange.run(other.bytes, other.lengths, 1, other.answers, other.outcome);
    t.deepEqual(answered(other), [1]);
    t.true(await until(() => told.length === round + 1));
  }
  exchange.close();
  socket.close();
});

test.serial('one waits behind another, and their ends are told in the order of starting', async (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const told: number[] = [];
  const start = ({ bytes, lengths, answers, outcome }: Requests, name: number) =>
    exchange.start(bytes, lengths, lengths.length, answers, outcome, () => told.push(name));
  for (let round = 0; round < 100; round++) {
    told.length = 0;
    const [first, second, third] = [requests(300), requests(200), requests(1)];
    start(first, 1);
    start(second, 2);
    t.throws(() => start(third, 3), { code: 'ERR_BUSY' });
    if (round % 2 === 0) {
      exchange.finish();
      t.is(answered(first)[299], 300);
      t.is(answered(second)[199], 200);
      t.throws(() => start(third, 3), { code: 'ERR_BUSY' });
    }
    t.true(await until(() => told.length === 2));
    t.deepEqual(told, [1, 2]);
    t.is(answered(second).length, 200);
  }
  exchange.close();
  socket.close();
});

test.serial('nothing is sent here while something is under way', (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const some = requests(1);
  const bulk = { ...requests(2000), answers: Buffer.alloc(256 * 1024) };
  exchange.start(bulk.bytes, bulk.lengths, 2000, bulk.answers, bulk.outcome, () => {});
  const error = t.throws(() => exchange.run(some.bytes, some.lengths, 1, some.answers, some.outcome));
  t.is((error as NodeJS.ErrnoException).code, 'ERR_BUSY');
  exchange.finish();
  exchange.run(some.bytes, some.lengths, 1, some.answers, some.outcome);
  t.deepEqual(answered(some), [1]);
  exchange.close();
  socket.close();
});

test.serial('an end may begin the next', async (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  let ended = 0;
  const again = () => {
    ended++;
    const bulk = requests(3);
    if (ended < 50) exchange.start(bulk.bytes, bulk.lengths, 3, bulk.answers, bulk.outcome, again);
  };
  const first = requests(3);
  exchange.start(first.bytes, first.lengths, 3, first.answers, first.outcome, again);
  t.true(await until(() => ended === 50));
  exchange.close();
  socket.close();
});

test.serial('arrays that are lent are not collected', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const socket = netlinkSocket();
  let ended = 0;
  const begin = () => {
    const bulk = requests(500);
    new Exchange(socket.fd).start(bulk.bytes, bulk.lengths, 500, bulk.answers, bulk.outcome, () => {
      ended++;
      t.is(bulk.outcome[0], 500);
    });
  };
  for (let i = 0; i < 3; i++) {
    begin();
    collect();
    t.true(await until(() => ended === i + 1));
  }
  collect();
  socket.close();
});

test.serial('a datagram that cannot be sent has its errno, and the others go', (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const some = requests(3);
  const huge = Buffer.alloc(32 + (8 << 20));
  some.bytes.copy(huge, 0, 0, 16);
  some.bytes.copy(huge, 16 + (8 << 20), 16, 32);
  some.lengths[1] = 8 << 20;
  exchange.run(huge, some.lengths, 3, some.answers, some.outcome);
  t.deepEqual([...some.outcome.subarray(0, 4)], [2, 0, EMSGSIZE, 0]);
  t.deepEqual(answered(some), [1, 2]);
  exchange.close();
  socket.close();
});

test.serial('answers that find no room stay for the next reading', (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const some = requests(4);
  const outcome = new Int32Array(1 + 4 + 2);
  exchange.run(some.bytes, some.lengths, 4, some.answers, outcome);
  t.is(outcome[0], 2);
  const next = requests(1);
  next.outcome = new Int32Array(1 + 1 + 8);
  exchange.run(next.bytes, next.lengths, 1, next.answers, next.outcome);
  t.deepEqual(answered(next), [3, 4, 1]);
  exchange.close();
  socket.close();
});

test.serial('wrong arguments throw and send nothing', (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const { bytes, lengths, answers, outcome } = requests(2);
  for (const args of [
    ['text', lengths, 2, answers, outcome],
    [bytes, bytes, 2, answers, outcome],
    [bytes, lengths, 0, answers, outcome],
    [bytes, lengths, 3, answers, outcome],
    [bytes, lengths, 2, lengths, outcome],
    [bytes, lengths, 2, answers, new Int32Array(3)],
    [bytes, new Int32Array([16, 17]), 2, answers, outcome],
    [bytes, new Int32Array([16, -1]), 2, answers, outcome],
    [bytes, lengths],
  ])
    t.throws(() => (exchange.run as (...given: unknown[]) => void)(...args), { instanceOf: TypeError });
  t.throws(
    () => (exchange.start as (...given: unknown[]) => void)(bytes, lengths, 2, answers, outcome, 'done'),
    { instanceOf: TypeError },
  );
  t.is(outcome[0], 0);
  exchange.close();
  t.throws(() => exchange.run(bytes, lengths, 2, answers, outcome), { code: 'ERR_SOCKET_CLOSED' });
  exchange.finish();
  exchange.close();
  socket.close();
});

test.serial('closed while something is under way: it is done, and its end is not told', async (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const bulk = requests(500);
  const behind = requests(100);
  const fail = () => t.fail('the end was told');
  exchange.start(bulk.bytes, bulk.lengths, 500, bulk.answers, bulk.outcome, fail);
  exchange.start(behind.bytes, behind.lengths, 100, behind.answers, behind.outcome, fail);
  exchange.close();
  t.is(bulk.outcome[0], 500);
  t.is(behind.outcome[0], 100);
  await sleep(20);
  socket.close();
});

test.serial('a worker that ends while something is under way ends', async (t) => {
  const rooms = new URL('../../src/linux/index.js', import.meta.url).href;
  const source = `
    import(${JSON.stringify(rooms)}).then(({ native }) => {
      const { Exchange, RawSocket } = native();
      const socket = new RawSocket(${AF_NETLINK}, ${SOCK_RAW}, ${NETLINK_ROUTE});
      const address = Buffer.alloc(12);
      address.writeUInt16LE(${AF_NETLINK}, 0);
      socket.bind(address);
      const count = 2000;
      const bytes = Buffer.alloc(16 * count);
      for (let i = 0; i < count; i++) bytes.writeUInt32LE(16, i * 16);
      const exchange = new Exchange(socket.fd);
      exchange.start(bytes, new Int32Array(count).fill(16), count, Buffer.alloc(65536), new Int32Array(4096), () => {});
      process.exit(7);
    });
  `;
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(source, { eval: true });
    t.is(await new Promise((resolve) => worker.once('exit', resolve)), 7);
  }
});

/** Nanoseconds that each thread of this process asks for at a time: Linux 6.12 and later tell, where built to. */
function slices(): number[] {
  const [major, minor] = release().split('.').map(Number);
  if (major * 100 + minor < 612 || !existsSync('/proc/self/sched')) return [];
  return readdirSync('/proc/self/task').map((thread) =>
    Number(/^se\.slice +: +(\d+)$/m.exec(readFileSync(`/proc/self/task/${thread}/sched`, 'utf8'))?.[1]),
  );
}

/** The nice level of every thread of this process (proc(5): the 17th field behind the command's name). */
function niceLevels(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

test('the thread goes before its process where it may, and works where it may not', async (t) => {
  const socket = netlinkSocket();
  const exchange = new Exchange(socket.fd);
  const some = requests(3);
  let over = false;
  exchange.start(some.bytes, some.lengths, 3, some.answers, some.outcome, () => {
    over = true;
  });
  t.true(await until(() => over));
  t.deepEqual(answered(some), [1, 2, 3]);
  // RLIMIT_NICE aside, which nobody sets for tests
  t.is(Math.min(...niceLevels()), getPriority() - (process.getuid?.() === 0 ? 5 : 0));
  const told = slices();
  if (told.length > 0) t.is(Math.min(...told), 100_000);
  exchange.close();
  socket.close();
});
