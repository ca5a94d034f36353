import { existsSync } from 'node:fs';
import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

/** What FRR leaves in the kernel for one remote leaf of the default fabric: what evpnd's rows are compared with. */
function expectedRows(fabric: Fabric, remote: string): string[] {
  const leaf = fabric.leaf(remote);
  return fabric.plan.hosts
    .filter((host) => host.leaf === remote)
    .flatMap((host) => {
      const s = leaf.segments.find((each) => each.vni === host.vni)!;
      return [
        `fdb ${s.vxlan} 00:00:00:00:00:00 self dst ${leaf.vtep} permanent self`,
        `fdb ${s.vxlan} ${host.mac} master ${s.bridge} extern_learn`,
        `fdb ${s.vxlan} ${host.mac} self dst ${leaf.vtep} extern_learn self`,
        `neigh ${s.svi} ${host.address.ipv4} ${host.mac} NOARP`,
        `neigh ${s.svi} ${host.address.ipv6} ${host.mac} NOARP`,
      ];
    })
    .sort();
}

test('a fabric of FRR alone converges, answers ARP locally, and vanishes', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'frr' }, { engine: 'frr' }] }, (step) =>
    t.log(step),
  );
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric, (step) => t.log(step));

  const expected = expectedRows(fabric, 'leaf2');
  const rows = await waitFor(
    async () => {
      // A host's link-local address comes and goes with its own neighbor discovery.
      const now = (await fabric.installedRows('leaf1')).filter((row) => !row.includes(' fe80:'));
      if (now.length < expected.length) throw new Error(now.join('\n'));
      return now;
    },
    { what: 'all rows of leaf2 on leaf1' },
  );
  t.deepEqual(rows, expected);

  const remote = fabric.host('h2-10');
  await fabric.exec('h1-10', 'ip', 'neigh', 'flush', 'all');
  const capture = await fabric.capture('leaf1', 'spine1');
  const { sent, received } = await fabric.ping('h1-10', remote.name, { count: 3 });
  await fabric.ping('h1-10', remote.name, { count: 3, family: 'ipv6' });
  const packets = await capture.stop();
  t.deepEqual([sent, received], [3, 3]);
  t.true((await packets.count('vxlan && icmp.type == 8')) === 3, 'the underlay carries the pings');
  t.is(await packets.count('vxlan && arp'), 0, 'the leaf answers ARP itself');
  t.deepEqual(await packets.malformed(), []);

  const { folder } = fabric;
  await fabric.remove();
  t.false(existsSync(folder));
  t.false(existsSync(`/run/netns/${fabric.namespace('leaf1')}`));
});

test('a host that moves is learned by its new leaf', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'frr' }, { engine: 'frr' }], peering: 'ibgp' });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  const host = fabric.host('h1-10');
  await fabric.moveHost('h1-10', 'leaf2');
  await waitFor(
    async () =>
      (await fabric.installedRows('leaf1')).includes(`fdb vx10 ${host.mac} master br10 extern_learn`),
    { what: `row of ${host.name} behind leaf2 on leaf1` },
  );
  t.is(fabric.leafOf('h1-10'), 'leaf2');
  const { received } = await fabric.ping('h2-10', 'h1-10');
  t.true(received > 0);
});

test('sessions run over IPv6', async (t) => {
  const fabric = await Fabric.create({
    leaves: [{ engine: 'frr' }, { engine: 'frr' }],
    transport: 'ipv6',
  });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  t.deepEqual((await fabric.frr('spine1').establishedPeers()).sort(), ['fd01:1:1::3', 'fd01:1:2::3']);
});
