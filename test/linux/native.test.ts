import { closeSync, readdirSync, readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { native, sdNotify } from '../../src/linux/index.js';

const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_PASSCRED = 16;
const EAGAIN = 11;
const EMSGSIZE = 90;
const { RawSocket, getSocketOption, setSocketOption, trimMemory } = native();

let named = 0;

function abstractName(): string {
  return `evpnd-test-${process.pid}-${named++}`;
}

function unixAddress(name: string): Buffer {
  const address = Buffer.concat([Buffer.from([0, 0, 0]), Buffer.from(name)]);
  address.writeUInt16LE(AF_UNIX, 0);
  return address;
}

function listener(): { socket: InstanceType<typeof RawSocket>; address: Buffer; name: string } {
  const name = abstractName();
  const address = unixAddress(name);
  const socket = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  if (socket.bind(address) !== 0) throw new Error('bind');
  return { socket, address, name };
}

function sendText(address: Buffer, text: string): number {
  const socket = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  const bytes = Buffer.from(text);
  const sent = socket.sendTo(bytes, 0, bytes.length, address);
  socket.close();
  return sent;
}

function openSockets(): number {
  let count = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')) count++;
    } catch {
      // The descriptor of the listing itself
    }
  }
  return count;
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 400 && !condition(); tries++) await sleep(5);
  return condition();
}

test.serial('datagrams come one behind the other, at multiples of four', (t) => {
  const { socket, address } = listener();
  for (const text of ['abc', 'defgh', 'i']) t.is(sendText(address, text), text.length);
  const bytes = Buffer.alloc(64);
  const lengths = new Int32Array(8);
  t.is(socket.receiveMany(bytes, 16, lengths), 3);
  t.deepEqual([...lengths.subarray(0, 4)], [EAGAIN, 3, 5, 1]);
  t.is(bytes.toString('latin1', 0, 3), 'abc');
  t.is(bytes.toString('latin1', 4, 9), 'defgh');
  t.is(bytes.toString('latin1', 12, 13), 'i');
  t.is(socket.receiveMany(bytes, 16, lengths), 0);
  t.is(lengths[0], EAGAIN);
  socket.close();
});

test.serial('a full list, too little room and a datagram that does not fit end a reading', (t) => {
  const { socket, address } = listener();
  for (let i = 0; i < 5; i++) sendText(address, '0123456789');
  const lengths = new Int32Array(3);
  t.is(socket.receiveMany(Buffer.alloc(64), 1, lengths), 2);
  t.is(lengths[0], 0);
  t.is(socket.receiveMany(Buffer.alloc(16), 5, lengths), 1);
  t.is(lengths[0], 0);
  t.is(socket.receiveMany(Buffer.alloc(4), 4, lengths), 0);
  t.is(lengths[0], EMSGSIZE);
  t.is(socket.receiveMany(Buffer.alloc(64), 1, lengths), 1);
  t.is(lengths[0], EAGAIN);
  socket.close();
});

test.serial('failing system calls are negative errnos, a refused socket throws one', (t) => {
  const socket = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  t.is(socket.sendTo(Buffer.from('x'), 0, 1, unixAddress('nobody-is-there')), -111);
  t.is(socket.send(Buffer.from('x'), 0, 1), -107);
  t.is(socket.setOption(99, 99, new Uint8Array(4)), -95);
  t.is(socket.bind(new Uint8Array(1)), -22);
  socket.close();
  const error = t.throws(() => new RawSocket(200, SOCK_DGRAM, 0)) as NodeJS.ErrnoException;
  t.is(error.code, 'EAFNOSUPPORT');
  t.is(error.errno, 97);
});

test.serial('options of own sockets and of others', (t) => {
  const socket = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  const size = new Uint8Array(new Uint32Array([50_000]).buffer);
  const read = new Uint32Array(1);
  const bytes = new Uint8Array(read.buffer);
  t.is(socket.setOption(1, 8, size), 0);
  t.is(socket.getOption(1, 8, bytes), 4);
  t.is(read[0], 100_000);
  t.is(setSocketOption(socket.fd, 1, 8, new Uint8Array(new Uint32Array([60_000]).buffer)), 0);
  t.is(getSocketOption(socket.fd, 1, 8, bytes), 4);
  t.is(read[0], 120_000);
  t.is(setSocketOption(100_000, 1, 8, size), -9);
  socket.close();
});

