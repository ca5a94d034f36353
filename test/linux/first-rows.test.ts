import test from 'ava';
import { type Flight, Ntf, Nud, type Operation } from '../../src/dataplane/index.js';
import { LinuxKernel } from '../../src/linux/index.js';
import { type Mac, parseIp, silentLog, type Vni } from '../../src/types/index.js';
import { MemoryWorld } from '../dataplane/memory-world.js';
import { Recorder } from '../dataplane/recorder.js';
import { MemoryRtnetlink } from '../doubles/memory-rtnetlink.js';

const HOST = 0x02_00_00_00_00_01 as Mac;
const LEAF = parseIp('192.0.2.2');

test('what was said of a host before our write took its row does not go first while the next write is under way', async (t) => {
  const world = new MemoryWorld();
  const rtnetlink = new MemoryRtnetlink(world.kernel);
  const kernel = new LinuxKernel({ log: silentLog, sockets: rtnetlink.sockets() });
  t.teardown(() => kernel.close());
  const { bridgeIfindex, vxlanIfindex, accessIfindex } = await world.addVni(100 as Vni, parseIp('192.0.2.1'));
  world.kernel.learn(bridgeIfindex, 0, HOST, accessIfindex);
  const recorder = new Recorder();
  await kernel.start(recorder, recorder);
  t.is(recorder.portOf(bridgeIfindex, 0, HOST), accessIfindex);
  const turn = () => new Promise((resolve) => void setImmediate(resolve));
  for (let turns = 0; turns < 10; turns++) await turn();

  const bulk = (from: number): Operation[] =>
    Array.from({ length: 64 }, (_, i) => ({
      table: 'fdb',
      verb: 'add',
      port: vxlanIfindex,
      vlan: 0,
      srcVni: 0,
      mac: (HOST + from + i) as Mac,
      dst: LEAF,
    }));
  const otherPort = accessIfindex + 10;
  const over: number[] = [];
  const asLocal: number[] = [];
  const flight = (number: number): Flight => {
    const mirror = () => {
      if (number !== 1) return;
      const row = { bridgeIfindex, vlan: 0, mac: HOST, port: vxlanIfindex, state: Nud.REACHABLE };
      recorder.bridgeRow({ ...row, flags: Ntf.EXT_LEARNED });
    };
    return {
      landed: mirror,
      over: () => {
        mirror();
        over.push(number);
      },
    };
  };
  const heard = recorder.bridgeRow.bind(recorder);
  recorder.bridgeRow = (row) => {
    if (row.mac === HOST && row.port === otherPort) asLocal.push(over.length);
    heard(row);
  };
  t.true(kernel.launch(bulk(0), flight(1)));
  t.true(kernel.launch(bulk(1_000), flight(2)));
  // A frame of the host comes at another port before the write has the kernel's lock
  world.kernel.learn(bridgeIfindex, 0, HOST, otherPort);
  rtnetlink.notify();
  while (over.length < 2) await turn();
  t.deepEqual(over, [1, 2]);
  for (let turns = 0; turns < 10; turns++) await turn();
  t.false(asLocal.includes(1), 'not between the two');
  t.is(recorder.portOf(bridgeIfindex, 0, HOST), vxlanIfindex);
});
