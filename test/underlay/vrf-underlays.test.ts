import test from 'ava';
import { DataPlane, type Interface, type Topology, type VrfAttachment } from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import { formatPrefix, parseIp, silentLog } from '../../src/types/index.js';
import { VrfRibs, VrfUnderlays } from '../../src/underlay/index.js';
import { MemoryKernel } from '../doubles/memory-kernel.js';
import { pathAttributes } from '../support/path-attributes.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { nlri } from './support/leaf.js';

const NEIGHBOR = { neighbor: '192.0.2.1', routerId: 1, internal: false };

/** Devices of a VRF with 192.0.2.0/31, and of another one with 192.0.2.0/31, too. */
function topologyOf(
  kernel: MemoryKernel,
  ...vrfs: readonly (readonly [name: string, ifindex: number, table: number])[]
): Topology {
  const interfaces = new Map<number, Interface>();
  const attachments = new Map<number, VrfAttachment>();
  for (const [name, ifindex, tableId] of vrfs) {
    interfaces.set(ifindex, { name, running: true, addresses: [], vrf: ifindex });
    interfaces.set(ifindex + 1, {
      name: `swp${ifindex + 1}`,
      running: true,
      addresses: [{ ip: parseIp('192.0.2.0'), prefixLength: 31, peer: undefined, state: 'usable' }],
      vrf: ifindex,
    });
    attachments.set(ifindex, {
      ifindex,
      name,
      tableId,
      l3vni: undefined,
      sviIfindex: 0,
      sviName: '',
      routerMac: undefined,
      localVtep: undefined,
      up: false,
      networks: [],
      ips: [],
      vnis: [],
    });
  }
  return { ...kernel.topology, interfaces, vrfs: attachments };
}

async function leaf() {
  const clock = new VirtualClock();
  const kernel = new MemoryKernel(clock);
  const dataPlane = new DataPlane(kernel, clock, silentLog, { hosts: watchHosts() });
  const multipath = { external: 8, internal: 8, isRelaxed: true };
  const ribs = new VrfRibs(clock, () => ({ asn: 65001, routerId: 1 }), multipath, {});
  const underlays = new VrfUnderlays(ribs, dataPlane, clock, { resolveViaDefault: false });
  dataPlane.onTopology = (topology) => underlays.topologyChanged(topology);
  await dataPlane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  const rest = async () => {
    for (let turn = 0; turn < 30; turn++) {
      clock.advance(10);
      await Promise.resolve();
    }
  };
  const tell = (vrf: string, prefix: string, nextHop = '192.0.2.1') =>
    ribs.of(vrf).ipv4.update(NEIGHBOR, {
      withdrawn: [],
      attributes: pathAttributes({ nextHop: parseIp(nextHop) }),
      reachable: [nlri(prefix)],
    } as never);
  const { routes } = kernel.tables;
  const installed = () =>
    [...routes.routes()]
      .map(({ tableId, metric, prefix, nexthopId }) => {
        const devices = (routes.nexthop(nexthopId)?.members ?? []).map((hop) => routes.nexthop(hop)?.ifindex);
        return `${tableId} ${formatPrefix(prefix)} metric ${metric} by ${devices}`;
      })
      .sort();
  return { kernel, underlays, ribs, rest, tell, installed };
}

test('what the neighbors of a VRF announce goes to its table alone, by its own devices', async (t) => {
  const { kernel, rest, tell, installed } = await leaf();
  kernel.setTopology(topologyOf(kernel, ['red', 10, 1001], ['blue', 20, 1002]));
  tell('red', '198.51.100.0/24');
  tell('blue', '203.0.113.0/24');
  tell('blue', '198.51.100.0/24', '192.0.2.77');
  await rest();
  t.deepEqual(installed(), ['1001 198.51.100.0/24 metric 19 by 11', '1002 203.0.113.0/24 metric 19 by 21']);
});

test('routes go with the VRF, come with it, and follow it to another table', async (t) => {
  const { kernel, underlays, rest, tell, installed } = await leaf();
  tell('red', '198.51.100.0/24');
  await rest();
  t.deepEqual([installed(), underlays.of('red')], [[], undefined]);
  kernel.setTopology(topologyOf(kernel, ['red', 10, 1001]));
  await rest();
  t.deepEqual(installed(), ['1001 198.51.100.0/24 metric 19 by 11']);
  kernel.setTopology(topologyOf(kernel));
  await rest();
  t.deepEqual(installed(), []);
  kernel.setTopology(topologyOf(kernel, ['red', 30, 1003]));
  await rest();
  t.deepEqual(installed(), ['1003 198.51.100.0/24 metric 19 by 31']);
});

test('two VRFs with one routing table do not share it: the first has it', async (t) => {
  const { kernel, underlays, rest, tell, installed } = await leaf();
  tell('red', '198.51.100.0/24');
  tell('blue', '203.0.113.0/24');
  kernel.setTopology(topologyOf(kernel, ['red', 10, 1001], ['blue', 20, 1001]));
  await rest();
  t.deepEqual(installed(), ['1001 198.51.100.0/24 metric 19 by 11']);
  t.is(underlays.of('blue'), undefined);
});

test('devices of one VRF are nothing to another, whose networks are looked at when its own change', async (t) => {
  const { kernel, rest, tell, installed } = await leaf();
  const first = topologyOf(kernel, ['red', 10, 1001], ['blue', 20, 1002]);
  kernel.setTopology(first);
  tell('red', '198.51.100.0/24');
  tell('blue', '203.0.113.0/24');
  await rest();
  const [red, blue] = ['1001 198.51.100.0/24 metric 19 by 11', '1002 203.0.113.0/24 metric 19 by 21'];
  t.deepEqual(installed(), [red, blue]);

  // A device that is asked about was looked at
  let looks = 0;
  const watched = (ifindex: number): Interface => {
    const { addresses, ...rest } = first.interfaces.get(ifindex) as Interface;
    return Object.defineProperty({ ...rest, addresses }, 'addresses', {
      get: () => {
        looks++;
        return addresses;
      },
    });
  };
  const with21 = new Map([...first.interfaces, [21, watched(21)]]);
  kernel.setTopology({ ...first, interfaces: with21 });
  await rest();
  t.true(looks > 0);
  looks = 0;
  const down = { ...(first.interfaces.get(11) as Interface), running: false };
  kernel.setTopology({ ...first, interfaces: new Map([...with21, [11, down]]) });
  await rest();
  t.is(looks, 0);
  t.deepEqual(installed(), [blue]);
  kernel.setTopology({ ...first, interfaces: new Map([...with21].filter(([ifindex]) => ifindex !== 21)) });
  await rest();
  t.deepEqual(installed(), [red]);
});

test('the tables of all VRFs are followed at once, and left at once', async (t) => {
  const { kernel, rest, tell } = await leaf();
  const followed: number[][] = [];
  kernel.followTables = async (tables) => {
    followed.push([...tables].sort());
  };
  for (const vrf of ['red', 'blue', 'green']) tell(vrf, '198.51.100.0/24');
  kernel.setTopology(topologyOf(kernel, ['red', 10, 1001], ['blue', 20, 1002], ['green', 30, 1003]));
  await rest();
  t.deepEqual(followed, [[1001, 1002, 1003]]);
  kernel.setTopology(topologyOf(kernel));
  await rest();
  t.deepEqual(followed.slice(1), [[]]);
});
