import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import test from 'ava';
import { SocketConnection } from '../../src/bgp/socket-connection.js';
import { NO_HANDLERS } from '../../src/bgp/transport.js';
import { systemClock } from '../../src/types/index.js';

/** A socket that tells what it is given. */
class TellingSocket extends EventEmitter {
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  readonly destroyed = false;
  constructor(readonly tell: (text: string) => void) {
    super();
  }
  write(bytes: Uint8Array): boolean {
    this.tell(Buffer.from(bytes).toString());
    return true;
  }
  cork(): void {
    this.tell('[');
  }
  uncork(): void {
    this.tell(']');
  }
}

function connection(tell: (text: string) => void): SocketConnection {
  const socket = new TellingSocket(tell) as unknown as Socket;
  const made = new SocketConnection(socket, '192.0.2.1', 179, () => {});
  made.attach(NO_HANDLERS);
  return made;
}

const endOfTurn = () => new Promise<void>((resolve) => void systemClock.soon(resolve));

test('what is decided and told at the end of a turn is written before other work of that end', async (t) => {
  const story: string[] = [];
  const told = connection((text) => story.push(text));
  systemClock.soon(() => story.push('other work'));
  systemClock.soonest(() => {
    systemClock.soonest(() => told.write(Buffer.from('UPDATE')));
  });
  await endOfTurn();
  t.deepEqual(story, ['UPDATE', 'other work']);
});

test('what is written in one go leaves in one writev', async (t) => {
  const story: string[] = [];
  const told = connection((text) => story.push(text));
  for (const text of ['a', 'b', 'c']) told.write(Buffer.from(text));
  t.deepEqual(story, []);
  await endOfTurn();
  t.deepEqual(story, ['[', 'a', 'b', 'c', ']']);
});
