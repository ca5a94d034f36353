import test from 'ava';
import type { Topology } from '../../src/dataplane/index.js';
import { formatMac, MAC_ZERO, parseIp } from '../../src/types/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { House } from './support/house.js';
import { announceFlood, explain } from './support/third-leaf.js';

interface WithProblems {
  readonly problems: readonly { severity: string; problem: string; fix: string }[];
}

test('a leaf whose VTEP address is one of this machine: a warning of each VNI that floods to it, and nothing is taken away', async (t) => {
  const log = new RecordingLog();
  const house = await House.build({ log });
  const [here] = house.rooms;
  const { kernel } = here.leaf.world;
  const loops = (...loops: [string, string][]) => {
    const told = new Map(loops.map(([vtep, device]) => [parseIp(vtep), device]));
    kernel.setTopology({ ...kernel.topology, loops: told } satisfies Topology);
    house.clock.advance(5000);
  };
  const found = async (path: string) =>
    ((await here.get(path)) as WithProblems).problems
      .filter(({ problem }) => problem.includes('come back here'))
      .map(({ severity, problem }) => `${severity}: ${problem}`);
  const logged = (text: string) => log.lines.filter(({ message }) => message === text).length;
  loops(['10.0.0.9', 'lo'], ['10.0.0.8', 'eth0']);
  t.deepEqual(await found('/api/v1/vnis/10010'), [], 'nobody is there');
  announceFlood(here, '10.0.0.9');
  house.clock.advance(5000);
  const text =
    'vx10010: a leaf of the VNI is at 10.0.0.9, which lo of this machine has: copies of BUM traffic for that leaf come back here';
  t.deepEqual(await found('/api/v1/vnis/10010'), [`warning: ${text}`]);
  t.deepEqual(await found('/api/v1/status'), [`warning: VNI 10010: ${text}`]);
  t.is(logged('a device or VNI does not forward as it should'), 1);
  const { entry } = await explain(here, formatMac(MAC_ZERO));
  t.true(
    entry.claims.some(({ vtep, won }) => vtep === '10.0.0.9' && won),
    'it may be right, beside a VRF',
  );
  loops(['10.0.0.8', 'eth0']);
  t.deepEqual(await found('/api/v1/vnis/10010'), []);
  t.is(logged('a problem is over'), 1);
});

test('leaves that the routing table has no way to: one warning of each VNI that floods there', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  const { kernel } = here.leaf.world;
  const unreachable = (...vteps: string[]) => {
    kernel.setTopology({ ...kernel.topology, unreachable: new Set(vteps.map(parseIp)) });
    house.clock.advance(5000);
  };
  const found = async () =>
    ((await here.get('/api/v1/status')) as WithProblems).problems
      .filter(({ problem }) => problem.includes('no way'))
      .map(({ severity, problem, fix }) => `${severity}: ${problem}; ${fix.slice(-21)}`);
  unreachable('10.0.0.9', '10.0.0.8');
  t.deepEqual(await found(), [], 'nobody is there');
  announceFlood(here, '10.0.0.9');
  announceFlood(here, '10.0.0.8');
  house.clock.advance(5000);
  t.deepEqual(await found(), [
    'warning: VNI 10010: vx10010: the routing table has no way to 10.0.0.9 and 1 more leaf: frames for hosts there are dropped; ip route get 10.0.0.9',
  ]);
  unreachable('10.0.0.8', '10.0.0.7');
  t.deepEqual(await found(), [
    'warning: VNI 10010: vx10010: the routing table has no way to 10.0.0.8: frames for hosts there are dropped; ip route get 10.0.0.8',
  ]);
  unreachable();
  t.deepEqual(await found(), []);
});
