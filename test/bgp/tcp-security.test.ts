import { closeSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import {
  type Connection,
  type ConnectionHandlers,
  type Door,
  ListenError,
  type PeerSecurity,
  TcpTransport,
} from '../../src/bgp/index.js';
import * as K from '../../src/linux/constants.js';
import { tcpSockets } from '../../src/linux/index.js';
import { native } from '../../src/linux/native.js';
import { Secret } from '../../src/types/index.js';

/*
 * TCP MD5 and GTSM of the kernel itself, over loopback. That a packet was dropped is told by the kernel's counters, so that
 * "nothing comes" need not be waited for.
 */
const transport = new TcpTransport(tcpSockets);
const key = (text: string) => new Secret(Buffer.from(text), '/etc/evpnd/keys/spine1');

/** A counter of /proc/net/netstat, such as TCPMD5Unexpected. */
function counter(name: string): number {
  const [names, values] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf(name)]);
}

async function until(what: string, done: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !done(); i++) await delay(5);
  if (!done()) throw new Error(`it never came: ${what}`);
}

class End implements ConnectionHandlers {
  connection: Connection | undefined;
  opened = false;
  closed = false;
  error: Error | undefined;
  text = '';
  onOpen(): void {
    this.opened = true;
  }
  onData(chunk: Buffer): void {
    this.text += chunk.toString();
  }
  onDrain(): void {}
  onBacklog(): void {}
  onClose(error: Error | undefined): void {
    this.closed = true;
    this.error = error;
  }
}

/** A listener at `far` that knows `near` as a peer, and what came to it. */
async function listenAt(far: string, near: string, security: PeerSecurity, admits = () => true) {
  const came: End[] = [];
  const tooFar: [string, number][] = [];
  const door: Door = {
    peers: new Map([[near, security]]),
    admits,
    tooFar: (address, ttl) => void tooFar.push([address, ttl]),
    exhausted() {},
  };
  const listener = await transport.listen(
    { address: far, port: 0 },
    (connection) => {
      const end = new End();
      end.connection = connection;
      came.push(end);
      return end;
    },
    door,
  );
  const call = (ours: PeerSecurity): End => {
    const end = new End();
    end.connection = transport.connect(
      { address: far, port: listener.port, localAddress: near, security: ours },
      end,
    );
    return end;
  };
  return { listener, came, tooFar, call };
}

