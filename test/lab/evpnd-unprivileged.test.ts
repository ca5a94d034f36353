import { readFileSync } from 'node:fs';
import test from 'ava';
import { Fabric, run, waitUntilConverged } from '../../lab/index.js';
import { expectedRoutes, routesOf } from './support/frr-routes.js';
import { judge } from './support/judge.js';
import { leafRows, rowsAre } from './support/rows.js';

/*
 * As systemd/evpnd.service runs it: no root, three capabilities, no way to more. In a fabric of one AS with IPv6
 * transport and a spine that reflects.
 */
const capabilities = ['net_admin', 'net_bind_service', 'net_raw'];
const user = 65534;
const allowed = capabilities.map((each) => `+${each}`).join(',');
const launcher = [
  'setpriv',
  ...[`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs'],
  ...[`--inh-caps=-all,${allowed}`, `--ambient-caps=-all,${allowed}`, `--bounding-set=-all,${allowed}`],
];
/** CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW (include/uapi/linux/capability.h). */
const capabilityBits = (1n << 10n) | (1n << 12n) | (1n << 13n);

test('a leaf without root: three capabilities, port 179, iBGP over IPv6 with a route reflector', async (t) => {
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd', launcher }, { engine: 'evpnd', launcher }, { engine: 'frr' }],
    peering: 'ibgp',
    transport: 'ipv6',
  });
  t.teardown(() => fabric.remove());
  // The life that is captured begins with its OPEN.
  await fabric.evpnd('leaf1').stop();
  const capture = await fabric.capture('leaf1', 'spine1', 'tcp port 179');
  await fabric.evpnd('leaf1').start();
  await waitUntilConverged(fabric);

  const status = readFileSync(`/proc/${fabric.evpnd('leaf1').pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1].split(/\s+/) ?? [];
  t.deepEqual(field('Uid'), Array(4).fill(String(user)));
  for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb'])
    t.is(BigInt(`0x${field(set)[0]}`), capabilityBits, set);
  t.is(field('NoNewPrivs')[0], '1');

  const { stdout } = await run('ip', ['netns', 'exec', fabric.namespace('leaf1'), 'ss', '-Htln']);
  t.regex(stdout, /0\.0\.0\.0:179\s/);
  t.regex(stdout, /\[::\]:179\s/);

  for (const at of ['leaf1', 'leaf2', 'leaf3']) {
    const others = ['leaf1', 'leaf2', 'leaf3'].filter((name) => name !== at);
    await rowsAre(
      fabric,
      at,
      others.flatMap((name) => leafRows(fabric, at, name)),
    );
  }
  for (const name of ['leaf1', 'leaf2']) {
    const leaf = fabric.leaf(name);
    for (const at of ['spine1', 'leaf3'])
      t.deepEqual(await routesOf(fabric, at, leaf.routerId), expectedRoutes(fabric.plan, leaf, 'Local'));
  }

  t.is(await fabric.evpnd('leaf1').stop(), 0);
  await rowsAre(fabric, 'leaf1', []);
  const verdict = await judge(fabric, 'leaf1', await capture.stop());
  t.deepEqual(verdict.complaints, []);
  t.true(verdict.messages[1] >= 1 && verdict.messages[2] >= 4 && verdict.messages[3] === 1);
  t.deepEqual(verdict.routeTypes, ['2', '3']);
});
