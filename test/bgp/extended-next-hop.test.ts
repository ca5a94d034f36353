import test from 'ava';
import type { NeighborConfig } from '../../src/bgp/index.js';
import { judgeOpen, localCapabilities } from '../../src/bgp/open.js';
import { type Capability, EVPN, IPV4_UNICAST, IPV6_UNICAST } from '../../src/wire/index.js';
import { neighborConfig, openOf } from './fabric.js';

const LOCAL = { asn: 65001, routerId: 1, restart: { restarting: false, forwardingPreserved: false } };
const BY_INTERFACE = { interface: 'swp1', families: [EVPN, IPV4_UNICAST, IPV6_UNICAST] };
const offered = (extra: Partial<NeighborConfig>) =>
  localCapabilities(LOCAL, neighborConfig('swp1', 65002, extra)).filter(({ code }) => code === 5);

const theirs = (...nextHops: (Capability & { code: 5 })['nextHops'][number][]): Capability[] => [
  { code: 1, afi: 25, safi: 70 },
  { code: 1, afi: 1, safi: 1 },
  { code: 65, asn: 65002 },
  ...(nextHops.length > 0 ? [{ code: 5, nextHops } as const] : []),
];
const judge = (capabilities: readonly Capability[], extra: Partial<NeighborConfig> = BY_INTERFACE) =>
  judgeOpen(
    openOf(65002, '10.0.0.2', { capabilities }),
    LOCAL,
    neighborConfig(extra.interface ?? '10.0.0.2', 65002, extra),
  );
const families = (verdict: ReturnType<typeof judge>) =>
  'families' in verdict ? verdict.families.map(({ name }) => name) : verdict.reason;

test('IPv6 next hops for IPv4 unicast are offered to a neighbor by interface, and to no other', (t) => {
  t.deepEqual(offered(BY_INTERFACE), [{ code: 5, nextHops: [{ afi: 1, safi: 1, nextHopAfi: 2 }] }]);
  t.deepEqual(offered({ interface: 'swp1' }), []);
  t.deepEqual(offered({ families: [IPV4_UNICAST] }), []);
});

test('without the neighbor’s consent IPv4 unicast is not spoken by interface, and all else is', (t) => {
  const both = ['L2VPN/EVPN', 'IPv4/unicast'];
  t.deepEqual(families(judge(theirs({ afi: 1, safi: 1, nextHopAfi: 2 }))), both);
  t.deepEqual(families(judge(theirs())), ['L2VPN/EVPN']);
  t.deepEqual(families(judge(theirs({ afi: 1, safi: 128, nextHopAfi: 2 }))), ['L2VPN/EVPN']);
  t.deepEqual(families(judge(theirs({ afi: 1, safi: 1, nextHopAfi: 1 }))), ['L2VPN/EVPN']);
  t.deepEqual(families(judge(theirs(), { families: [EVPN, IPV4_UNICAST] })), both);
});

test('where nothing is left the OPEN is refused with what is missing', (t) => {
  const verdict = judge(theirs(), { interface: 'swp1', families: [IPV4_UNICAST] });
  t.true('notification' in verdict);
  if (!('notification' in verdict)) return;
  t.regex(verdict.reason, /no IPv6 next hops for IPv4\/unicast/);
  const { code, subcode, data } = verdict.notification;
  t.deepEqual([code, subcode, Buffer.from(data).toString('hex')], [2, 7, '0506000100010002']);
});
