/**
 * What another leaf has pinned (a default gateway, a sticky MAC, an immutable binding) against a host behind this leaf
 * that takes the MAC, or the IP: no row moves, nothing is announced, and a conflict shows.
 */
import assert from 'node:assert/strict';
import { type BridgeMode, Fabric, type Host, waitFor } from '../../../lab/index.js';
import { ExtendedCommunity, NdFlag } from '../../../src/wire/index.js';
import type { ScenarioCase } from '../linux-namespace.js';
import { gratuitousArp, plainFrame, sendFrames, unsolicitedAdvertisement } from './frames.js';
import { ipSubjects, LocalWatch } from './local-watch.js';
import type { NeighEvent } from './neigh-events.js';
import { hasRows, hostRows, lacksRows } from './rows.js';
import { type Claim, ScriptedPeer } from './scripted-peer.js';
import { vniOf } from './vni.js';

const VNI = 10010;
const PEER = '10.1.1.0';
const VTEP = '10.0.0.9';
const ROGUE = 'h1-10';

interface Pinned {
  name: string;
  /** As `pinnedBy` and problems name it. */
  rule: string;
  host: Pick<Host, 'vni' | 'mac' | 'address'>;
  words: Pick<Claim, 'sticky' | 'communities'>;
  /** RFC 9047's flags are of MAC/IP routes alone. */
  macOnly: boolean;
}

const pinned = (n: number, name: string, rule: string, words: Pinned['words'], macOnly: boolean): Pinned => ({
  name,
  rule,
  words,
  macOnly,
  host: {
    vni: VNI,
    mac: `02:00:00:00:0f:0${n}`,
    address: { ipv4: `10.10.10.24${n}`, ipv6: `fd10:10::24${n}` },
  },
});
const PINNED: readonly Pinned[] = [
  pinned(
    1,
    'a default gateway',
    'default gateway',
    { communities: [ExtendedCommunity.defaultGateway()] },
    true,
  ),
  pinned(2, 'a sticky host', 'sticky MAC', { sticky: true }, true),
  pinned(
    3,
    'an immutable binding',
    'immutable binding',
    { communities: [ExtendedCommunity.neighborFlags(NdFlag.IMMUTABLE)] },
    false,
  ),
];

/** What the other leaf announces of it; `held` false: the same routes, and nothing pinned. */
function claims({ host, words, macOnly }: Pinned, held = true): Claim[] {
  const { mac, address } = host;
  return [undefined, address.ipv4, address.ipv6].map((ip) => ({
    mac,
    ip,
    vtep: VTEP,
    ...(held && (macOnly || ip !== undefined) && words),
  }));
}

