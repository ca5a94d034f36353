import test from 'ava';
import type { Explain } from '../../src/api/index.js';
import { Ntf, Nud } from '../../src/dataplane/index.js';
import { formatMac, MAC_ZERO, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { HOST, House, OTHER, type Room } from './support/house.js';
import { announce, announceFlood, explain } from './support/third-leaf.js';

/* What nobody owns is explained too: routes that are another VNI's or nobody's, rows that are nobody's word on a host. */
const V4 = '192.0.2.22';
const V6 = '2001:db8::22';

/** Two leaves; the first serves VNI 20 besides. */
async function fabric() {
  const house = await House.build();
  const [here, there] = house.rooms;
  const devices = here.leaf.world.devices(toVni(20));
  here.leaf.addVni(devices);
  house.pass();
  return { house, here, there, devices };
}

const ignoredOf = ({ entry }: Explain) => entry.claims.map(({ ignored }) => ignored);

for (const ip of [undefined, V4, V6])
  test(`an imported route whose label is 0 or another VNI's counts, and is said: ${ip ?? 'a MAC alone'}`, async (t) => {
    for (const label of [0, 99]) {
      const { house, here } = await fabric();
      announce(here, '10.0.0.5', { label, ip: ip === undefined ? undefined : parseIp(ip) });
      house.pass();
      const { entry, binding, verdict } = await explain(here, formatMac(HOST), ip);
      t.like(entry, { owner: 'remote', vtep: '10.0.0.5', kernel: { fits: true } });
      t.is(entry.claims[0].route!.label, label);
      if (ip !== undefined) t.like(binding!.story, { owner: 'remote', kernel: { fits: true } });
      const said = verdict.filter((line) => line.includes('label'));
      t.deepEqual(said, [
        `The route of 10.0.0.5 (RD 10.0.0.5:1) has label ${label}, not 10010: it is imported by its route targets, and frames go there with VNI 10010.`,
      ]);
    }
  });

test('a route that only another VNI imports: one with label 0 may be meant for this one, one with its label is not', async (t) => {
  const { house, here } = await fabric();
  announce(here, '10.0.0.5', { mac: HOST, vni: 20, label: 0, ip: parseIp(V4) });
  announce(here, '10.0.0.5', { mac: OTHER, vni: 20, label: 20, ip: parseIp(V4) });
  house.pass();
  const told = await explain(here, formatMac(HOST), V4);
  t.like(told.entry, { owner: 'none' });
  t.deepEqual(ignoredOf(told), [
    'not imported: VNI 10010 takes none of its route targets (65009:20); its label is 0; VNI 20 imports it',
  ]);
  t.like(told.binding, { mac: null, story: { owner: 'none', claims: [{ ip: V4, won: false }] } });
  t.like((await explain(here, formatMac(HOST), V4, 20)).entry, { owner: 'remote' });
  await here.get(`/api/v1/explain?vni=10010&mac=${formatMac(OTHER)}`, 404);
});

for (const ip of [V4, V6])
  test(`an IP that a route alone has, which no VNI imports: ${ip}`, async (t) => {
    const { house, here } = await fabric();
    announce(here, '10.0.0.5', { vni: 99, ip: parseIp(ip) });
    announce(here, '10.0.0.6', { vni: 99, ip: parseIp(ip), label: 0, ethernetTag: 7 });
    house.pass();
    const told = await explain(here, formatMac(HOST), ip);
    t.like(told, { ips: [ip], binding: { mac: null, story: { owner: 'none', rule: 'nobody claims it' } } });
    t.deepEqual(
      told.binding!.story.claims.map(({ ignored }) => ignored),
      [
        "not imported: VNI 10010 takes none of its route targets (65009:99); `import-route-targets: ['*:10010', '65009:99']` of VNI 10010 would import it",
        'Ethernet tag 7: not of the VLAN-based service; `import-ethernet-tags: vni` would import it',
      ],
    );
    t.true(told.verdict.includes(`${ip} is nobody's.`));
    t.is(new Set(told.verdict).size, told.verdict.length, 'nothing is said twice');
  });

const putNeigh = (
  room: Room,
  ip: string,
  mac: typeof HOST | undefined,
  state: number,
  protocol = 0,
  flags = 0,
) =>
  room.leaf.world.kernel.putNeigh({
    ifindex: room.devices.bridgeIfindex,
    ip: parseIp(ip),
    mac,
    state,
    flags,
    protocol,
  });

for (const ip of [V4, V6]) {
  test(`a MAC and an IP that a neighbor row alone has: ${ip}`, async (t) => {
    const { house, here } = await fabric();
    putNeigh(here, ip, HOST, Nud.STALE);
    house.pass();
    const told = await explain(here, formatMac(HOST), ip);
    t.like(told, {
      ips: [ip],
      entry: { owner: 'none', claims: [], kernel: { fits: true } },
      binding: { mac: null, story: { owner: 'none', kernel: { neigh: { device: 'br10010' } } } },
    });
    t.like(told.binding!.story.claims, [
      { origin: 'local', ignored: 'its MAC is not on a port of this leaf' },
    ]);
    t.true(
      told.verdict.includes(`02:00:00:00:00:01 is known from the neighbor table alone, as the MAC of ${ip}.`),
    );
    t.like(await explain(here, formatMac(HOST)), { ips: [ip], entry: { owner: 'none' }, binding: null });
  });

  test(`neighbor rows that are no word on a host: asked in vain, failed, another agent's: ${ip}`, async (t) => {
    const { house, here } = await fabric();
    house.speaks(here, OTHER);
    putNeigh(here, ip, undefined, Nud.FAILED);
    house.pass();
    const asked = await explain(here, formatMac(OTHER), ip);
    t.like(asked.binding, {
      mac: null,
      story: { owner: 'none', claims: [], kernel: { neigh: { mac: null } } },
    });
    t.true(
      asked.verdict.includes(`The neighbor table of br10010 has asked for ${ip} and got no answer (failed).`),
    );
    putNeigh(here, ip, HOST, Nud.FAILED);
    house.pass();
    const failed = await explain(here, formatMac(HOST), ip);
    t.like(failed, { entry: { owner: 'none' }, binding: { mac: null, story: { owner: 'none' } } });
    t.true(
      failed.verdict.includes(
        `The neighbor table of br10010 has ${ip} at 02:00:00:00:00:01 (failed), which is no valid entry.`,
      ),
    );
    // OVN's; its MAC is on a port here
    putNeigh(here, ip, OTHER, Nud.NOARP, 84, Ntf.EXT_LEARNED);
    house.pass();
    const { binding } = await explain(here, formatMac(OTHER), ip);
    t.like(binding, {
      mac: formatMac(OTHER),
      story: { owner: 'local', advertised: [{ rd: '10.0.0.1:10010' }] },
    });
    t.is((await explain(here, formatMac(OTHER), '192.0.2.99')).binding, null);
  });
}

test('rows of the bridge and of the VXLAN device that are nobody’s word on a host', async (t) => {
  const { house, here } = await fabric();
  const { kernel } = here.leaf.world;
  const { bridgeIfindex, vxlanIfindex, accessIfindex } = here.devices;
  const bridge = { bridgeIfindex, vlan: 0, mac: HOST, flags: 0 };
  const said = async () => {
    house.pass();
    const { entry, verdict } = await explain(here, formatMac(HOST));
    t.like(entry, { owner: 'none', claims: [] });
    return verdict.filter((line) => !line.startsWith('This leaf') && !line.startsWith('Decided')).slice(1);
  };
  const last = 'The kernel holds what evpnd wants for 02:00:00:00:00:01.';
  kernel.putBridge({ ...bridge, port: accessIfindex, state: Nud.REACHABLE, flags: Ntf.EXT_LOCKED });
  t.deepEqual(await said(), [
    'The bridge has 02:00:00:00:00:01 locked on p10010: its host is not authorized (802.1X, MAB), and is not announced.',
    last,
  ]);
  kernel.putBridge({ ...bridge, port: vxlanIfindex, state: Nud.NOARP });
  kernel.putVxlan({
    ifindex: vxlanIfindex,
    srcVni: 0,
    mac: HOST,
    dst: parseIp('10.9.9.9'),
    nexthopId: 0,
    state: Nud.NOARP,
    flags: Ntf.SELF,
  });
  t.deepEqual(await said(), [
    'The bridge has 02:00:00:00:00:01 on vx10010, by no route: set by hand, or learned from a frame that came there.',
    "A row of vx10010 that is not evpnd's sends 02:00:00:00:00:01 to 10.9.9.9.",
    last,
  ]);
  kernel.dropVxlan(vxlanIfindex, 0, HOST, undefined);
  kernel.putBridge({ ...bridge, port: accessIfindex, state: Nud.PERMANENT });
  t.deepEqual(await said(), [
    'The bridge has 02:00:00:00:00:01 as a permanent row of p10010: an address of this machine, or set by hand; evpnd does not announce it.',
    last,
  ]);
});

test('group addresses are nobody’s, whatever is said of them', async (t) => {
  const { house, here } = await fabric();
  t.is(
    (await explain(here, '33:33:00:00:00:01')).verdict[0],
    '33:33:00:00:00:01 is a group address, which no host has.',
  );
  const mac = parseMac('01:00:5e:00:00:05');
  announce(here, '10.0.0.5', { mac, ip: parseIp('224.0.0.5') });
  house.pass();
  const told = await explain(here, formatMac(mac), '224.0.0.5');
  t.like(told, { entry: { owner: 'none', rule: 'a group address, which no host has' } });
  t.deepEqual(ignoredOf(told), ['a MAC address that no host has']);
  t.like(told.binding, { mac: null, story: { owner: 'none', rule: 'nobody claims it' } });
});

test('the all-zero MAC: where broadcast, unknown unicast and multicast goes, and why not elsewhere', async (t) => {
  const { house, here } = await fabric();
  const zero = formatMac(MAC_ZERO);
  announceFlood(here, '10.0.0.5');
  announceFlood(here, '10.0.0.6', 10010, false);
  announceFlood(here, '10.0.0.7', 99);
  announce(here, '10.0.0.8', { mac: MAC_ZERO });
  house.pass();
  const told = await explain(here, zero);
  t.like(told, {
    entry: {
      owner: 'remote',
      rule: 'a copy for each leaf of the VNI',
      kernel: { fits: true, drifts: [], failure: null },
    },
    binding: null,
  });
  const { kernel, advertised } = told.entry;
  t.is(kernel.found, kernel.wanted);
  t.is(
    kernel.found,
    'default destination 10.0.0.2 on vx10010 (noarp, permanent), default destination 10.0.0.5 on vx10010 (noarp, permanent)',
  );
  t.deepEqual(
    advertised.map(({ key }) => key),
    ['[3]:[0]:[32]:[10.0.0.1]'],
  );
  t.deepEqual(
    told.entry.claims
      .map(({ vtep, won, ignored }) => `${vtep} ${won ? 'won' : ignored?.slice(0, 30)}`)
      .sort(),
    [
      '10.0.0.2 won',
      '10.0.0.5 won',
      '10.0.0.6 no PMSI Tunnel attribute, with',
      '10.0.0.7 not imported: VNI 10010 takes ',
      '10.0.0.8 a MAC address that no host has',
    ],
  );
  t.deepEqual(told.verdict.slice(0, 2), [
    'Broadcast, unknown unicast and multicast of VNI 10010 goes to 10.0.0.2, 10.0.0.5.',
    'Decided by: a copy for each leaf of the VNI.',
  ]);
  t.deepEqual(told.verdict.slice(-2), [
    'This leaf asks for that of other leaves with next hop 10.0.0.1.',
    'The kernel holds what evpnd wants for the default destinations.',
  ]);
  const none = await explain(here, zero, undefined, 20);
  t.like(none.entry, { owner: 'none', rule: 'no other leaf of the VNI takes copies' });
  here.leaf.addVni(here.devices, { multicastGroup: parseIp('239.1.1.1') });
  house.pass();
  const group = await explain(here, zero);
  t.like(group.entry, {
    owner: 'none',
    rule: 'multicast group 239.1.1.1 of vx10010',
    kernel: { fits: true },
  });
  t.is(group.entry.claims.filter(({ won }) => won).length, 0);
});

test('the all-zero MAC: default destinations of others are named, with whose they are', async (t) => {
  const { house, here } = await fabric();
  const { kernel } = here.leaf.world;
  const { vxlanIfindex: ifindex } = here.devices;
  const zero = formatMac(MAC_ZERO);
  const byHand = (dst: string) =>
    kernel.putVxlan({
      ifindex,
      srcVni: 0,
      mac: MAC_ZERO,
      dst: parseIp(dst),
      nexthopId: 0,
      state: Nud.NOARP | Nud.PERMANENT,
      flags: Ntf.SELF,
    });
  const said = async () =>
    (await explain(here, zero)).verdict.filter((line) => line.includes('is a default destination'));
  t.deepEqual(await said(), [], "evpnd's own is said already");
  byHand('10.0.0.9');
  byHand('10.0.0.5');
  announceFlood(here, '10.0.0.5');
  here.leaf.addVni(here.devices, { multicastGroup: parseIp('239.1.1.1') });
  byHand('239.1.1.1');
  house.pass();
  const notOurs = "that is not evpnd's but the device's own (`remote`), or set by hand or by another program";
  t.deepEqual(await said(), [
    `10.0.0.5 is a default destination of vx10010 ${notOurs}; copies go there too, and evpnd leaves it.`,
    `10.0.0.9 is a default destination of vx10010 ${notOurs}; copies go there too, and evpnd leaves it.`,
    "239.1.1.1 is a default destination of vx10010 that is the device's own: its multicast group.",
  ]);
  here.leaf.addVni(here.devices);
  house.pass();
  t.is(
    (await said())[0],
    `10.0.0.5 is a default destination of vx10010 ${notOurs}; it is where a leaf of the VNI wants its copies, and stays when that leaf goes.`,
  );
});
