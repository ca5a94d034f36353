import { readFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { Fabric, waitFor, waitForFloodLists, waitForSessions } from '../../lab/index.js';

/** Seconds of the bridge's ageing and of the neighbor's reachability, and how many of them a host is silent for. */
const LIFETIME = 3;
const LIFETIMES = 10;
const REFRESH = { 'neighbor-refresh': { enabled: true, interval: 1, rate: 50 } };

/** leaf1 has a gateway, leaf2 none; both run evpnd. leaf3 is FRR's, and what it shows is what the others told. */
async function fabric(): Promise<Fabric> {
  return Fabric.create({
    leaves: [
      { engine: 'evpnd', hostsPerVni: 2, config: { evpn: REFRESH } },
      { engine: 'evpnd', hostsPerVni: 2, svi: false, config: { evpn: REFRESH } },
      { engine: 'frr' },
    ],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
}

async function neighborsOf(fabric: Fabric, leaf: string): Promise<string[]> {
  return (await fabric.installedRows(leaf)).filter((row) => row.startsWith('neigh br10 '));
}

async function untilNeighbor(fabric: Fabric, ip: string, mac: string, timeout = 10_000): Promise<void> {
  const row = `neigh br10 ${ip} ${mac} NOARP`;
  await waitFor(async () => (await neighborsOf(fabric, 'leaf3')).includes(row), {
    what: `${row} on leaf3`,
    timeout,
  });
}

const FAMILIES = ['ipv4', 'ipv6'] as const;

test('hosts are known by what they say, stay known while silent, and move by what they say', async (t) => {
  const f = await fabric();
  t.teardown(() => f.remove());
  await waitForSessions(f, 20_000);
  await waitForFloodLists(f, 20_000);
  const local = f.plan.hosts.filter((host) => host.leaf !== 'leaf3');
  const remote = f.host('h3-10');

  // Nobody asks a gateway: hosts behind leaf2 have none, and are known all the same
  for (const host of local)
    for (const family of FAMILIES) await f.ping(host.name, remote.name, { family, count: 1 });
  try {
    for (const host of local)
      for (const family of FAMILIES) await untilNeighbor(f, host.address[family], host.mac);
  } catch (error) {
    t.log(f.logs());
    throw error;
  }

  // ARP and ND for them end at leaf3
  await f.exec(remote.name, 'ip', 'neigh', 'flush', 'all');
  const capture = await f.capture('leaf3', 'spine1');
  for (const host of local)
    for (const family of FAMILIES) {
      const { received } = await f.ping(remote.name, host.name, { family, count: 1 });
      t.is(received, 1, `${host.name} ${family}`);
    }
  const packets = await capture.stop();
  t.is(await packets.count(`vxlan && arp.opcode == 1 && arp.src.proto_ipv4 == ${remote.address.ipv4}`), 0);
  t.deepEqual(await packets.malformed(), []);

  // Everything that keeps them known lives for three seconds from now on, and they say nothing by themselves
  for (const leaf of ['leaf1', 'leaf2']) {
    await f.exec(leaf, 'ip', 'link', 'set', 'br10', 'type', 'bridge', 'ageing_time', String(LIFETIME * 100));
    await f.exec(
      leaf,
      'sysctl',
      '-qw',
      ...['ipv4', 'ipv6'].flatMap((family) => [
        `net.${family}.neigh.br10.base_reachable_time_ms=1000`,
        `net.${family}.neigh.br10.gc_stale_time=2`,
      ]),
    );
  }
  const wanted = local.flatMap((host) =>
    FAMILIES.map((family) => `neigh br10 ${host.address[family]} ${host.mac} NOARP`),
  );
  const end = Date.now() + LIFETIMES * LIFETIME * 1000;
  while (Date.now() < end) {
    const rows = new Set(await neighborsOf(f, 'leaf3'));
    const missing = wanted.filter((row) => !rows.has(row));
    t.deepEqual(missing, []);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await f.exec(remote.name, 'ip', 'neigh', 'flush', 'all');
  for (const host of local)
    for (const family of FAMILIES) {
      const { received } = await f.ping(remote.name, host.name, { family, count: 1 });
      t.is(received, 1, `${host.name} ${family} after ${LIFETIMES} lifetimes`);
    }

  // A flush of the bridge takes hosts that are there: they are asked, and have their addresses again
  for (const leaf of ['leaf1', 'leaf2'])
    await f.exec(leaf, 'ip', 'link', 'set', 'br10', 'type', 'bridge', 'fdb_flush');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await waitFor(
    async () => {
      const rows = new Set(await neighborsOf(f, 'leaf3'));
      return wanted.every((row) => rows.has(row));
    },
    { what: 'hosts after a flush', timeout: 10_000 },
  );

  // An address goes from one host to another behind the same leaf
  for (const leaf of ['1', '2']) {
    const from = f.host(`h${leaf}-10`);
    const to = f.host(`h${leaf}-10-2`);
    for (const family of FAMILIES) {
      const prefix = family === 'ipv4' ? 24 : 64;
      const address = `${from.address[family]}/${prefix}`;
      await f.exec(from.name, 'ip', 'addr', 'del', address, 'dev', 'eth0');
      await f.exec(
        to.name,
        'ip',
        'addr',
        'add',
        address,
        'dev',
        'eth0',
        ...(family === 'ipv6' ? ['nodad'] : []),
      );
    }
    await f.announceHost(to.name);
    for (const family of FAMILIES) await untilNeighbor(f, from.address[family], to.mac, 3_000);
  }

  // An address that nobody has any more is given up, the host's others stay
  const host = f.host('h2-10-2');
  await f.exec(host.name, 'ip', 'addr', 'del', `${host.address.ipv4}/24`, 'dev', 'eth0');
  await waitFor(
    async () => !(await neighborsOf(f, 'leaf3')).some((row) => row.includes(` ${host.address.ipv4} `)),
    { what: `no ${host.address.ipv4} on leaf3`, timeout: 15_000 },
  );
  t.true((await neighborsOf(f, 'leaf3')).includes(`neigh br10 ${host.address.ipv6} ${host.mac} NOARP`));

  // It was the questions that kept them: without, the silent hosts go
  const evpnd = f.evpnd('leaf1');
  const config = parse(readFileSync(evpnd.configFile, 'utf8'));
  evpnd.configure({ ...config, evpn: { 'neighbor-refresh': { enabled: false } } });
  evpnd.signal('SIGHUP');
  const silent = f.host('h1-10');
  await waitFor(async () => !(await f.installedRows('leaf3')).some((row) => row.includes(silent.mac)), {
    what: `no row of ${silent.name} on leaf3`,
    timeout: 15_000,
  });
});
