import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import type { Explain, RouteItem } from '../../src/api/index.js';

/*
 * Import and export policies with an FRR spine: what is rejected is not in the kernel and is explained, what is changed arrives
 * changed, and another policy counts without a new session.
 */
let fabric: Fabric;
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

test.serial('without it the MAC is back, by a refresh of the session that stands', async (t) => {
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
    t.true(JSON.stringify(detail).includes('65000:100'));
    const vtep = fabric.leaf('leaf1').vtep;
    await waitFor(
      async () =>
        !(await fabric.vtysh('spine1', 'show bgp l2vpn evpn route type 3')).includes(`[${vtep}]`) ||
        undefined,
      { what: 'no Type-3 route' },
    );
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