test.serial('a classic BPF filter drops what it says', (t) => {
  const { socket, address } = listener();
  // ldb [0]; jeq 'x', drop, keep
  const program = Buffer.alloc(32);
  const put = (i: number, code: number, jt: number, jf: number, k: number) => {
    program.writeUInt16LE(code, i * 8);
    program[i * 8 + 2] = jt;
    program[i * 8 + 3] = jf;
    program.writeUInt32LE(k, i * 8 + 4);
  };
  put(0, 0x30, 0, 0, 0);
  put(1, 0x15, 0, 1, 'x'.charCodeAt(0));
  put(2, 0x06, 0, 0, 0);
  put(3, 0x06, 0, 0, 0xffffffff);
  t.is(socket.attachFilter(program), 0);
  sendText(address, 'x is dropped');
  sendText(address, 'kept');
  const lengths = new Int32Array(8);
  t.is(socket.receiveMany(Buffer.alloc(64), 16, lengths), 1);
  t.is(lengths[1], 4);
  socket.close();
});

test.serial('wrong arguments throw TypeError and do nothing', (t) => {
  const { socket } = listener();
  const bytes = new Uint8Array(8);
  // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
  const any = socket as any;
  const wrong: (() => unknown)[] = [
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    () => new (RawSocket as any)(),
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    () => new (RawSocket as any)('a', 2, 0),
    () => new RawSocket(AF_UNIX, 1.5, 0),
    () => new RawSocket(AF_UNIX, Number.NaN, 0),
    () => new RawSocket(-1, SOCK_DGRAM, 0),
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    () => (RawSocket as any)(AF_UNIX, SOCK_DGRAM, 0),
    () => any.bind(),
    () => any.bind('text'),
    () => any.bind(new Int32Array(4)),
    () => any.setOption(1, 2),
    () => any.setOption(1, '2', bytes),
    () => any.setOption(1, 2, null),
    () => any.getOption(1, 2, [1, 2]),
    () => any.attachFilter(new Uint8Array(7)),
    () => any.attachFilter(new Uint8Array(0)),
    () => any.send(bytes, 0),
    () => any.send(bytes, 0, 9),
    () => any.send(bytes, 8, 1),
    () => any.send(bytes, -1, 1),
    () => any.send(bytes, 0, -1),
    () => any.send(bytes, 0x7fffffff, 0x7fffffff),
    () => any.send(bytes, 0, Number.POSITIVE_INFINITY),
    () => any.sendTo(bytes, 0, 8),
    () => any.sendTo(bytes, 0, 8, 'somewhere'),
    () => any.receiveMany(bytes, 0, new Int32Array(4)),
    () => any.receiveMany(bytes, 4, new Int32Array(1)),
    () => any.receiveMany(bytes, 4, new Uint8Array(4)),
    () => any.receiveMany('x', 4, new Int32Array(4)),
    () => any.watch(() => {}),
    () => any.watch({}, () => {}),
    () => any.close.call({}),
    () => any.send.call(new Map(), bytes, 0, 1),
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    () => (setSocketOption as any)(0, 1, 2),
    () => setSocketOption(-1, 1, 2, bytes),
    () => getSocketOption(2 ** 40, 1, 2, bytes),
  ];
  for (const [i, call] of wrong.entries()) t.throws(call, { instanceOf: TypeError }, `call ${i}`);
  socket.close();
  socket.close();
  t.is(socket.fd, -1);
  t.throws(() => socket.send(bytes, 0, 8), { code: 'ERR_SOCKET_CLOSED' });
  t.throws(
    () =>
      socket.watch(
        () => {},
        () => {},
      ),
    { code: 'ERR_SOCKET_CLOSED' },
  );
});

test.serial('an exception in the callback is told, and the watch goes on', async (t) => {
  const { socket, address } = listener();
  const bytes = Buffer.alloc(64);
  const lengths = new Int32Array(8);
  const thrown: unknown[] = [];
  let read = 0;
  socket.watch(
    () => {
      read += socket.receiveMany(bytes, 16, lengths);
      throw new Error(`after ${read}`);
    },
    (error) => {
      thrown.push(error);
      throw new Error('and here again');
    },
  );
  t.throws(
    () =>
      socket.watch(
        () => {},
        () => {},
      ),
    { code: 'ERR_ALREADY_WATCHED' },
  );
  for (let i = 1; i <= 3; i++) {
    sendText(address, 'x');
    t.true(await until(() => read === i));
  }
  t.deepEqual(
    thrown.map((error) => (error as Error).message),
    ['after 1', 'after 2', 'after 3'],
  );
  socket.close();
  sendText(address, 'x');
  await sleep(10);
  t.is(read, 3);
});

test.serial('a socket closes in its own callback', async (t) => {
  const before = openSockets();
  const { socket, address } = listener();
  let calls = 0;
  socket.watch(
    () => {
      calls++;
      socket.close();
    },
    (error) => t.fail(String(error)),
  );
  sendText(address, 'x');
  t.true(await until(() => calls === 1));
  await sleep(10);
  t.is(calls, 1);
  t.is(openSockets(), before);
});