for (const [family, near, far] of [
  ['IPv4', '127.0.0.52', '127.0.0.51'],
  ['IPv6', '::1', '::1'],
] as const) {
  test.serial(`TCP MD5 over ${family}: with the same key there is a connection, both ways`, async (t) => {
    const { listener, came, call } = await listenAt(far, near, { md5Key: key('hunter2') });
    const end = call({ md5Key: key('hunter2') });
    await until('both ends', () => end.opened && came.length === 1);
    end.connection?.write(Buffer.from('to'));
    came[0].connection?.write(Buffer.from('fro'));
    await until('octets', () => came[0].text === 'to' && end.text === 'fro');
    t.is(came[0].connection?.remoteAddress, near);
    end.connection?.destroy();
    await until('the end', () => came[0].closed);
    await listener.close();
  });

  for (const [what, ours, theirs, dropped] of [
    ['with another key', 'hunter3', 'hunter2', 'TCPMD5Failure'],
    ['where we have none', undefined, 'hunter2', 'TCPMD5NotFound'],
    ['where the listener has none', 'hunter2', undefined, 'TCPMD5Unexpected'],
  ] as const)
    test.serial(`TCP MD5 over ${family}: nobody answers ${what}, until the listener's changes`, async (t) => {
      const { listener, came, call } = await listenAt(far, near, {
        md5Key: theirs === undefined ? undefined : key(theirs),
      });
      const before = counter(dropped);
      const mine = { md5Key: ours === undefined ? undefined : key(ours) };
      const end = call(mine);
      await until(dropped, () => counter(dropped) > before);
      t.false(end.opened);
      t.is(came.length, 0);
      // A SYN is sent again after a second
      listener.secure(new Map([[near, mine]]));
      await until('both ends', () => end.opened && came.length === 1);
      end.connection?.destroy();
      await until('the end', () => came[0].closed);
      await listener.close();
    });

  test.serial(`TCP MD5 over ${family}: a connection that stands changes its key`, async (t) => {
    const { listener, came, call } = await listenAt(far, near, { md5Key: key('hunter2') });
    const end = call({ md5Key: key('hunter2') });
    await until('both ends', () => end.opened && came.length === 1);
    const before = counter('TCPMD5Failure');
    end.connection?.changeKey(key('hunter3'));
    end.connection?.write(Buffer.from('new'));
    await until('a segment with the new key is dropped', () => counter('TCPMD5Failure') > before);
    t.is(came[0].text, '');
    came[0].connection?.changeKey(key('hunter3'));
    await until('what was lost', () => came[0].text === 'new');
    t.false(end.closed);
    end.connection?.destroy();
    await until('the end', () => came[0].closed);
    end.connection?.changeKey(key('hunter4'));
    await listener.close();
  });

  test.serial(`GTSM over ${family}: who sends with 255 has a connection`, async (t) => {
    const { listener, came, tooFar, call } = await listenAt(far, near, { ttlSecurity: 1 });
    const end = call({ ttlSecurity: 1 });
    await until('both ends', () => end.opened && came.length === 1);
    came[0].connection?.write(Buffer.from('here'));
    await until('octets', () => end.text === 'here');
    t.deepEqual(tooFar, []);
    end.connection?.destroy();
    await until('the end', () => came[0].closed);
    await listener.close();
  });

  test.serial(
    `GTSM over ${family}: a connection from afar is reset, and that of somebody else is taken`,
    async (t) => {
      const { listener, came, tooFar, call } = await listenAt(far, near, { ttlSecurity: 1 });
      const end = call({});
      await until('the reset', () => end.closed);
      t.deepEqual(tooFar, [[near, 64]]);
      t.is(came.length, 0);
      listener.secure(new Map([[near, { ttlSecurity: 192 }]]));
      const closer = call({});
      await until('both ends', () => closer.opened && came.length === 1);
      closer.connection?.destroy();
      await until('the end', () => came[0].closed);
      listener.secure(
        new Map([
          ['192.0.2.1', { ttlSecurity: 1 }],
          ['2001:db8::1', { ttlSecurity: 1 }],
        ]),
      );
      const other = call({});
      await until('both ends', () => other.opened && came.length === 2);
      other.connection?.destroy();
      await until('the end', () => came[1].closed);
      t.is(tooFar.length, 1);
      await listener.close();
    },
  );

  test.serial(`over ${family} our packets have the TTL that the neighbor's settings say`, async (t) => {
    const { listener, came, tooFar, call } = await listenAt(far, near, { ttlSecurity: 1 });
    const short = call({ ttl: 254 });
    await until('the reset', () => short.closed);
    t.deepEqual(tooFar, [[near, 254]]);
    const long = call({ ttl: 255 });
    await until('both ends', () => long.opened && came.length === 1);
    long.connection?.destroy();
    await until('the end', () => came[0].closed);
    await listener.close();
    // A connection that comes in has it too
    const ttls: number[] = [];
    const accepting = tcpSockets.listen(far, 0, new Map([[near, { ttl: 7 }]]), {
      admits: () => true,
      tooFar() {},
      exhausted() {},
      connected(fd) {
        const bytes = Buffer.alloc(4);
        const [level, name] =
          family === 'IPv4' ? [K.IPPROTO_IP, K.IP_TTL] : [K.IPPROTO_IPV6, K.IPV6_UNICAST_HOPS];
        native().getSocketOption(fd, level, name, bytes);
        ttls.push(bytes.readInt32LE(0));
        closeSync(fd);
      },
    });
    const end = new End();
    transport.connect({ address: far, port: accepting.port, localAddress: near }, end);
    await until('the connection', () => ttls.length === 1);
    t.deepEqual(ttls, [7]);
    await until('the end', () => end.closed);
    accepting.close();
  });

  test.serial(`GTSM over ${family}: what a listener far away answers is dropped`, async (t) => {
    const { listener, came, call } = await listenAt(far, near, {});
    const before = counter('TCPMinTTLDrop');
    const end = call({ ttlSecurity: 1 });
    await until('the drop', () => counter('TCPMinTTLDrop') > before);
    t.false(end.opened);
    t.is(came.length, 0);
    end.connection?.destroy();
    await until('the end', () => end.closed);
    await listener.close();
  });
}

