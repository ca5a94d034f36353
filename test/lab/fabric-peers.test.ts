import test from 'ava';
import { Fabric, type InjectedRoute, waitFor, waitUntilConverged } from '../../lab/index.js';

const mac: InjectedRoute = {
  type: 'mac',
  rd: '10.0.0.9:1',
  routeTargets: ['65000:10010'],
  vni: 10010,
  mac: '02:00:00:00:00:99',
  ip: '10.10.10.99',
  nextHop: '10.0.0.9',
};
const multicast: InjectedRoute = { ...mac, type: 'multicast', originator: '10.0.0.9' };
const rows = [
  'fdb vx10 00:00:00:00:00:00 self dst 10.0.0.9 permanent self',
  'fdb vx10 02:00:00:00:00:99 master br10 extern_learn',
  'fdb vx10 02:00:00:00:00:99 self dst 10.0.0.9 extern_learn self',
  'neigh br10 10.10.10.99 02:00:00:00:00:99 NOARP',
];

/** A VTEP that only exists as a route still needs a way to it, or FRR takes its routes for unreachable. */
function routeToVtep(fabric: Fabric, leaf: string): Promise<unknown> {
  const [link] = fabric.leaf(leaf).links;
  return fabric.exec(leaf, 'ip', 'route', 'add', '10.0.0.9/32', 'via', link!.spineAddress.ipv4);
}

async function holds(fabric: Fabric, expected: readonly string[]): Promise<unknown> {
  return waitFor(
    async () => {
      const now = await fabric.installedRows('leaf1');
      if (!expected.every((row) => now.includes(row))) throw new Error(now.join('\n'));
      return true;
    },
    { what: `rows ${expected.join(', ')}` },
  );
}

async function lacks(fabric: Fabric, absent: string): Promise<unknown> {
  return waitFor(async () => !(await fabric.installedRows('leaf1')).some((row) => row.includes(absent)), {
    what: `removal of ${absent}`,
  });
}

test('GoBGP as the spine passes routes on, injects its own, and tells what it has', async (t) => {
  const fabric = await Fabric.create({
    leaves: [{ engine: 'frr' }, { engine: 'frr' }],
    spines: [{ engine: 'gobgp' }],
  });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric, (step) => t.log(step));
  await routeToVtep(fabric, 'leaf1');
  const gobgp = fabric.gobgp('spine1');
  await gobgp.announce(mac);
  await gobgp.announce(multicast);
  await holds(fabric, rows);
  await gobgp.withdraw(mac);
  await lacks(fabric, '02:00:00:00:00:99');
  const text = Object.keys(await gobgp.rib()).join('\n');
  t.true(text.includes(`[mac:${fabric.host('h1-10').mac}]`), text);
});

test('ExaBGP injects routes and tells what it receives', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'frr' }], spines: [{ engine: 'exabgp' }] });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric, (step) => t.log(step));
  await routeToVtep(fabric, 'leaf1');
  const capture = await fabric.capture('leaf1', 'spine1', 'tcp port 179');
  const exabgp = fabric.exabgp('spine1');
  await exabgp.announce({ ...mac, extendedCommunities: ['0x0600000000000003'] });
  await exabgp.announce(multicast);
  await holds(fabric, rows);
  await exabgp.withdraw(mac);
  await lacks(fabric, '02:00:00:00:00:99');
  const packets = await capture.stop();
  t.deepEqual(await packets.malformed(), []);
  t.true((await packets.count('bgp.evpn.nlri.rt == 2')) >= 1);
  await waitFor(
    () => {
      const updates = exabgp.events().filter((event) => event.type === 'update');
      return JSON.stringify(updates).includes('"ip":"10.0.0.1"');
    },
    { what: 'Type-3 route of leaf1 among the events of ExaBGP', show: () => JSON.stringify(exabgp.events()) },
  );
});
