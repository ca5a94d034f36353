import test from 'ava';
import { Fabric, hostPairs, waitFor, waitForSessions, waitUntilConverged } from '../../lab/index.js';

const VTEP6 = { vtep: 'ipv6', transport: 'ipv6' } as const;

test('VTEPs, sessions, next hops and tunnels over IPv6 alone', async (t) => {
  const fabric = await Fabric.create({
    ...VTEP6,
    leaves: [{ engine: 'evpnd' }, { engine: 'evpnd' }],
    // FRR cannot pass these routes on: see below
    spines: [{ engine: 'gobgp' }],
  });
  t.teardown(() => fabric.remove());
  // No way between the leaves but IPv6
  for (const [leaf, other] of [
    ['leaf1', '10.0.0.2'],
    ['leaf2', '10.0.0.1'],
  ] as const)
    await fabric.exec(leaf, 'ip', 'route', 'del', `${other}/32`);
  await waitUntilConverged(fabric, (step) => t.log(step));
  const host = fabric.plan.hosts.find(({ name }) => name === 'h2-10')!;
  const rows = await fabric.installedRows('leaf1');
  for (const row of [
    'fdb vx10 00:00:00:00:00:00 self dst fd00::2 permanent self',
    `fdb vx10 ${host.mac} master br10 extern_learn`,
    `fdb vx10 ${host.mac} self dst fd00::2 extern_learn self`,
    `neigh br10 10.10.10.12 ${host.mac} NOARP`,
  ])
    t.true(rows.includes(row), `${row}\nnot among\n${rows.join('\n')}`);
  interface Routes {
    items: { key: string; paths: { nextHop: string; pmsi: { endpoint: string } | null }[] }[];
  }
  const { body } = await fabric.restApi<Routes>('leaf1', '/api/v1/routes?type=3&origin=remote&limit=100');
  t.deepEqual(
    body.items.map(({ key, paths }) => [key, paths[0]?.nextHop, paths[0]?.pmsi?.endpoint]),
    [
      ['[3]:[0]:[128]:[fd00::2]', 'fd00::2', 'fd00::2'],
      ['[3]:[0]:[128]:[fd00::2]', 'fd00::2', 'fd00::2'],
    ],
  );
  // A host moves: the row follows to the other VTEP and back
  await fabric.moveHost('h2-10', 'leaf1');
  await waitFor(async () => !(await fabric.installedRows('leaf1')).some((row) => row.includes(host.mac)), {
    what: 'end of the remote rows of a host that came home',
  });
  await waitFor(
    async () =>
      (await fabric.installedRows('leaf2')).includes(
        `fdb vx10 ${host.mac} self dst fd00::1 extern_learn self`,
      ),
    { what: 'row to the new VTEP' },
  );
  t.true((await fabric.ping('h2-20', 'h1-20', { count: 2 })).received > 0);
  t.is(await fabric.evpnd('leaf1').stop(), 0);
  t.deepEqual(await fabric.installedRows('leaf1'), []);
});

test('FRR, which ends a session over the tunnel attribute of an IPv6 VTEP, is a spine where nothing is flooded', async (t) => {
  // FRR 8.4 and 10.3: "Bad PMSI tunnel attribute length 21 for IR", though RFC 6514 §5 has addresses of both families
  const config = { evpn: { flooding: 'disabled' } };
  const fabric = await Fabric.create({
    ...VTEP6,
    leaves: [
      { engine: 'evpnd', config },
      { engine: 'evpnd', config },
    ],
  });
  t.teardown(() => fabric.remove());
  await waitForSessions(fabric, 20_000);
  await fabric.introduceHosts();
  const pairs = hostPairs(fabric);
  let missing = pairs;
  await waitFor(
    async () => {
      const answers = await Promise.all(
        missing.map(
          async ({ from, to, family }) => (await fabric.ping(from, to, { count: 1, family })).received,
        ),
      );
      missing = missing.filter((_, i) => answers[i] === 0);
      return missing.length === 0;
    },
    { what: 'reply without flooding', show: () => JSON.stringify(missing) },
  );
  const rows = await fabric.installedRows('leaf1');
  t.false(rows.some((row) => row.includes('00:00:00:00:00:00')));
  t.true(rows.some((row) => row.includes('dst fd00::2')));
});