/** The cases with one leaf of this kind, in their order, and its end. */
export async function pinCases(
  mode: BridgeMode,
): Promise<{ cases: readonly ScenarioCase[]; remove: () => Promise<void> }> {
  const fabric = await Fabric.create({
    leaves: [
      {
        engine: 'evpnd',
        mode,
        config: { neighbors: [{ address: PEER, 'remote-as': 65000, passive: true, 'hold-time': 90 }] },
      },
    ],
    spines: [{ engine: 'none' }],
    vnis: [{ vni: VNI, vlan: 10 }],
  });
  const leaf = fabric.leaf('leaf1');
  const evpnd = () => fabric.evpnd('leaf1');
  const rogue = fabric.host(ROGUE);
  const watch = await LocalWatch.start(fabric);
  let peer: ScriptedPeer | undefined;
  let fences = 0;

  const connect = async (...said: readonly Claim[]) => {
    peer?.stop();
    peer = await ScriptedPeer.start(fabric, {
      node: 'spine1',
      address: PEER,
      asn: 65000,
      neighbor: leaf.links[0].leafAddress.ipv4,
      vni: VNI,
    });
    peer.announce(...said);
    peer.endOfRib();
    return peer;
  };
  const remote = ({ host }: Pinned) => hostRows(leaf, host, VTEP);
  const rows = (each: Pinned) =>
    remote(each).map((row) =>
      row.startsWith('fdb') && row.includes(' master ')
        ? row.replace(/extern_learn$/, 'static extern_learn sticky')
        : row,
    );
  const ofIt =
    ({ host }: Pinned) =>
    (event: NeighEvent) =>
      event.mac === host.mac || ipSubjects(host.address).includes(event.dst ?? '');
  const told = ({ host }: Pinned) => {
    const ours = new Set([host.mac, ...Object.values(host.address)]);
    return [...(peer?.heard() ?? [])].filter(([key]) => key.split(' ').some((word) => ours.has(word)));
  };
  /** What the leaf says of another host of the same port comes behind what it would say of the frames before. */
  const fence = async () => {
    const mac = `02:00:00:00:fe:${(++fences).toString(16).padStart(2, '0')}`;
    const ip = `10.10.10.${150 + fences}`;
    await sendFrames(fabric, ROGUE, gratuitousArp(mac, ip));
    await waitFor(() => peer?.heard().has(`${mac} ${ip}`), { what: `the route of ${mac} at ${ip}` });
  };
  const conflicts = async () =>
    (await vniOf(fabric, 'leaf1', VNI)).problems
      .map(({ problem }) => problem)
      .filter((problem) => problem.includes('pinned'));
  const hasConflict = (each: Pinned, user: string, address: string) => {
    const expected = `${rogue.port}: ${user} uses ${address}, which ${VTEP} has pinned (${each.rule}); it is not followed`;
    let shown: string[] = [];
    return waitFor(
      async () => {
        shown = await conflicts();
        return shown.includes(expected);
      },
      { what: `problem "${expected}"`, show: () => shown.join('\n') },
    );
  };

  await connect(...PINNED.flatMap((each) => claims(each)));

  const attacked = (each: Pinned): ScenarioCase => ({
    name: `${mode}: ${each.name}: a host that takes its MAC or its IPs moves no row, is not announced, and is a conflict`,
    async run() {
      const { mac, address } = each.host;
      await hasRows(fabric, 'leaf1', rows(each));
      const from = Date.now();
      await sendFrames(fabric, ROGUE, ...Array.from({ length: 20 }, () => plainFrame(mac)));
      await sendFrames(
        fabric,
        ROGUE,
        gratuitousArp(mac, address.ipv4),
        unsolicitedAdvertisement(mac, address.ipv6),
      );
      await fence();
      await hasConflict(each, 'a host', mac);
      await sendFrames(
        fabric,
        ROGUE,
        gratuitousArp(rogue.mac, address.ipv4),
        unsolicitedAdvertisement(rogue.mac, address.ipv6),
      );
      await fence();
      for (const ip of Object.values(address)) await hasConflict(each, `host ${rogue.mac}`, ip);
      assert.deepEqual((await watch.events('leaf1', from)).filter(ofIt(each)), []);
      assert.deepEqual(told(each), []);
      await hasRows(fabric, 'leaf1', rows(each));
    },
  });
  const freed = (each: Pinned): ScenarioCase => ({
    name: `${mode}: ${each.name} that is announced as an ordinary one moves, and is pinned again`,
    async run() {
      const { mac, address } = each.host;
      const from = Date.now();
      peer?.announce(...claims(each, false));
      await hasRows(fabric, 'leaf1', remote(each));
      await fence();
      const events = (await watch.events('leaf1', from)).filter(ofIt(each));
      assert.deepEqual(
        events.filter(({ gone }) => gone),
        [],
        'changed where they stand',
      );
      assert.deepEqual(told(each), [], 'nobody here uses it');
      await sendFrames(
        fabric,
        ROGUE,
        gratuitousArp(mac, address.ipv4),
        unsolicitedAdvertisement(mac, address.ipv6),
      );
      const ours = { nextHop: leaf.vtep, sequence: 1 };
      for (const key of [mac, `${mac} ${address.ipv4}`, `${mac} ${address.ipv6}`])
        await waitFor(() => JSON.stringify(peer?.heard().get(key)?.at(-1)) === JSON.stringify(ours), {
          what: `our route of ${key} with sequence 1`,
          show: () => JSON.stringify(told(each)),
        });
      await lacksRows(fabric, 'leaf1', remote(each));
      peer?.announce(...claims(each));
      await hasRows(fabric, 'leaf1', rows(each));
      await waitFor(() => told(each).every(([, heard]) => heard.at(-1) === undefined), {
        what: 'our withdrawals',
        show: () => JSON.stringify(told(each)),
      });
    },
  });

  return {
    cases: [
      ...PINNED.map(attacked),
      {
        name: `${mode}: pinned rows of an evpnd that is killed are adopted as they are`,
        async run() {
          const from = Date.now();
          await evpnd().kill();
          await evpnd().start();
          await connect(...PINNED.flatMap((each) => claims(each)));
          await waitFor(async () => (await fabric.restApi('leaf1', '/readyz')).status === 200, {
            what: 'readiness',
          });
          await fence();
          for (const each of PINNED) {
            await hasRows(fabric, 'leaf1', rows(each));
            assert.deepEqual((await watch.events('leaf1', from)).filter(ofIt(each)), [], each.name);
          }
        },
      },
      ...PINNED.map(freed),
      {
        name: `${mode}: and swept where nobody claims them any more`,
        async run() {
          await evpnd().kill();
          for (const each of PINNED) await hasRows(fabric, 'leaf1', rows(each));
          await evpnd().start();
          await connect(...claims(PINNED[0]));
          await lacksRows(fabric, 'leaf1', PINNED.slice(1).flatMap(rows));
          await hasRows(fabric, 'leaf1', rows(PINNED[0]));
          peer?.withdraw(...claims(PINNED[0]));
          await lacksRows(fabric, 'leaf1', rows(PINNED[0]));
        },
      },
    ],
    remove: async () => {
      peer?.stop();
      await watch.stop();
      await fabric.remove();
    },
  };
}
