import test from 'ava';
import { Fabric, waitFor, waitForFloodLists, waitForSessions, waitUntilConverged } from '../../lab/index.js';

/** A frame of nobody's protocol: the bridge learns the MAC and nothing else is said. */
const SPEAK = `
const { native } = await import(process.argv[1]);
const { readFileSync } = await import('node:fs');
const frame = Buffer.alloc(60);
frame.fill(0xff, 0, 6);
Buffer.from(process.argv[2].replaceAll(':', ''), 'hex').copy(frame, 6);
frame.writeUInt16BE(0x88b5, 12);
const to = Buffer.alloc(20);
to.writeUInt16LE(17, 0);
to.writeInt32LE(Number(readFileSync('/sys/class/net/eth0/ifindex', 'utf8')), 4);
const socket = new (native().RawSocket)(17, 3, 0);
if (socket.sendTo(frame, 0, 60, to) !== 60) throw new Error('not sent');
`;

for (const svi of [true, false])
  test(`a host that moves here brings its addresses, ${svi ? 'with' : 'without'} a gateway on the leaf`, async (t) => {
    const fabric = await Fabric.create({
      leaves: [
        { engine: 'evpnd', svi },
        { engine: 'frr', hostsPerVni: 2 },
      ],
      vnis: [{ vni: 10010, vlan: 10 }],
    });
    t.teardown(() => fabric.remove());
    // With a gateway on each leaf every host is introduced; without, what follows introduces those that matter
    if (svi) await waitUntilConverged(fabric);
    const host = fabric.host('h2-10');
    for (const family of ['ipv4', 'ipv6'] as const)
      await waitFor(
        async () => (await fabric.ping('h1-10', host.name, { family, count: 1 })).received === 1,
        {
          what: `reply over ${family}`,
        },
      );
    await fabric.introduceHosts();
    const bound = (leaf: string, ip: string) => async () =>
      (await fabric.installedRows(leaf)).includes(`neigh br10 ${ip} ${host.mac} NOARP`);
    for (const ip of Object.values(host.address))
      await waitFor(bound('leaf1', ip), { what: `${ip} on leaf1 as a remote one` });

    await fabric.moveHost(host.name, 'leaf1', { silent: true });
    const module = new URL('../../src/linux/index.js', import.meta.url).href;
    await fabric.exec(host.name, process.execPath, '--input-type=module', '-e', SPEAK, module, host.mac);
    // It has said nothing of its addresses, nobody has asked for them but the leaf that it came to
    for (const ip of Object.values(host.address))
      await waitFor(bound('leaf2', ip), { what: `${ip} on leaf2 as a remote one`, timeout: 3_000 });
    const { received } = await fabric.ping('h2-10-2', host.name, { count: 1 });
    t.is(received, 1);
  });

test('an address that moves between leaves to another MAC is followed at once', async (t) => {
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'evpnd', svi: false }, { engine: 'frr' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  t.teardown(() => fabric.remove());
  await waitForSessions(fabric, 20_000);
  await waitForFloodLists(fabric, 20_000);
  const hosts = ['h1-10', 'h2-10', 'h3-10'].map((name) => fabric.host(name));
  for (const host of hosts) {
    const other = hosts[(hosts.indexOf(host) + 1) % hosts.length];
    await waitFor(async () => (await fabric.ping(host.name, other.name, { count: 1 })).received === 1, {
      what: `reply to ${host.name}`,
    });
  }
  const ip = '10.10.10.200';
  let before: string | undefined;
  // Never back to FRR's leaf: its kernel's own row of the remote host keeps it from hearing the local one
  for (const i of [2, 0, 1, 0, 1]) {
    const host = hosts[i];
    if (before) await fabric.exec(before, 'ip', 'addr', 'del', `${ip}/24`, 'dev', 'eth0');
    await fabric.exec(host.name, 'ip', 'addr', 'add', `${ip}/24`, 'dev', 'eth0');
    await fabric.announceHost(host.name);
    // FRR knows what its kernel resolved, and that takes more than an announcement
    if (i === 2) {
      const [segment] = fabric.leaf(host.leaf).segments;
      await fabric.exec(host.name, 'ping', '-c', '1', '-I', ip, segment.sviAddress.ipv4);
    }
    for (const leaf of fabric.plan.leaves) {
      if (leaf.name === host.leaf) continue;
      const row = `neigh br10 ${ip} ${host.mac} NOARP`;
      await waitFor(async () => (await fabric.installedRows(leaf.name)).includes(row), {
        what: `${row} on ${leaf.name}`,
        timeout: 5_000,
      });
    }
    before = host.name;
  }
  t.pass();
});
