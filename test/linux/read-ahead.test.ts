import test from 'ava';
import { type BridgeFdbRow, Ntf, Nud } from '../../src/dataplane/index.js';
import * as K from '../../src/linux/constants.js';
import { allocateMessages } from '../../src/linux/message.js';
import { Monitor } from '../../src/linux/monitor.js';
import type { NetlinkSockets } from '../../src/linux/native.js';
import { decodeNeigh, newNeighMessage } from '../../src/linux/neigh-codec.js';
import { hasMovedHere, ReadAhead } from '../../src/linux/read-ahead.js';
import { type Mac, silentLog } from '../../src/types/index.js';
import { bridgeRowMessage, linkGoneMessage } from '../doubles/memory-messages.js';
import { MemoryExchange, MemorySocket } from '../doubles/memory-sockets.js';

const BRIDGE = 10;
const PORT = 11;
const VXLAN = 12;
/** Behind a VXLAN device until it is heard here. */
const MOVED = 0x02_00_00_00_ff_01 as Mac;
const HOSTS = 1_000;

const rowOf = (mac: number, port = PORT): BridgeFdbRow => ({
  bridgeIfindex: BRIDGE,
  vlan: 0,
  mac: mac as Mac,
  port,
  state: Nud.REACHABLE,
  flags: port === VXLAN ? Ntf.EXT_LEARNED : 0,
});
const come = (mac: number, port?: number) => bridgeRowMessage(K.RTM_NEWNEIGH, rowOf(mac, port));
const gone = (mac: number, port?: number) => bridgeRowMessage(K.RTM_DELNEIGH, rowOf(mac, port));
const hosts = (from: number, count = HOSTS) => Array.from({ length: count }, (_, i) => come(from + i));

/** A monitor of which each reading hands over a few hundred notifications, and what it handed over. */
function monitorOf() {
  const listening: MemorySocket[] = [];
  const rtnetlink = {
    handle: () => {},
    notify: () => {},
    listen: (socket: MemorySocket) => void listening.push(socket),
    forget: () => {},
  };
  const sockets: NetlinkSockets = {
    RawSocket: class extends MemorySocket {
      constructor() {
        super(rtnetlink);
      }
    },
    Exchange: class extends MemoryExchange {
      constructor() {
        super(rtnetlink);
      }
    },
  };
  let now = 0;
  const heard: string[] = [];
  const ports = new Map<Mac, number>([[MOVED, VXLAN]]);
  const table = { isVxlan: (ifindex: number) => ifindex === VXLAN };
  const row = newNeighMessage();
  const events = {
    reading: () => {},
    goesFirst: (of: typeof row) =>
      hasMovedHere(of, table, { portOf: (_bridge, _vlan, mac) => ports.get(mac) }),
    message: (type: number, at: number, end: number) => {
      now += 0.01;
      if (type === K.RTM_DELLINK) {
        heard.push('link gone');
        return;
      }
      decodeNeigh(monitor.buffer, at, end, row);
      const { mac = 0 as Mac, ifindex } = row;
      heard.push(`${type === K.RTM_DELNEIGH ? '-' : '+'}${mac.toString(16)} ${ifindex}`);
      if (type === K.RTM_DELNEIGH) ports.delete(mac);
      else ports.set(mac, ifindex);
    },
    drained: () => void heard.push('drained'),
    lost: () => {},
  };
  const clock = { now: () => now, sliceEnd: (most: number) => now + most };
  const monitor: Monitor = new Monitor(1 << 20, events, silentLog, sockets, 'none', clock);
  const tell = (...messages: Buffer[]) => {
    for (const message of messages) listening[0].hear(message, false);
  };
  const drainAll = () => {
    for (let reading = 0; !monitor.drain(); reading++) if (reading > 100) throw new Error('never drained');
  };
  return { monitor, heard, tell, drainAll };
}

const MOVED_HERE = `+${MOVED.toString(16)} ${PORT}`;

test('a host that moved here is handed over before a thousand that were there before it, and each of those once', (t) => {
  const { monitor, heard, tell, drainAll } = monitorOf();
  t.teardown(() => monitor.close());
  tell(...hosts(1), come(MOVED));
  t.false(monitor.drain());
  t.false(heard.includes(MOVED_HERE), 'its turn has not come');
  const before = heard.length;
  t.false(monitor.drain());
  t.is(heard[before], MOVED_HERE);
  t.true(monitor.hasNews);
  drainAll();
  t.deepEqual(
    heard.filter((text) => text !== MOVED_HERE),
    [...Array.from({ length: HOSTS }, (_, i) => `+${(i + 1).toString(16)} ${PORT}`), 'drained'],
  );
  t.is(heard.filter((text) => text === MOVED_HERE).length, 1);
  t.is(monitor.notifications, HOSTS + 1);
});

test('a row of a MAC of which something waits does not go before that', (t) => {
  const { monitor, heard, tell, drainAll } = monitorOf();
  t.teardown(() => monitor.close());
  tell(...hosts(1), gone(MOVED, VXLAN), come(MOVED, VXLAN), come(MOVED));
  drainAll();
  const hex = MOVED.toString(16);
  t.deepEqual(heard.slice(HOSTS), [`-${hex} ${VXLAN}`, `+${hex} ${VXLAN}`, MOVED_HERE, 'drained']);
  // And as soon as nothing of it waits, it does again
  heard.length = 0;
  tell(come(MOVED, VXLAN), ...hosts(5_000), come(MOVED));
  t.false(monitor.drain());
  t.false(monitor.drain());
  t.true(heard.indexOf(MOVED_HERE) < HOSTS / 2);
  drainAll();
});

