import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { vniOf } from './support/vni.js';

/*
 * leaf1 only reports what is wrong, leaf2 also fixes it. VLAN-unaware bridges, so that the host's own kernel does; what
 * needs VLANs is in the scenarios for user-mode-linux.
 */
let fabric: Fabric;

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [
      // Listed, so that a device in no bridge is a fault and not another program's
      { engine: 'evpnd', config: { evpn: { vnis: [{ vni: 10010 }] } } },
      { engine: 'evpnd', config: { 'manage-port-settings': true } },
    ],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

async function problems(leaf: string): Promise<string[]> {
  const vni = await vniOf(fabric, leaf, 10010);
  return vni.problems.map(({ severity, fix }) => `${severity}: ${fix}`);
}

async function problemsBecome(leaf: string, expected: readonly string[]): Promise<unknown> {
  let found: string[] = [];
  return waitFor(
    async () => {
      found = await problems(leaf);
      return found.join('\n') === expected.join('\n');
    },
    { what: `problems ${expected.join(', ') || '(none)'} on ${leaf}`, show: () => found.join('\n') },
  );
}

/** What breaks it, and the problem with the command that fixes it. */
const FAULTS: readonly (readonly [string, string])[] = [
  [
    'ip link set dev vx10 type vxlan id 10010 learning',
    'warning: ip link set dev vx10 type vxlan nolearning',
  ],
  ['bridge link set dev vx10 learning on', 'warning: bridge link set dev vx10 learning off'],
  ['bridge link set dev vx10 neigh_suppress off', 'warning: bridge link set dev vx10 neigh_suppress on'],
  ['bridge link set dev vx10 flood off', 'info: bridge link set dev vx10 flood on'],
  ['bridge link set dev vx10 bcast_flood off', 'info: bridge link set dev vx10 bcast_flood on'],
  ['ip link set dev vx10 mtu 1651', 'warning: ip link set dev vx10 mtu 1650'],
  ['ip link set dev spine1 mtu 1599', 'warning: ip link set dev vx10 mtu 1549'],
  ['ip link set dev vx10 down', 'error: ip link set dev vx10 up'],
  ['ip link set dev br10 down', 'error: ip link set dev br10 up'],
  ['ip link set dev vx10 protodown on', 'error: ip link set dev vx10 protodown off'],
  ['bridge link set dev vx10 state 0', 'error: bridge link set dev vx10 state 3'],
  ['ip addr del 10.0.0.1/32 dev lo', 'error: ip addr add 10.0.0.1/32 dev lo'],
];

test.serial('each fault is reported with the command that fixes it, and the command does', async (t) => {
  await problemsBecome('leaf1', []);
  for (const [fault, problem] of FAULTS) {
    await fabric.exec('leaf1', ...fault.split(' '));
    // The way to the VTEPs is looked at after a change of the devices
    await problemsBecome('leaf1', [problem]);
    await fabric.exec('leaf1', ...problem.replace(/^\w+: /, '').split(' '));
    await problemsBecome('leaf1', []);
    t.log(`${fault} → ${problem}`);
  }
  t.pass();
});

test.serial('a device without bridge', async (t) => {
  await fabric.exec('leaf1', 'ip', 'link', 'set', 'dev', 'vx10', 'nomaster');
  await problemsBecome('leaf1', ['error: ip link set dev vx10 master BRIDGE']);
  await fabric.exec('leaf1', 'ip', 'link', 'set', 'dev', 'vx10', 'master', 'br10');
  // A port's settings go with its bridge
  await problemsBecome('leaf1', [
    'warning: bridge link set dev vx10 learning off',
    'warning: bridge link set dev vx10 neigh_suppress on',
  ]);
  for (const fix of await problems('leaf1'))
    await fabric.exec('leaf1', ...fix.replace(/^\w+: /, '').split(' '));
  await problemsBecome('leaf1', []);
  t.is((await vniOf(fabric, 'leaf1', 10010)).up, true);
});

