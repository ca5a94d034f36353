import test from 'ava';
import { Fabric, waitFor } from '../../lab/index.js';
import { parseIp, RouteDistinguisher, routeTargetOfAs2, toVni } from '../../src/types/index.js';
import { ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { ScriptedPeer } from './support/scripted-peer.js';

/* A neighbor names more VTEPs for broadcast than the VNI is to send copies to. */
const VNI = toVni(10010);
const PEER = '10.0.0.101';
const LIMIT = 4;
const RANGE = Array.from({ length: 12 }, (_, n) => n + 1);

interface Vni {
  counts: { floodVteps: number; floodVtepsLeftOut: number };
  problems: { problem: string }[];
}

for (const [family, prefix] of [
  ['ipv4', '10.66.0.'],
  ['ipv6', 'fd66::'],
] as const)
  test.serial(`${family}: so many get copies, those that were there first`, async (t) => {
    const evpn = (limit: number) => ({ 'flood-limit': limit });
    const fabric = await Fabric.create({
      vtep: family,
      leaves: [
        {
          engine: 'evpnd',
          config: {
            neighbors: [{ address: PEER, 'remote-as': 65009, passive: true }],
            evpn: evpn(LIMIT),
            'sweep-deferral-time': 1,
          },
        },
      ],
      spines: [{ engine: 'none' }],
      vnis: [{ vni: VNI, vlan: 10 }],
    });
    t.teardown(() => fabric.remove());
    await fabric.exec('leaf1', 'ip', 'route', 'add', PEER, 'via', '10.1.1.0');
    const peer = await ScriptedPeer.start(fabric, {
      ...{ node: 'spine1', address: PEER, asn: 65009, neighbor: '10.1.1.1', vni: VNI },
    });
    t.teardown(() => peer.stop());
    const vtep = (n: number) => `${prefix}${n}`;
    const imet = (n: number) =>
      ({
        type: RouteType.INCLUSIVE_MULTICAST,
        ...{ rd: RouteDistinguisher.parse(`10.9.9.9:${n}`), ethernetTag: 0, originator: parseIp(vtep(n)) },
      }) as const;
    const want = (n: number) =>
      peer.say(
        {
          nextHop: parseIp(vtep(n)),
          extendedCommunities: [
            ExtendedCommunity.routeTarget(routeTargetOfAs2(65009, VNI)),
            ExtendedCommunity.encapsulation(),
          ],
          pmsiTunnel: { endpoint: parseIp(vtep(n)), vni: VNI },
        },
        imet(n),
      );
    /** Until the kernel sends copies to exactly these, and the API says so. */
    const copiesTo = async (numbers: readonly number[], leftOut: number) => {
      const rows = numbers.map((n) => `fdb vx10 00:00:00:00:00:00 self dst ${vtep(n)} permanent self`).sort();
      await waitFor(
        async () => {
          const now = (await fabric.installedRows('leaf1')).filter((row) =>
            row.includes('00:00:00:00:00:00'),
          );
          if (now.sort().join('\n') !== rows.join('\n')) throw new Error(now.join('\n'));
          return true;
        },
        { what: `copies to ${numbers.join(', ')}` },
      );
      const { body } = await fabric.restApi<Vni>('leaf1', `/api/v1/vnis/${VNI}`);
      t.like(body.counts, { floodVteps: numbers.length, floodVtepsLeftOut: leftOut });
      t.is(
        body.problems.filter(({ problem }) => problem.includes('evpn.flood-limit')).length,
        leftOut > 0 ? 1 : 0,
      );
    };
    // The higher addresses first: it is not the address that counts
    for (const n of RANGE.slice(6)) want(n);
    await copiesTo([7, 8, 9, 10], 2);
    for (const n of RANGE.slice(0, 6)) want(n);
    await waitFor(
      async () =>
        (await fabric.restApi<Vni>('leaf1', `/api/v1/vnis/${VNI}`)).body.counts.floodVtepsLeftOut === 8,
      { what: 'those that came later' },
    );
    await copiesTo([7, 8, 9, 10], 8);
    // A reload that raises the limit
    const evpnd = fabric.evpnd('leaf1');
    evpnd.configure({ ...evpnd.config, evpn: evpn(20) });
    evpnd.signal('SIGHUP');
    await copiesTo(RANGE, 0);
    evpnd.configure({ ...evpnd.config, evpn: evpn(LIMIT) });
    evpnd.signal('SIGHUP');
    await copiesTo([7, 8, 9, 10], 8);
    await fabric
      .restApi('leaf1', '/api/v1/routes?unused=flood-limit')
      .then(({ body }) => t.is((body as { items: unknown[] }).items.length, 8));
    // The leaves are gone, and with them all that they wanted
    peer.stop();
    await copiesTo([], 0);
  });
