import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Fabric, run, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { Explain, RouteItem } from '../../src/api/index.js';

/*
 * Import and export policies with an FRR spine: what is rejected is not in the kernel and is explained, what is changed arrives
 * changed, and another policy counts without a new session.
 */
let fabric: Fabric;
const evpnctl = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'cli', 'main.js');
const SPINE = { address: '10.1.1.0', 'remote-as': 'external' };

test.before(async () => {
  fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

const get = async <T>(path: string) => (await fabric.restApi<T>('leaf1', `/api/v1/${path}`)).body;
const explain = (host: string) => {
  const { vni, mac } = fabric.host(host);
  return get<Explain>(`explain?vni=${vni}&mac=${mac}`);
};
const rows = async (host: string) => {
  const { vni, mac } = fabric.host(host);
  const segment = fabric.leaf('leaf1').segments.find((each) => each.vni === vni)!;
  const { stdout } = await fabric.exec('leaf1', 'bridge', 'fdb', 'show', 'dev', segment.vxlan);
  return stdout.split('\n').filter((line) => line.startsWith(mac)).length;
};
const flaps = async () => (await get<{ flaps: number; established: boolean }>('neighbors/10.1.1.0')).flaps;

async function reload(config: object): Promise<void> {
  const evpnd = fabric.evpnd('leaf1');
  const count = () => evpnd.log().split('configuration reloaded').length;
  const before = count();
  evpnd.configure({ ...evpnd.config, ...config });
  evpnd.signal('SIGHUP');
  await waitFor(() => count() > before, { what: 'reload' });
}

test.serial(
  'a MAC that the import policy rejects leaves the kernel, and explain names the rule',
  async (t) => {
    const host = fabric.host('h2-10');
    t.is(await rows(host.name), 2);
    const before = await flaps();
    await reload({
      policies: [
        {
          name: 'from-spines',
          rules: [
            { name: 'not-that-host', match: { macs: [host.mac], vnis: [host.vni] }, action: 'reject' },
            {
              name: 'prefer',
              match: { 'route-types': [2], 'as-path': [fabric.plan.spines[0].asn] },
              set: { 'local-preference': 200 },
            },
          ],
          otherwise: 'accept',
        },
      ],
      neighbors: [{ ...SPINE, 'import-policy': 'from-spines' }],
    });
    await waitFor(async () => (await rows(host.name)) === 0 || undefined, { what: 'no rows' });
    const { entry } = await explain(host.name);
    t.not(entry.owner, 'remote');
    const claim = entry.claims.find(({ ignored }) =>
      ignored?.includes('rule not-that-host of policy from-spines'),
    );
    t.truthy(claim, JSON.stringify(entry.claims));
    t.like(claim?.route?.paths[0], {
      best: false,
      lostBy: 'import-policy',
      importPolicy: { name: 'from-spines', rule: 'not-that-host', accepted: false },
    });
    const { items } = await get<{ items: RouteItem[] }>('routes?unused=import-policy');
    t.true(items.length > 0 && items.every(({ mac }) => mac === host.mac));
    const other = fabric.plan.hosts.find(({ name }) => name.startsWith('h2-') && name !== host.name)!;
    t.is(await rows(other.name), 2);
    const [path] = (await explain(other.name)).entry.claims.flatMap(({ route }) => route?.paths ?? []);
    t.like(path, { localPref: 200, importPolicy: { rule: 'prefer', before: { localPref: null } } });
    t.is(await flaps(), before);
  },
);

test.serial('without it the MAC is back in the session that stands', async (t) => {
  const before = await flaps();
  await reload({ policies: [], neighbors: [SPINE] });
  await waitFor(async () => (await rows('h2-10')) === 2 || undefined, { what: 'rows' });
  t.is(await flaps(), before);
});

test.serial(
  'an export policy: FRR has the communities, the MED and the longer path, and not what is rejected',
  async (t) => {
    const { mac } = fabric.host('h1-10');
    const asn = Number(fabric.evpnd('leaf1').config.asn);
    await reload({
      policies: [
        {
          name: 'to-spines',
          rules: [
            { name: 'no-flooding', match: { 'route-types': [3] }, action: 'reject' },
            {
              name: 'mark',
              match: {},
              set: {
                med: 77,
                'add-communities': ['65000:100'],
                'add-large-communities': ['65000:4294967295:100'],
                'add-route-targets': ['65000:4242'],
                prepend: [asn, asn],
              },
            },
          ],
        },
      ],
      neighbors: [{ ...SPINE, 'export-policy': 'to-spines', 'site-of-origin': '65000:9' }],
    });
    const show = () => fabric.vtysh('spine1', `show bgp l2vpn evpn route type 2`);
    await waitFor(async () => (await show()).includes('RT:65000:4242') || undefined, {
      what: 'the route target',
    });
    const all = await show();
    const [, own] = all.split(`[${mac}]`);
    t.regex(own, /\b77\b/);
    t.regex(own, new RegExp(`${asn} ${asn} ${asn}`));
    t.regex(own, /SoO:65000:9/);
    const detail = await fabric.vtyshJson<object>('spine1', `show bgp l2vpn evpn route detail json`);
    for (const each of ['65000:100', '65000:4294967295:100'])
      t.true(JSON.stringify(detail).includes(each), each);
    const vtep = fabric.leaf('leaf1').vtep;
    await waitFor(
      async () =>
        !(await fabric.vtysh('spine1', 'show bgp l2vpn evpn route type 3')).includes(`[${vtep}]`) ||
        undefined,
      { what: 'no Type-3 route' },
    );
  },
);

test.serial(
  'a drained leaf: FRR hears that it goes away and prefers any other path, and again nothing of it when it is back',
  async (t) => {
    await reload({ policies: [], neighbors: [SPINE] });
    const { mac } = fabric.host('h1-10');
    const before = await flaps();
    const drain = (...options: string[]) =>
      run(process.execPath, [evpnctl, '--socket', fabric.evpnd('leaf1').socket, 'drain', ...options]);
    const atSpine = async () => {
      const all = await fabric.vtysh('spine1', 'show bgp l2vpn evpn route detail');
      const routes = all
        .split('BGP routing table entry for ')
        .filter((each) => each.includes(`[${mac}]`) && each.includes('1 available'));
      if (routes.length === 0) throw new Error(all);
      return routes;
    };
    const until = (what: string, fits: (route: string) => boolean) =>
      waitFor(
        async () => {
          const routes = await atSpine();
          if (!routes.every(fits)) throw new Error(routes.join('\n'));
          return true;
        },
        { what },
      );
    const goes = (route: string) => /Community: graceful-shutdown/.test(route) && /localpref 0\b/.test(route);

    const { stdout } = await drain('--ephemeral');
    t.regex(stdout, /^drained: 1 of 1 neighbors/);
    t.regex(stdout, /^10010 +\d+ +\d+$/m);
    await until('the community at the spine', goes);
    const { drained, problems } = await get<{ drained: boolean; problems: { fix: string }[] }>('status');
    t.true(drained);
    t.true(problems.some(({ fix }) => fix === 'evpnctl drain --undo'));
    const metrics = await run('curl', [
      '-s',
      '--unix-socket',
      fabric.evpnd('leaf1').socket,
      'http://evpnd/metrics',
    ]);
    t.regex(metrics.stdout, /^evpnd_drained 1$/m);

    await drain('--undo');
    await until('the end of the community', (route) => !/graceful-shutdown|localpref/.test(route));
    t.false((await get<{ drained: boolean }>('status')).drained);
    t.is(await flaps(), before);
  },
);

test.serial(
  'a spine that goes away is told apart: its paths are for where there are no others',
  async (t) => {
    await fabric.vtysh('spine1', 'conf t', 'router bgp 65000', 'bgp graceful-shutdown');
    const host = fabric.host('h2-10');
    const paths = async () =>
      (await explain(host.name)).entry.claims.flatMap(({ route }) => route?.paths ?? []);
    await waitFor(async () => (await paths()).some(({ communities }) => communities.includes('65535:0')), {
      what: 'the community of the spine',
    });
    t.is(await rows(host.name), 2, 'there is no other path');
  },
);

test.serial('a policy that is not there: the reload changes nothing', async (t) => {
  const evpnd = fabric.evpnd('leaf1');
  evpnd.configure({ ...evpnd.config, neighbors: [{ ...SPINE, 'import-policy': 'to-spine' }] });
  evpnd.signal('SIGHUP');
  await waitFor(() => evpnd.log().includes('neighbors[0].import-policy'), {
    what: 'the finding',
  });
  t.like(await get('neighbors/10.1.1.0'), { established: true });
});
