import test from 'ava';
import { Fabric, type FdbRow, waitFor, waitUntilConverged } from '../../lab/index.js';

/** Lines of bgpd's address family that say the same as evpnd's settings. */
const FRR_WORDS = {
  'advertise-svi-ip': 'advertise-svi-ip',
  'advertise-default-gateway': 'advertise-default-gw',
};

interface Path {
  extendedCommunity?: { string: string };
}
type Route = { prefix?: string; paths?: Path[][] };

/** The Type-2 routes of a MAC as the spine has them: prefix and communities, those that differ by leaf left out. */
async function routesOf(fabric: Fabric, mac: string): Promise<string[]> {
  const all = await fabric.vtyshJson<Record<string, Record<string, Route> | number>>(
    'spine1',
    'show bgp l2vpn evpn route detail json',
  );
  const found: string[] = [];
  for (const routes of Object.values(all)) {
    if (typeof routes !== 'object') continue;
    for (const [prefix, route] of Object.entries(routes)) {
      if (!prefix.includes(mac) || !route.paths) continue;
      const text = route.paths.flat()[0]?.extendedCommunity?.string ?? '';
      found.push(`${prefix.replace(mac, 'MAC')} ${text.replace(/RT:\d+:\d+ ?/, '')}`.trim());
    }
  }
  return found.sort();
}

/** What a leaf holds of a gateway's MAC. */
async function bridgeRow(fabric: Fabric, leaf: string, mac: string): Promise<FdbRow | undefined> {
  return (await fabric.bridgeFdb(leaf)).find((row) => row.mac === mac && row.ifname === 'vx10' && row.master);
}

for (const setting of ['advertise-svi-ip', 'advertise-default-gateway'] as const)
  test(`${setting}: evpnd's routes are FRR's, and each installs the other's`, async (t) => {
    const fabric = await Fabric.create({
      leaves: [{ engine: 'evpnd', config: { evpn: { [setting]: true } } }, { engine: 'frr' }],
      vnis: [{ vni: 10010, vlan: 10 }],
    });
    t.teardown(() => fabric.remove());
    await waitUntilConverged(fabric);
    await fabric.vtysh(
      'leaf2',
      'configure terminal',
      `router bgp ${fabric.leaf('leaf2').asn}`,
      'address-family l2vpn evpn',
      FRR_WORDS[setting],
      'end',
    );
    const svis = ['leaf1', 'leaf2'].map((leaf) => fabric.leaf(leaf).segments[0]);
    const generic = (lines: string[], i: number) =>
      lines.map((line) =>
        line
          .replace(svis[i].sviAddress.ipv4, 'IPV4')
          .replace(svis[i].sviAddress.ipv6, 'IPV6')
          .replace(/fe80::[0-9a-f:]+/, 'LINK-LOCAL'),
      );
    await waitFor(async () => (await routesOf(fabric, svis[1].sviMac)).length >= 2, {
      what: "routes of FRR's SVI",
    });
    const [ours, theirs] = await Promise.all(
      svis.map(async (svi, i) => generic(await routesOf(fabric, svi.sviMac), i)),
    );
    t.log(theirs);
    t.deepEqual(ours, theirs);
    const [here, there] = await waitFor(
      async () => {
        const rows = [
          await bridgeRow(fabric, 'leaf1', svis[1].sviMac),
          await bridgeRow(fabric, 'leaf2', svis[0].sviMac),
        ];
        return rows.every(Boolean) ? rows : undefined;
      },
      { what: 'each other’s SVI in both bridges' },
    );
    // FRR's row of a gateway is static, and so not marked as its own; the kernel makes no extern_learn row static
    t.is(there?.state === 'static', setting === 'advertise-default-gateway');
    t.true(here?.flags.includes('extern_learn'));
    const neighbors = async (leaf: string, i: number) =>
      generic(
        (await fabric.installedRows(leaf)).filter(
          (row) => row.startsWith('neigh') && row.includes(svis[i].sviMac),
        ),
        i,
      )
        .map((row) => row.replace(svis[i].sviMac, 'MAC'))
        .sort();
    await waitFor(async () => (await neighbors('leaf1', 1)).length === theirs.length, {
      what: "neighbors of FRR's SVI",
    });
    t.deepEqual(await neighbors('leaf1', 1), await neighbors('leaf2', 0));
  });