for (const [what, behind] of Object.entries({
  'the end of its host': gone(MOVED),
  'our own write of it': come(MOVED, VXLAN),
  'the host at another port': come(MOVED, PORT + 1),
}))
  test(`a row does not go first where ${what} is right behind it`, (t) => {
    const { monitor, heard, tell, drainAll } = monitorOf();
    t.teardown(() => monitor.close());
    // The last but one of a reading of 127, and the next of which is in the one behind
    for (const between of [0, 1]) {
      heard.length = 0;
      tell(come(MOVED, VXLAN));
      drainAll();
      heard.length = 0;
      tell(...hosts(1, 300), ...hosts(10_000, 125 + between), come(MOVED), behind, ...hosts(20_000, 10));
      drainAll();
      const at = heard.indexOf(MOVED_HERE);
      t.is(at, 425 + between, 'it waits its turn');
      t.true(heard[at + 1].includes(MOVED.toString(16)));
      t.is(heard.filter((text) => text.includes(MOVED.toString(16))).length, 2);
    }
  });

test('a row goes first where the same is said again behind it, or something of the MAC in another VLAN', (t) => {
  const { monitor, heard, tell, drainAll } = monitorOf();
  t.teardown(() => monitor.close());
  const other = bridgeRowMessage(K.RTM_DELNEIGH, { ...rowOf(MOVED), vlan: 7 });
  tell(...hosts(1), come(MOVED), come(MOVED), other);
  drainAll();
  t.true(heard.indexOf(MOVED_HERE) < HOSTS / 2);
});

for (const [what, ifindex] of Object.entries({ port: PORT, bridge: BRIDGE }))
  test(`a row does not go before what is about its ${what}`, (t) => {
    const { monitor, heard, tell, drainAll } = monitorOf();
    t.teardown(() => monitor.close());
    tell(...hosts(1), linkGoneMessage(ifindex), come(MOVED));
    drainAll();
    t.deepEqual(heard.slice(HOSTS), ['link gone', MOVED_HERE, 'drained']);
  });

test('a port that flaps holds up no host of another port', (t) => {
  const { monitor, heard, tell, drainAll } = monitorOf();
  t.teardown(() => monitor.close());
  tell(...hosts(1), linkGoneMessage(PORT + 100), come(MOVED));
  drainAll();
  t.true(heard.indexOf(MOVED_HERE) < HOSTS / 2);
  t.deepEqual(heard.slice(HOSTS + 1), ['link gone', 'drained']);
});

test('a host that is new here, or was here, waits its turn', (t) => {
  const { monitor, heard, tell, drainAll } = monitorOf();
  t.teardown(() => monitor.close());
  tell(...hosts(1), come(0x999), gone(MOVED, VXLAN));
  drainAll();
  t.deepEqual(heard.slice(HOSTS), [`+999 ${PORT}`, `-${MOVED.toString(16)} ${VXLAN}`, 'drained']);
});

test('what was read before its turn is handed over by a watch whose socket is empty', async (t) => {
  const { monitor, heard, tell } = monitorOf();
  t.teardown(() => monitor.close());
  tell(...hosts(1), come(MOVED));
  monitor.watch();
  for (let turn = 0; turn < 1_000 && !heard.includes('drained'); turn++)
    await new Promise((resolve) => void setImmediate(resolve));
  t.is(heard.length, HOSTS + 2);
  t.true(heard.indexOf(MOVED_HERE) < HOSTS);
});

test('that nothing is left is told also where the time of a reading ended with the last', async (t) => {
  // Three readings of 128, of which the third ends beyond the three milliseconds of a turn
  for (const count of [383, 384, 385]) {
    const { monitor, heard, tell } = monitorOf();
    t.teardown(() => monitor.close());
    tell(...hosts(1, count));
    monitor.watch();
    for (let turn = 0; turn < 1_000 && !heard.includes('drained'); turn++)
      await new Promise((resolve) => void setImmediate(resolve));
    t.is(heard.indexOf('drained'), count);
  }
});

test('a monitor that is paused hands over what goes first, and the rest in its order when it goes on', async (t) => {
  const { monitor, heard, tell } = monitorOf();
  t.teardown(() => monitor.close());
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => void setImmediate(resolve));
  };
  monitor.watch();
  await turns(10);
  heard.length = 0;
  monitor.pause();
  tell(...hosts(1, 10), come(MOVED), ...hosts(100, 10));
  await turns(10);
  t.deepEqual(heard, [MOVED_HERE]);
  t.true(monitor.hasNews);
  monitor.resume();
  for (let turn = 0; turn < 1_000 && !heard.includes('drained'); turn++) await turns(1);
  t.is(heard.length, 22);
});

test('no more is read ahead than there is room for, of which each reading takes some itself', (t) => {
  const ahead = new ReadAhead({ goesFirst: () => false, message: () => t.fail() });
  const buffer = allocateMessages(4_096);
  const socket = {
    buffer,
    receive: (visit: (start: number, length: number) => void) => {
      const message = come(1);
      message.copy(buffer.bytes);
      visit(0, message.length);
      return { datagrams: 1, errno: 0 };
    },
  };
  let read = 0;
  for (; !ahead.isFull; read++) ahead.read(socket);
  t.true(read > 1_000 && read <= 8_192, `${read}`);
  while (!ahead.isEmpty) ahead.take(() => read--);
  t.is(read, 0);
  t.false(ahead.isFull);
});