test.serial('a descriptor in error calls back again and again until it is read out', async (t) => {
  const socket = new RawSocket(AF_INET, SOCK_DGRAM, 0);
  // IP_RECVERR: a refused datagram leaves an entry in the error queue, which makes it EPOLLERR
  t.is(socket.setOption(0, 11, new Uint8Array(new Uint32Array([1]).buffer)), 0);
  const address = Buffer.from([AF_INET, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  const statuses: number[] = [];
  socket.watch(
    (status) => {
      statuses.push(status);
      if (statuses.length >= 5) socket.close();
    },
    (error) => t.fail(String(error)),
  );
  t.is(socket.sendTo(Buffer.from('x'), 0, 1, address), 1);
  t.true(await until(() => statuses.length >= 5));
  t.true(
    statuses.some((status) => status < 0),
    `statuses ${statuses}`,
  );
  t.is(socket.fd, -1);
});

test.serial('a forgotten socket gives its descriptor back', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const before = openSockets();
  for (let i = 0; i < 50; i++) new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  t.true(
    await until(() => {
      collect();
      return openSockets() === before;
    }),
  );
});

test.serial('a watched socket is not forgotten', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let heard = 0;
  const address = (() => {
    const made = listener();
    const lengths = new Int32Array(8);
    made.socket.watch(
      () => {
        heard += made.socket.receiveMany(Buffer.alloc(64), 16, lengths);
        made.socket.close();
      },
      () => {},
    );
    return made.address;
  })();
  for (let i = 0; i < 5; i++) {
    collect();
    await sleep(1);
  }
  t.is(sendText(address, 'x'), 1);
  t.true(await until(() => heard === 1));
});

test.serial('a worker that ends in the middle leaves no descriptor', async (t) => {
  const before = openSockets();
  const module = new URL('../../src/linux/native.js', import.meta.url).href;
  const source = (end: string) => `
    import(${JSON.stringify(module)}).then(({ native }) => {
      const { RawSocket } = native();
      globalThis.kept = [1, 2, 3].map(() => new RawSocket(${AF_UNIX}, ${SOCK_DGRAM}, 0));
      for (const socket of kept) socket.watch(() => {}, () => {});
      kept[2].close();
      require('node:worker_threads').parentPort.postMessage('watching');
      ${end}
    });`;
  for (const end of ['', 'process.exit(0);', 'throw new Error("on purpose");']) {
    const worker = new Worker(source(end), { eval: true });
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    worker.on('error', () => {});
    await Promise.race([new Promise((resolve) => worker.once('message', resolve)), exited]);
    if (end === '') await worker.terminate();
    await exited;
  }
  t.is(openSockets(), before);
});

