import test, { type ExecutionContext } from 'ava';
import { type Family, type Host, waitFor } from '../../lab/index.js';
import { ipSubjects } from './support/local-watch.js';
import { Scene } from './support/scene.js';

/*
 * A guest that moves between evpnd (leaf1, leaf3) and FRR (leaf2), with FRR as the spine. After each test the kernels of
 * all leaves must hold it where it is, pings must go on, and no leaf of ours may have deleted what is local to it.
 */
let scene: Scene;
const guest = 'h1-10';
const partners = ['h2-10', 'h3-10'];

test.before(async () => {
  scene = await Scene.create(
    {
      leaves: [{ engine: 'evpnd', hostsPerVni: 2 }, { engine: 'frr', hostsPerVni: 2 }, { engine: 'evpnd' }],
      vnis: [{ vni: 10010, vlan: 10 }],
    },
    { [guest]: ['leaf1', 'leaf2', 'leaf3'] },
  );
});
test.after.always('remove', () => scene?.remove());
test.afterEach(async (t) => {
  await scene?.nothingLocalWasDeleted(t);
});

test.serial(
  'a host moves from evpnd to FRR and back, with its IPs, and both count the same moves',
  async (t) => {
    const host = scene.fabric.host(guest);
    await scene.isRight(t, guest, partners);
    for (const [to, sequence] of [
      ['leaf2', 1],
      ['leaf1', 2],
      ['leaf3', 3],
      ['leaf1', 4],
    ] as const) {
      await scene.move(guest, to);
      await scene.isRight(t, guest, partners);
      await scene.sequenceIs(host, sequence);
      for (const leaf of ['leaf1', 'leaf3'] as const) {
        const mac = await scene.ourMac(leaf, host);
        t.is(mac?.origin, leaf === to ? 'local' : 'remote');
        t.is(mac?.vtep ?? null, leaf === to ? null : scene.fabric.leaf(to).vtep);
        for (const ip of Object.values(host.address)) t.true(mac?.ips.includes(ip), `${ip} on ${leaf}`);
      }
      t.is((await scene.frrMac('leaf2', host)).type, to === 'leaf2' ? 'local' : 'remote');
    }
  },
);

test.serial(
  'the old leaf says nothing until it hears of the move, and the host nothing but a ping',
  async (t) => {
    const host = scene.fabric.host(guest);
    const before = (await scene.sequence('leaf1', host)) ?? 0;
    await scene.move(guest, 'leaf2', { silent: true });
    // The old leaf's port is up and its rows stand: only the first frame elsewhere tells.
    t.is((await scene.ourMac('leaf1', host))?.origin, 'local');
    await scene.isRight(t, guest, partners);
    await scene.sequenceIs(host, before + 1);
    await scene.move(guest, 'leaf1', { silent: true });
    await scene.isRight(t, guest, partners);
    await scene.sequenceIs(host, before + 2);
  },
);

test.serial('a host that is back before its old leaf has heard that it left', async (t) => {
  for (const away of ['leaf2', 'leaf3']) {
    await scene.move(guest, away);
    await scene.move(guest, 'leaf1');
    await scene.isRight(t, guest, partners);
  }
  // And one that says nothing when it is back: what it says next brings it home.
  await scene.move(guest, 'leaf2');
  await scene.move(guest, 'leaf1', { silent: true });
  await scene.isRight(t, guest, partners);
});

test.serial('a host roams between two leaves twenty times and is never lost', async (t) => {
  const host = scene.fabric.host(guest);
  const before = (await scene.sequence('leaf1', host)) ?? 0;
  for (let move = 1; move <= 20; move++) {
    await scene.move(guest, move % 2 === 1 ? 'leaf2' : 'leaf1');
    await scene.isRight(t, guest, move % 5 === 0 ? partners : ['h3-10']);
  }
  await scene.sequenceIs(host, before + 20);
});

