import type { TestFn } from 'ava';
import {
  type Connection,
  type ConnectionHandlers,
  ListenError,
  type Transport,
} from '../../src/bgp/index.js';

/** One implementation under test: two hosts that reach each other. */
export interface TransportUnderTest {
  readonly near: Transport;
  readonly far: Transport;
  readonly farAddress: string;
  readonly nearAddress: string;
  /** Lets events happen; called until what a test waits for is there. */
  settle(): Promise<void>;
}

/** An end of a connection that notes what it is told. */
class Recorder implements ConnectionHandlers {
  connection: Connection | undefined;
  opened = 0;
  drained = 0;
  closed = 0;
  error: Error | undefined;
  readonly backlogs: boolean[] = [];
  readonly chunks: Buffer[] = [];

  onOpen(): void {
    this.opened++;
  }
  onData(chunk: Buffer): void {
    this.chunks.push(chunk);
  }
  onDrain(): void {
    this.drained++;
  }
  onBacklog(stands: boolean): void {
    this.backlogs.push(stands);
  }
  onClose(error: Error | undefined): void {
    this.closed++;
    this.error = error;
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}

/** What every Transport must do; the speaker relies on all of it. */
export function transportContract(test: TestFn, name: string, make: () => TransportUnderTest): void {
  const until = async (under: TransportUnderTest, what: string, condition: () => boolean) => {
    for (let i = 0; i < 2000; i++) {
      if (condition()) return;
      await under.settle();
    }
    throw new Error(`never came: ${what}`);
  };
  const pair = async (under: TransportUnderTest) => {
    const far = new Recorder();
    const listener = await under.far.listen({ address: under.farAddress, port: 0 }, (connection) => {
      far.connection = connection;
      return far;
    });
    const near = new Recorder();
    near.connection = under.near.connect(
      { address: under.farAddress, port: listener.port, localAddress: under.nearAddress },
      near,
    );
    await until(under, 'both ends', () => near.opened === 1 && far.connection !== undefined);
    return { near, far, listener, nearEnd: near.connection, farEnd: far.connection! };
  };

  test(`${name}: ends know each other, octets arrive in order both ways`, async (t) => {
    const under = make();
    const { near, far, nearEnd, farEnd, listener } = await pair(under);
    t.is(nearEnd.remoteAddress, under.farAddress);
    t.is(nearEnd.localAddress, under.nearAddress);
    t.is(nearEnd.remotePort, listener.port);
    t.is(farEnd.remoteAddress, under.nearAddress);
    t.is(farEnd.localAddress, under.farAddress);
    t.is(farEnd.remotePort, nearEnd.localPort);
    t.is(far.opened, 0);
    for (const word of ['one ', 'two ', 'three']) t.true(nearEnd.write(Buffer.from(word)));
    farEnd.write(Buffer.from('back'));
    await until(under, 'data', () => far.text === 'one two three' && near.text === 'back');
    nearEnd.destroy();
    await until(under, 'both closes', () => near.closed === 1 && far.closed === 1);
    for (const end of [nearEnd, farEnd]) t.is(end.localAddress, undefined);
    const again = under.near.connect({ address: under.farAddress, port: listener.port }, new Recorder());
    t.is(again.localAddress, undefined, 'nobody has chosen it yet');
    again.destroy();
    await listener.close();
  });

  test(`${name}: end delivers what was written before, then both ends close once`, async (t) => {
    const under = make();
    const { near, far, nearEnd, farEnd, listener } = await pair(under);
    farEnd.write(Buffer.from('never read'));
    nearEnd.write(Buffer.from('last words'));
    nearEnd.end();
    nearEnd.end();
    nearEnd.write(Buffer.from('too late'));
    await until(under, 'both closes', () => near.closed === 1 && far.closed === 1);
    t.is(far.text, 'last words');
    t.is(far.error, undefined);
    farEnd.end();
    farEnd.destroy();
    nearEnd.destroy();
    await under.settle();
    t.is(near.closed, 1);
    t.is(far.closed, 1);
    await listener.close();
  });

  test(`${name}: a refused connection closes with its error`, async (t) => {
    const under = make();
    const listener = await under.far.listen({ address: under.farAddress, port: 0 }, () => new Recorder());
    await listener.close();
    const near = new Recorder();
    under.near.connect({ address: under.farAddress, port: listener.port }, near);
    t.is(near.closed, 0);
    await until(under, 'refusal', () => near.closed === 1);
    t.is(near.opened, 0);
    t.regex(near.error?.message ?? '', /ECONNREFUSED/);
  });

  test(`${name}: an attempt given up stays silent but for its close`, async (t) => {
    const under = make();
    const listener = await under.far.listen({ address: under.farAddress, port: 0 }, () => new Recorder());
    const near = new Recorder();
    under.near.connect({ address: under.farAddress, port: listener.port }, near).destroy();
    await until(under, 'close', () => near.closed === 1);
    t.is(near.opened, 0);
    await listener.close();
  });

  test(`${name}: a reader that pauses makes the writer wait, and nothing is lost`, async (t) => {
    const under = make();
    const { near, far, nearEnd, farEnd, listener } = await pair(under);
    farEnd.pause();
    const block = Buffer.alloc(64 * 1024, 7);
    let written = 0;
    do {
      written += block.length;
      if (written > 64 * 1024 * 1024) t.fail('the writer was never told to wait');
      if (!nearEnd.write(block)) break;
      await under.settle();
    } while (written <= 64 * 1024 * 1024);
    await under.settle();
    t.true(far.bytes < written);
    t.deepEqual(near.backlogs, [true], 'told once while nothing moves');
    farEnd.resume();
    await until(under, 'drain', () => near.drained === 1);
    await until(under, 'the end of the backlog', () => near.backlogs.at(-1) === false);
    t.is(near.backlogs.indexOf(false), near.backlogs.length - 1, 'and when it is over');
    await until(under, 'all octets', () => far.bytes === written);
    nearEnd.destroy();
    farEnd.destroy();
    await until(under, 'both closes', () => near.closed === 1 && far.closed === 1);
    await listener.close();
    t.pass();
  });

  test(`${name}: a listener that cannot stand says where and why`, async (t) => {
    const under = make();
    const first = await under.far.listen({ address: under.farAddress, port: 0 }, () => new Recorder());
    const error = await t.throwsAsync(
      under.far.listen({ address: under.farAddress, port: first.port }, () => new Recorder()),
      { instanceOf: ListenError },
    );
    t.is(error?.code, 'EADDRINUSE');
    t.true(error?.message.includes(`address ${under.farAddress} port ${first.port}`));
    await first.close();
  });
}