for (const [family, range, signed, bare] of [
  ['IPv4', '127.1.0.0/16', '127.1.7.1', '127.1.7.2'],
  ['IPv6', '::/0', undefined, '::1'],
] as const) {
  test.serial(
    `a key of an ${family} prefix: signed from there alone, but not who has no key itself`,
    async (t) => {
      const far = family === 'IPv4' ? '127.0.0.51' : '::1';
      const near = signed ?? bare;
      const { listener, came } = await listenAt(far, range, { md5Key: key('hunter2') });
      const from = (localAddress: string, security: PeerSecurity) => {
        const end = new End();
        const target = { address: far, port: listener.port, localAddress, security };
        end.connection = transport.connect(target, end);
        return end;
      };
      const end = from(near, { md5Key: key('hunter2') });
      await until('both ends', () => end.opened && came.length === 1);
      came[0].connection?.write(Buffer.from('signed'));
      await until('octets', () => end.text === 'signed');
      end.connection?.destroy();
      await until('the end', () => came[0].closed);
      const before = counter('TCPMD5NotFound');
      const unsigned = from(bare, {});
      await until('the drop', () => counter('TCPMD5NotFound') > before);
      t.false(unsigned.opened);
      listener.secure(
        new Map<string, PeerSecurity>([
          [range, { md5Key: key('hunter2') }],
          [bare, {}],
        ]),
      );
      await until('the one without a key', () => unsigned.opened && came.length === 2);
      if (signed !== undefined) {
        const other = from(signed, { md5Key: key('hunter2') });
        await until('the others of the prefix', () => other.opened && came.length === 3);
        other.connection?.destroy();
      }
      unsigned.connection?.destroy();
      await until('the ends', () => came.every(({ closed }) => closed));
      listener.secure(new Map());
      const free = from(near, {});
      await until('nobody has a key', () => free.opened);
      free.connection?.destroy();
      await listener.close();
    },
  );
}

test.serial('GTSM of a prefix; the longest one counts, and who has an entry itself before any', async (t) => {
  const far = '127.0.0.51';
  const { listener, came, tooFar } = await listenAt(far, '127.1.0.0/16', { ttlSecurity: 1 });
  const from = (localAddress: string) => {
    const end = new End();
    end.connection = transport.connect({ address: far, port: listener.port, localAddress }, end);
    return end;
  };
  listener.secure(
    new Map<string, PeerSecurity>([
      ['127.1.0.0/16', { ttlSecurity: 1 }],
      ['127.1.7.0/24', { ttl: 9 }],
      ['127.1.0.2', {}],
    ]),
  );
  const dropped = from('127.1.0.1');
  await until('the reset', () => dropped.closed);
  t.deepEqual(tooFar, [['127.1.0.1', 64]]);
  const taken = ['127.1.7.1', '127.1.0.2', '127.2.0.1'].map(from);
  await until('the others', () => taken.every(({ opened }) => opened) && came.length === 3);
  t.is(tooFar.length, 1);
  for (const { connection } of taken) connection?.destroy();
  await until('the ends', () => came.every(({ closed }) => closed));
  await listener.close();
});

test.serial(
  'a key that the kernel refuses: the attempt ends with its words, the listener keeps what it had',
  async (t) => {
    const long = key('x'.repeat(81));
    const { listener, came, call } = await listenAt('127.0.0.51', '127.0.0.52', { md5Key: key('hunter2') });
    const end = call({ md5Key: long });
    t.false(end.closed, 'told later');
    await until('the end', () => end.closed);
    t.regex(end.error?.message ?? '', /EINVAL/);
    const refused = t.throws(
      () =>
        listener.secure(
          new Map([
            ['127.0.0.53', { md5Key: long }],
            ['127.0.0.52', { md5Key: key('hunter3') }],
          ]),
        ),
      { instanceOf: ListenError },
    );
    t.is(refused?.code, 'EINVAL');
    const again = call({ md5Key: key('hunter2') });
    await until('both ends', () => again.opened && came.length === 1);
    again.connection?.destroy();
    await until('the end', () => came[0].closed);
    await listener.close();
  },
);

test.serial('who is not admitted is reset, and costs no handlers', async (t) => {
  let admitted = false;
  const { listener, came, call } = await listenAt('127.0.0.51', '127.0.0.52', {}, () => admitted);
  const ends = Array.from({ length: 100 }, () => call({}));
  await until('the resets', () => ends.every(({ closed }) => closed));
  t.is(came.length, 0);
  admitted = true;
  const end = call({});
  await until('both ends', () => end.opened && came.length === 1);
  end.connection?.destroy();
  await until('the end', () => came[0].closed);
  await listener.close();
});
