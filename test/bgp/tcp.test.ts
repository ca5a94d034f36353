import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { TcpTransport } from '../../src/bgp/index.js';
import type { Connection, ConnectionHandlers } from '../../src/bgp/transport.js';
import { tcpSockets } from '../../src/linux/index.js';

interface End {
  readonly connection: Connection;
  /** Octets that came. */
  received(): Buffer;
  drains: number;
  closed: boolean;
}

/** Handlers that note what they are told. */
function noting(): {
  handlers: ConnectionHandlers;
  end: (connection: Connection) => End;
  opened: Promise<void>;
} {
  const chunks: Buffer[] = [];
  let opened = () => {};
  const whenOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  let end: End | undefined;
  return {
    opened: whenOpen,
    handlers: {
      onOpen: () => opened(),
      onData: (chunk) => void chunks.push(chunk),
      onDrain: () => {
        if (end) end.drains++;
      },
      onBacklog: () => {},
      onClose: () => {
        if (end) end.closed = true;
      },
    },
    end: (connection) => {
      end = { connection, received: () => Buffer.concat(chunks), drains: 0, closed: false };
      return end;
    },
  };
}

/** Both ends of a connection over loopback: who asked for it, and who took it. */
async function pair(): Promise<{ caller: End; callee: End; close: () => Promise<void> }> {
  const transport = new TcpTransport(tcpSockets);
  const there = noting();
  let callee: End | undefined;
  const listener = await transport.listen({ address: '127.0.0.1', port: 0 }, (connection) => {
    callee = there.end(connection);
    return there.handlers;
  });
  const here = noting();
  const caller = here.end(transport.connect({ address: '127.0.0.1', port: listener.port }, here.handlers));
  await here.opened;
  await until(() => callee !== undefined);
  return { caller, callee: callee!, close: () => listener.close() };
}

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !done(); i++) await delay(5);
  if (!done()) throw new Error('it never came');
}

for (const who of ['caller', 'callee'] as const)
  test(`what the ${who} hears is its own: one connection's octets never show in another's`, async (t) => {
    const pairs = [await pair(), await pair()];
    const other = who === 'caller' ? 'callee' : 'caller';
    const sent: Buffer[][] = [[], []];
    for (let i = 0; i < 50; i++) {
      for (const n of [0, 1]) {
        const bytes = Buffer.alloc(1 + ((i * 977) % 5000), 2 * i + n);
        sent[n].push(bytes);
        pairs[n][other].connection.write(bytes);
      }
      if (i % 5 === 0) await delay(0);
    }
    for (const n of [0, 1]) {
      const all = Buffer.concat(sent[n]);
      await until(() => pairs[n][who].received().length >= all.length);
      t.true(pairs[n][who].received().equals(all));
      pairs[n][other].connection.end();
      await until(() => pairs[n].caller.closed && pairs[n].callee.closed);
      await pairs[n].close();
    }
  });

for (const who of ['caller', 'callee'] as const)
  test(`the ${who} is told to wait when the other end reads nothing, and to go on when it reads again`, async (t) => {
    const { caller, callee, close } = await pair();
    const [from, to] = who === 'caller' ? [caller, callee] : [callee, caller];
    to.connection.pause();
    const block = Buffer.alloc(100_000, 7);
    let sent = 0;
    let waits = 0;
    // The kernel's own buffers take the first megabytes
    for (let idle = 0; idle < 50; idle++) {
      while (waits === from.drains) {
        idle = 0;
        if (!from.connection.write(block)) waits++;
        sent += block.length;
      }
      await delay(1);
    }
    t.is(waits, from.drains + 1);
    t.is(to.received().length, 0);
    to.connection.resume();
    await until(() => to.received().length === sent && from.drains === waits);
    // What was written last leaves before the end
    from.connection.write(Buffer.from('the last word'));
    from.connection.end();
    await until(() => caller.closed && callee.closed);
    t.is(to.received().length, sent + 'the last word'.length);
    await close();
  });
