import test from 'ava';
import { EMPTY_TOPOLOGY, OtherTables } from '../../src/dataplane/index.js';
import { OtherRouteReader } from '../../src/linux/other-route-reader.js';
import { silentLog, systemClock } from '../../src/types/index.js';
import { MemoryKernel } from '../doubles/memory-kernel.js';
import { MemoryRtnetlink } from '../doubles/memory-rtnetlink.js';
import { MemorySocket } from '../doubles/memory-sockets.js';

test('VRFs whose tables are wanted while others are read are read together', async (t) => {
  const kernel = new MemoryKernel(systemClock);
  kernel.topology = EMPTY_TOPOLOGY;
  const rtnetlink = new MemoryRtnetlink(kernel);
  /** The tables that were asked for, each once for IPv4 and once for IPv6. */
  const asked: number[] = [];
  class AskedSocket extends MemorySocket {
    constructor() {
      super(rtnetlink);
    }
    override send(bytes: Uint8Array, offset: number, length: number): number {
      asked.push(Buffer.from(bytes).readUInt32LE(offset + 32));
      return super.send(bytes, offset, length);
    }
  }
  const reader = new OtherRouteReader(
    { others: new OtherTables(), nexthop: () => undefined },
    { otherRoute() {}, otherRouteGone() {} },
    async () => {},
    silentLog,
    { ...rtnetlink.sockets(), RawSocket: AskedSocket },
  );
  t.teardown(() => reader.close());
  const first = reader.follow(new Set([254, 1]));
  let whole = 0;
  const others = [2, 3, 4, 5].map(async (last) => {
    await reader.follow(new Set([254, ...Array.from({ length: last }, (_, n) => n + 1)]));
    whole = asked.length;
  });
  await Promise.all([first, ...others]);
  const twice = (tables: number[]) => tables.flatMap((table) => [table, table]);
  t.deepEqual(asked, [...twice([254, 1]), ...twice([254, 1, 2, 3, 4, 5])]);
  t.is(whole, asked.length, 'each is told when its tables have been read');
  await reader.follow(new Set([254, 7]));
  t.deepEqual(asked.slice(16), twice([254, 7]));
});
