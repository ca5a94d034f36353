import test from 'ava';
import * as K from '../../src/linux/constants.js';
import { native } from '../../src/linux/native.js';
import { portOf, SOCKADDR_ROOM, socketAddress } from '../../src/linux/socket-address.js';
import { type Ip, parseIp } from '../../src/types/index.js';

const LOOPBACK = parseIp('127.0.0.1') as Ip;
const MICROSECONDS = 1000;

type Scene = ReturnType<typeof scene>;

/** The next `count` packets that are heard. */
function next({ heard, pass }: Pick<Scene, 'heard' | 'pass'>, count: number): string[] {
  const texts: string[] = [];
  for (let looks = 0; looks < 1000 && texts.length < count; looks++) {
    pass(5);
    texts.push(...heard());
  }
  return texts;
}

/** A socket that sends, one that hears, and what it has heard; `pass` lets time pass without any turn of the event loop. */
function scene() {
  const { RawSocket, Repeater, socketName } = native();
  const [mouth, ear] = [1, 2].map(() => new RawSocket(K.AF_INET, K.SOCK_DGRAM, 0));
  ear.bind(socketAddress(LOOPBACK, 0));
  const name = Buffer.alloc(SOCKADDR_ROOM);
  socketName(ear.fd, name);
  const repeater = new Repeater();
  const bytes = Buffer.alloc(1 << 16);
  const lengths = new Int32Array(1024);
  const heard = (): string[] => {
    const count = ear.receiveMany(bytes, 64, lengths);
    const texts: string[] = [];
    for (let i = 0, at = 0; i < count; i++) {
      const length = lengths[1 + i];
      texts.push(bytes.toString('latin1', at, at + length));
      at += (length + 3) & ~3;
    }
    return texts;
  };
  const pass = (milliseconds: number) =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  const say = (text: string, least = 10, most = 10, now = false, key = 0) =>
    repeater.repeat(
      key,
      mouth.fd,
      Buffer.from(text, 'latin1'),
      socketAddress(LOOPBACK, portOf(name)),
      least * MICROSECONDS,
      most * MICROSECONDS,
      now,
    );
  const close = () => {
    repeater.close();
    mouth.close();
    ear.close();
  };
  return { repeater, mouth, heard, pass, say, close };
}

test('what it repeats is sent while the event loop stands still, and nothing once it is stopped', (t) => {
  const { repeater, heard, pass, say, close } = scene();
  t.teardown(close);
  t.is(say('a'), 0);
  t.is(repeater.sent(0), 0, 'not at once');
  t.true(next({ heard, pass }, 3).length >= 3);
  repeater.stop(0);
  const sent = repeater.sent(0);
  heard();
  pass(60);
  t.deepEqual(heard(), []);
  t.is(repeater.sent(0), sent);
  t.is(repeater.error(0), 0);
});

test('another packet takes the place of the one before, and may be sent at once', (t) => {
  const { repeater, heard, pass, say, close } = scene();
  t.teardown(close);
  say('a', 60_000, 60_000, true);
  t.deepEqual(heard(), ['a']);
  say('b', 60_000, 60_000, false);
  pass(30);
  t.deepEqual(heard(), [], 'its pace stays');
  say('b', 60_000, 60_000, true);
  say('c', 5, 10, false);
  t.deepEqual(next({ heard, pass }, 3).slice(0, 2), ['b', 'c']);
  t.true(repeater.sent(0) >= 4);
});

test('keys are of their own', (t) => {
  const { repeater, heard, pass, say, close } = scene();
  t.teardown(close);
  say('a', 5, 5, true, 0);
  say('b', 5, 5, true, 40);
  pass(30);
  repeater.stop(0);
  heard();
  const later = next({ heard, pass }, 3);
  t.true(later.length >= 3 && later.every((text) => text === 'b'));
});

test('what cannot be sent has its errno, and is sent on when it can', (t) => {
  const { repeater, mouth, close } = scene();
  t.teardown(close);
  const nowhere = socketAddress(parseIp('::1') as Ip, 9);
  const failed = repeater.repeat(0, mouth.fd, Buffer.from('a'), nowhere, 1000, 1000, true);
  t.true(failed < 0);
  t.is(repeater.error(0), failed);
  t.is(repeater.sent(0), 0);
});

test('many that begin and end at any time; a closed one sends nothing more', (t) => {
  const { repeater, heard, pass, say, close } = scene();
  t.teardown(close);
  for (let round = 0; round < 200; round++) {
    say(`${round % 7}`, 1, 2, round % 3 === 0, round % 7);
    if (round % 5 === 0) repeater.stop((round * 3) % 7);
    if (round % 50 === 0) pass(5);
  }
  pass(20);
  repeater.close();
  heard();
  while (heard().length > 0);
  pass(20);
  t.deepEqual(heard(), []);
  t.true(say('a') < 0);
  repeater.close();
});

test('what is wrong with an argument is said', (t) => {
  const { repeater, mouth, say, close } = scene();
  t.teardown(close);
  const to = socketAddress(LOOPBACK, 9);
  const call = (...args: unknown[]) => (repeater.repeat as (...all: unknown[]) => number)(...args);
  for (const [args, message] of [
    [[-1, mouth.fd, to, to, 1, 1, true], /key/],
    [[0, -1, to, to, 1, 1, true], /fd/],
    [[0, mouth.fd, 'a', to, 1, 1, true], /bytes/],
    [[0, mouth.fd, Buffer.alloc(65), to, 1, 1, true], /bytes: too many/],
    [[0, mouth.fd, to, Buffer.alloc(500), 1, 1, true], /address: too long/],
    [[0, mouth.fd, to, to, 0, 1, true], /least/],
    [[0, mouth.fd, to, to, 2, 1, true], /most/],
    [[0, mouth.fd, to, to, 1, 1, 'x'], /now/],
    [[0, mouth.fd, to], /too few/],
  ] as const)
    t.throws(() => call(...args), { instanceOf: TypeError, message });
  t.is(say('a', 60_000, 60_000), 0);
});