test.serial('sd_notify reaches a path and an abstract name', (t) => {
  t.false(sdNotify('READY=1', undefined));
  t.false(sdNotify('READY=1', ''));
  const path = join(tmpdir(), `${abstractName()}.sock`);
  const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0`)]);
  const byPath = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  t.is(byPath.bind(address), 0);
  const byName = listener();
  const bytes = Buffer.alloc(64);
  const lengths = new Int32Array(4);
  for (const [socket, target] of [
    [byPath, path],
    [byName.socket, `@${byName.name}`],
  ] as const) {
    t.true(sdNotify('READY=1\nSTATUS=fine', target));
    t.is(socket.receiveMany(bytes, 32, lengths), 1);
    t.is(bytes.toString('utf8', 0, lengths[1]), 'READY=1\nSTATUS=fine');
    socket.close();
  }
  t.teardown(() => unlinkSync(path));
  t.throws(() => sdNotify('READY=1', path), { message: /NOTIFY_SOCKET .*errno 111/ });
  t.throws(() => sdNotify('READY=1', 'relative'), { message: /expected a path, or @/ });
  t.throws(() => sdNotify('READY=1', `/${'x'.repeat(200)}`), { message: /below 108 octets/ });
});

test.serial('senders and ancillary data come beside the datagrams', (t) => {
  const { socket, address } = listener();
  const sender = listener();
  t.is(socket.setOption(SOL_SOCKET, SO_PASSCRED, Buffer.from([1, 0, 0, 0])), 0);
  for (const text of ['abc', 'defgh']) {
    const bytes = Buffer.from(text);
    t.is(sender.socket.sendTo(bytes, 0, bytes.length, address), bytes.length);
  }
  const bytes = Buffer.alloc(64);
  const lengths = new Int32Array(16);
  const addresses = Buffer.alloc(2 * 64);
  const controls = Buffer.alloc(2 * 40);
  t.is(socket.receiveManyFrom(bytes, 16, lengths, addresses, 64, controls, 40), 2);
  t.is(lengths[0], 0, 'ended by the room for addresses');
  t.deepEqual([lengths[1], lengths[4]], [3, 5]);
  t.is(bytes.toString('latin1', 0, 9), 'abc\0defgh');
  for (const i of [0, 1]) {
    t.is(lengths[2 + 3 * i], sender.address.length);
    t.deepEqual(addresses.subarray(i * 64, i * 64 + sender.address.length), sender.address);
    // struct cmsghdr, then struct ucred with our pid first
    t.true(lengths[3 + 3 * i] >= 28);
    t.is(controls.readInt32LE(i * 40 + 16), process.pid);
  }
  t.is(socket.receiveManyFrom(bytes, 16, lengths, addresses, 64, controls, 40), 0);
  t.is(lengths[0], EAGAIN);
  // An address longer than its room is cut short, and says so by its length
  sender.socket.sendTo(bytes, 0, 3, address);
  t.is(socket.receiveManyFrom(bytes, 16, lengths, addresses, 4, controls, 40), 1);
  t.is(lengths[2], 4);
  sender.socket.sendTo(bytes, 0, 20, address);
  t.is(socket.receiveManyFrom(bytes.subarray(0, 16), 16, lengths, addresses, 64, controls, 40), 0);
  t.is(lengths[0], EMSGSIZE);
  for (const wrong of [
    () => socket.receiveManyFrom(bytes, 0, lengths, addresses, 64, controls, 40),
    () => socket.receiveManyFrom(bytes, 16, new Int32Array(3), addresses, 64, controls, 40),
    () => socket.receiveManyFrom(bytes, 16, lengths, addresses, 0, controls, 40),
    () => socket.receiveManyFrom(bytes, 16, lengths, addresses, 64, controls, -1),
    () => socket.receiveManyFrom(bytes, 16, lengths, [] as never, 64, controls, 40),
  ])
    t.throws(wrong, { instanceOf: TypeError });
  socket.close();
  sender.socket.close();
});

test.serial('a watch that pauses says nothing until it goes on', async (t) => {
  const { socket, address } = listener();
  let calls = 0;
  const bytes = Buffer.alloc(64);
  const lengths = new Int32Array(8);
  socket.pause();
  socket.resume();
  socket.watch(
    () => {
      calls++;
      socket.receiveMany(bytes, 16, lengths);
    },
    () => {},
  );
  sendText(address, 'a');
  t.true(await until(() => calls === 1));
  socket.pause();
  socket.pause();
  sendText(address, 'b');
  await sleep(20);
  t.is(calls, 1);
  socket.resume();
  t.true(await until(() => calls === 2));
  t.is(bytes.toString('latin1', 0, 1), 'b');
  socket.pause();
  socket.close();
  t.throws(() => socket.resume(), { message: /closed/ });
});

test.serial('stream sockets: errnos are data, wrong arguments are bugs, a descriptor is given once', (t) => {
  const { acceptSocket, interfaceName, listenSocket, socketName } = native();
  const address = Buffer.alloc(28);
  const socket = new RawSocket(AF_INET, 1, 0);
  t.is(acceptSocket(socket.fd, address), -22, 'EINVAL: it does not listen');
  t.is(listenSocket(socket.fd, 1), 0);
  t.is(acceptSocket(socket.fd, address), -EAGAIN);
  t.is(socketName(socket.fd, address), 16);
  t.true(address.readUInt16BE(2) > 0, 'the kernel has chosen a port');
  t.is(interfaceName(1), 'lo');
  t.is(interfaceName(0x7fff_ffff), undefined);
  for (const wrong of [
    () => listenSocket(-1, 1),
    () => listenSocket(socket.fd, 'x' as never),
    () => acceptSocket(socket.fd, [] as never),
    () => socketName('x' as never, address),
    () => interfaceName(1.5),
    () => (listenSocket as (fd: number) => number)(socket.fd),
  ])
    t.throws(wrong, { instanceOf: TypeError });
  socket.watch(
    () => {},
    () => {},
  );
  t.throws(() => socket.release(), { code: 'ERR_ALREADY_WATCHED' });
  socket.close();
  const given = new RawSocket(AF_INET, 1, 0);
  const fd = given.release();
  t.is(given.fd, -1);
  t.throws(() => given.release(), { code: 'ERR_SOCKET_CLOSED' });
  given.close();
  t.is(listenSocket(fd, 1), 0, 'it is open still');
  closeSync(fd);
  t.is(listenSocket(fd, 1), -9, 'EBADF');
});

test('trimMemory gives back most pages of the program, which goes on as before', (t) => {
  const mapped = () => Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const before = mapped();
  const german = () => new Intl.NumberFormat('de').format(1234.5);
  const number = german();
  trimMemory();
  t.true(mapped() < before / 2, `${before} KiB before, ${mapped()} after`);
  t.is(german(), number);
});