test.serial('a leaf without a way to a VTEP says so, and explain of each host behind it', async (t) => {
  const ip = (...words: string[]) => fabric.exec('leaf1', 'ip', ...words);
  const route = (await ip('-4', 'route', 'show', '10.0.0.2')).stdout.trim().split(/\s+/);
  await ip('route', 'del', ...route);
  // The way to the VTEPs is looked at after a change of the devices, or half a minute later
  await ip('link', 'set', 'dev', 'vx10', 'mtu', '1649');
  await waitFor(
    async () =>
      (await vniOf(fabric, 'leaf1', 10010)).problems.some(({ problem }) =>
        problem.includes('no way to 10.0.0.2'),
      ),
    { what: 'the problem' },
  );
  const { body } = await fabric.restApi<{ items: { mac: string; vtep: string }[] }>(
    'leaf1',
    '/api/v1/vnis/10010/macs?origin=remote',
  );
  t.true(body.items.length > 0);
  for (const { mac } of body.items) {
    const { verdict } = (
      await fabric.restApi<{ verdict: string[] }>('leaf1', `/api/v1/explain?vni=10010&mac=${mac}`)
    ).body;
    t.true(verdict.some((sentence) => sentence.startsWith('The routing table has no way to 10.0.0.2')));
  }
  await ip('route', 'add', ...route);
  await ip('link', 'set', 'dev', 'vx10', 'mtu', '1650');
  await problemsBecome('leaf1', []);
});

test.serial(
  'with manage-port-settings evpnd sets what is on its list, again and again, and nothing else',
  async (t) => {
    for (const fault of [
      'bridge link set dev vx10 learning on',
      'bridge link set dev vx10 neigh_suppress off',
      'ip link set dev vx10 type vxlan id 10010 learning',
      'bridge link set dev vx10 learning on',
    ]) {
      await fabric.exec('leaf2', ...fault.split(' '));
      // It knew of no problem before it heard of this one, either: the kernel notifies us when it is fixed
      await waitFor(
        async () => {
          const { stdout } = await fabric.exec('leaf2', 'ip', '-d', 'link', 'show', 'dev', 'vx10');
          return [/ nolearning /, / learning off /, / neigh_suppress on /].every((set) => set.test(stdout));
        },
        { what: `end of what was done by: ${fault}` },
      );
      await problemsBecome('leaf2', []);
    }
    await fabric.exec('leaf2', 'bridge', 'link', 'set', 'dev', 'vx10', 'mcast_flood', 'off');
    await problemsBecome('leaf2', ['info: bridge link set dev vx10 mcast_flood on']);
    // Out of the bridge and back, as a restart of the network does it
    await fabric.exec('leaf2', 'ip', 'link', 'set', 'dev', 'vx10', 'nomaster');
    await fabric.exec('leaf2', 'ip', 'link', 'set', 'dev', 'vx10', 'master', 'br10');
    await problemsBecome('leaf2', []);
    t.regex(fabric.evpnd('leaf2').log(), /set what the VNI needs/);
    t.notRegex(fabric.evpnd('leaf1').log(), /set what the VNI needs/);
  },
);

test.serial('a reload turns flooding off, and the port is held against that', async (t) => {
  const evpnd = fabric.evpnd('leaf1');
  const { readFileSync } = await import('node:fs');
  const { parse } = await import('yaml');
  const config = parse(readFileSync(evpnd.configFile, 'utf8'));
  evpnd.configure({ ...config, evpn: { flooding: 'disabled' } });
  evpnd.signal('SIGHUP');
  await problemsBecome('leaf1', ['info: bridge link set dev vx10 flood off mcast_flood off bcast_flood off']);
  for (const leaf of ['leaf1', 'leaf2'])
    await waitFor(
      async () => !(await fabric.installedRows(leaf)).some((row) => row.includes('00:00:00:00:00:00')),
      { what: `end of default destinations on ${leaf}` },
    );
  // Known hosts reach each other as before
  t.true((await fabric.ping('h1-10', 'h2-10', { count: 2 })).received > 0);
});
