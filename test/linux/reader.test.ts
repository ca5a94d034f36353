import test from 'ava';
import { type KnownRows, Ntf, Nud, type VxlanFdbRow } from '../../src/dataplane/index.js';
import * as K from '../../src/linux/constants.js';
import { newNeighMessage } from '../../src/linux/neigh-codec.js';
import type { Programmer } from '../../src/linux/programmer.js';
import { Reader } from '../../src/linux/reader.js';
import type { DumpSocket } from '../../src/linux/route-socket.js';
import { type Ip, MAC_ZERO, parseIp, silentLog } from '../../src/types/index.js';

const DEVICE = 7;
const FIRST = parseIp('192.0.2.11');
const SECOND = parseIp('192.0.2.12');

/** A default destination, of which nobody asks the kernel singly. */
const row = (dst: Ip): VxlanFdbRow => ({
  ifindex: DEVICE,
  srcVni: 0,
  mac: MAC_ZERO,
  dst,
  nexthopId: 0,
  state: Nud.PERMANENT,
  flags: Ntf.SELF,
});

const notification = (dst: Ip) => ({
  ...newNeighMessage(),
  ...row(dst),
  family: K.AF_BRIDGE,
});

/** A reader of rows that `walk` gives, and those that it took for lost; `get` is the kernel's answer where it is asked for one. */
function readerOf(
  walk: (reader: Reader) => Iterable<VxlanFdbRow>,
  get?: Programmer['get'],
): { reader: Reader; lost: Ip[] } {
  const lost: Ip[] = [];
  const known: Partial<KnownRows> = {
    bridgeRowsOfPort: () => [],
    vxlanRowsOfDevice: () => walk(reader),
    countOfPort: () => 30_000,
    countOfDevice: () => 30_000,
  };
  const reader: Reader = new Reader(
    {} as DumpSocket,
    { get } as Programmer,
    {
      known: known as KnownRows,
      drainAll: async () => {},
      present() {},
      bridgeRowGone() {},
      vxlanRowGone: ({ dst }) => void (dst !== undefined && lost.push(dst)),
      neighRowGone() {},
    },
    silentLog,
  );
  return { reader, lost };
}

test('a row that is heard while rows are looked for that a dump lacks is there', async (t) => {
  const { reader, lost } = readerOf(function* (reader) {
    yield row(FIRST);
    reader.notified(notification(SECOND), false);
    yield row(SECOND);
  });
  await reader.confirmDevice(DEVICE);
  t.deepEqual(lost, [FIRST]);
});

test('others have their turns while rows are looked for', async (t) => {
  let turns = 0;
  let looks = 0;
  const { reader } = readerOf(function* (reader) {
    reader.notified(notification(FIRST), false);
    for (; turns === 0 && looks < 20_000_000; looks++) yield row(FIRST);
  });
  setImmediate(() => turns++);
  await reader.confirmDevice(DEVICE);
  t.true(turns > 0, `${looks} rows were looked at in one turn`);
});

test('default destinations of a device with more rows than a dump is worth stand while one of their VNI does', async (t) => {
  const rows = [row(FIRST), row(SECOND), { ...row(FIRST), srcVni: 20 }, { ...row(SECOND), srcVni: 20 }];
  let asked = 0;
  const { reader, lost } = readerOf(
    () => rows,
    () => (asked++ === 0 ? notification(FIRST) : K.ENOENT),
  );
  await reader.readDeviceAgain(DEVICE, 0);
  t.is(asked, 2, 'one of each VNI');
  t.deepEqual(lost, [FIRST, SECOND], 'both of the other VNI');
});