/** Gives the addresses to the first of the hosts and takes them from the others; the new owner announces them. */
async function bind(addresses: Record<Family, string>, owner: Host, others: readonly Host[]): Promise<void> {
  const lines = (verb: string, tail = '') => [
    `addr ${verb} ${addresses.ipv4}/24 dev eth0`,
    `addr ${verb} ${addresses.ipv6}/64 dev eth0${tail}`,
  ];
  for (const other of others) {
    const { stdout } = await scene.fabric.exec(other.name, 'ip', '-brief', 'addr', 'show', 'dev', 'eth0');
    if (stdout.includes(` ${addresses.ipv4}/`))
      await scene.fabric.apply(other.name, { ip: lines('del'), bridge: [] });
  }
  await scene.fabric.apply(owner.name, { ip: lines('replace', ' nodad'), bridge: [] });
  await scene.fabric.announceHost(owner.name);
}

/** Every leaf has the IP at that MAC, the owner's own leaf as a local neighbor, and the others reach it. */
async function isAt(
  t: ExecutionContext,
  ip: string,
  owner: Host,
  nudge: () => Promise<unknown>,
): Promise<void> {
  const { fabric } = scene;
  const home = fabric.leafOf(owner.name);
  const { sviAddress } = fabric.leaf(home).segments[0];
  await waitFor(
    async () => {
      const ping = [
        'ping',
        '-c',
        '1',
        '-W',
        '1',
        '-I',
        ip,
        ip.includes(':') ? sviAddress.ipv6 : sviAddress.ipv4,
      ];
      await Promise.all([nudge(), fabric.exec(owner.name, ...ping).catch(() => {})]);
      for (const { name } of fabric.plan.leaves) {
        const row = (await fabric.neigh(name)).find(({ dst }) => dst === ip);
        if (row?.lladdr !== owner.mac || 'extern_learn' in row === (name === home))
          throw new Error(`${name}: ${JSON.stringify(row)}`);
      }
      return true;
    },
    { what: `${ip} at ${owner.name} on every leaf`, timeout: 12_000, interval: 50 },
  );
  for (const from of ['h2-10', 'h3-10']) {
    await fabric.exec(from, 'ip', 'neigh', 'flush', 'all');
    const { received } = await fabric.ping(from, ip, { count: 2, interval: 0.05 });
    t.is(received, 2, `${from} to ${ip} at ${owner.name}`);
  }
}

test.serial('an IP moves to another MAC of the same leaf and back', async (t) => {
  const { fabric, watch } = scene;
  const [first, second] = [fabric.host('h1-10'), fabric.host('h1-10-2')];
  const addresses = { ipv4: '10.10.10.200', ipv6: 'fd10:10::200' };
  watch.leaves('leaf1', ipSubjects(addresses));
  for (const owner of [first, second, first]) {
    await bind(addresses, owner, [first, second]);
    for (const ip of Object.values(addresses)) await isAt(t, ip, owner, () => Promise.resolve());
  }
});

test.serial('an IP moves to a MAC of another leaf, from evpnd to FRR and back', async (t) => {
  const { fabric, watch } = scene;
  const [ours, frrs] = [fabric.host('h1-10-2'), fabric.host('h2-10-2')];
  const addresses = { ipv4: '10.10.10.201', ipv6: 'fd10:10::201' };
  watch.leaves('leaf1', ipSubjects(addresses));
  // A bridge that suppresses ARP lets no announcement through: the old leaf finds out when it has a packet for the IP, once
  // the neighbor is no longer taken for reachable.
  for (const leaf of ['leaf1', 'leaf2'])
    for (const family of ['ipv4', 'ipv6'])
      await fabric.exec(
        leaf,
        'sysctl',
        '-qw',
        `net.${family}.neigh.br10.base_reachable_time_ms=500`,
        `net.${family}.neigh.br10.delay_first_probe_time=1`,
        `net.${family}.neigh.br10.retrans_time_ms=100`,
      );
  let before: Host | undefined;
  for (const owner of [ours, frrs, ours]) {
    await bind(addresses, owner, [ours, frrs]);
    for (const ip of Object.values(addresses)) {
      const old = before?.leaf;
      const packet = async () => (old ? fabric.ping(old, ip, { count: 1, wait: 0.2 }) : undefined);
      await isAt(t, ip, owner, packet);
    }
    before = owner;
  }
});
