import { formatIp, formatPrefix, type Ip, isIpv4, prefixAddress } from '../types/index.js';
import type { Values, VniConfig, VrfConfig } from './config.js';
import { quoteValue } from './finding.js';
import { checkNeighborVrf } from './neighbor-vrf.js';
import { checkPeerGroups } from './peer-groups.js';
import { checkPolicies } from './policies.js';
import type { Fault, Path, Report } from './source.js';
import { refuseRepeated } from './values.js';

type Neighbor = Values['neighbors'][number];
type Times = Pick<Neighbor, 'holdTime' | 'keepaliveTime'>;

/** The settings of which one limits another. */
export interface Together
  extends Pick<
    Values,
    'asn' | 'routerId' | 'bgp' | 'underlay' | 'neighbors' | 'listenRanges' | 'peerGroups' | 'policies'
  > {
  readonly vnis: readonly VniConfig[];
  readonly vrfs: readonly VrfConfig[];
}

/**
 * Reports what does not fit together though each value is allowed. `localText` is the `local-address` of the neighbor at an
 * index as the file has it, which is none where the value is undefined.
 */
export function checkTogether(
  values: Together,
  localText: (index: number) => string | undefined,
  report: Report,
): void {
  values.neighbors.forEach((neighbor, i) => {
    checkNeighbor(neighbor, ['neighbors', i], values, localText(i), report);
  });
  refuseRepeated(
    values.neighbors.map(({ address, vrf }) => address && placed(formatIp(address), vrf)),
    String,
    'one neighbor for an address',
    (fault, i, first) => report(['neighbors', i, 'address'], fault, ['neighbors', first, 'address']),
  );
  refuseRepeated(
    values.neighbors.map((neighbor) => neighbor.interface),
    String,
    'one neighbor for an interface',
    (fault, i, first) => report(['neighbors', i, 'interface'], fault, ['neighbors', first, 'interface']),
  );
  values.listenRanges.forEach((range, i) => {
    const place = (key: string) => ['listen-ranges', i, key];
    if (values.bgp.listen.length === 0)
      report(place('prefix'), { found: 'a range with an empty bgp.listen', allowed: 'an address there' }, [
        'bgp',
        'listen',
      ]);
    checkFamilies(prefixAddress(range.prefix), range, place, 'prefix', values, report);
    checkNeighborVrf(range, place, values, report);
    checkHops(range, place, report);
    checkBfd(range, place, report);
    checkKeepalive(range, place, report);
  });
  refuseRepeated(
    values.listenRanges.map(({ prefix, vrf }) => placed(formatPrefix(prefix), vrf)),
    String,
    'one range for a prefix',
    (fault, i, first) => report(['listen-ranges', i, 'prefix'], fault, ['listen-ranges', first, 'prefix']),
  );
  checkPeerGroups(values, report);
  checkPolicies(values, report);
  checkVnis(values.vnis, report);
  checkVrfs(values.vrfs, values.vnis, report);
}

function checkNeighbor(
  neighbor: Neighbor,
  path: Path,
  values: Together,
  localText: string | undefined,
  report: Report,
): void {
  const { address, localAddress, passive } = neighbor;
  const { routerId, bgp } = values;
  const place = (key: string) => [...path, key];
  if (passive && bgp.listen.length === 0)
    report(place('passive'), { found: 'true with an empty bgp.listen', allowed: 'false' }, ['bgp', 'listen']);
  checkPlace(neighbor, place, localText, report);
  if (address !== undefined && address === routerId)
    report(place('address'), { found: 'our own router-id', allowed: "another router's address" });
  if (localText !== undefined && address !== undefined) {
    if (localAddress === undefined || isIpv4(localAddress) !== isIpv4(address))
      report(
        place('local-address'),
        { found: quoteValue(localText), allowed: `an ${isIpv4(address) ? 'IPv4' : 'IPv6'} address` },
        place('address'),
      );
    else if (localAddress === address)
      report(place('local-address'), {
        found: "the neighbor's own address",
        allowed: 'an address of ours',
      });
  }
  if (neighbor.updateSource !== undefined && localText !== undefined)
    report(
      place('update-source'),
      { found: `${neighbor.updateSource} beside a local-address`, allowed: 'one of them' },
      place('local-address'),
    );
  checkHops(neighbor, place, report);
  checkBfd(neighbor, place, report);
  checkFamilies(address, neighbor, place, 'address', values, report);
  checkNeighborVrf(neighbor, place, values, report);
  checkKeepalive(neighbor, place, report);
}

/** What there may be one of in each VRF, and one in none. */
function placed(text: string, vrf: string | undefined): string {
  return vrf === undefined ? text : `${text} in VRF ${vrf}`;
}

function checkBfd(
  { bfd, device, vrf }: Pick<Neighbor, 'bfd' | 'device' | 'vrf'>,
  place: (key: string) => Path,
  report: Report,
): void {
  if (bfd === undefined || (device ?? vrf) === undefined) return;
  report(
    place('bfd'),
    {
      found: device === undefined ? `BFD in VRF ${vrf}` : `BFD by device ${device}`,
      allowed: 'false: BFD runs in no VRF',
    },
    place(device === undefined ? 'vrf' : 'device'),
  );
}

function checkHops(
  { ttlSecurity, ebgpMultihop }: Pick<Neighbor, 'ttlSecurity' | 'ebgpMultihop'>,
  place: (key: string) => Path,
  report: Report,
): void {
  if (ttlSecurity !== undefined && ebgpMultihop !== undefined)
    report(
      place('ebgp-multihop'),
      { found: `${ebgpMultihop} with ttl-security, whose TTL is 255`, allowed: 'one of them' },
      place('ttl-security'),
    );
}

/** A neighbor has one address, or is behind one interface, and then on that link. */
function checkPlace(
  { address, interface: link, bfd, ttlSecurity, ebgpMultihop, updateSource, device, vrf }: Neighbor,
  place: (key: string) => Path,
  localText: string | undefined,
  report: Report,
): void {
  if (link === undefined) {
    if (address === undefined)
      report(place('address'), { found: 'nothing', allowed: 'an IPv4 or IPv6 address, or interface' });
    return;
  }
  const refuse = (key: string, found: string, allowed: string) =>
    report(place(key), { found: `${found} with interface`, allowed }, place('interface'));
  if (address !== undefined) refuse('address', formatIp(address), 'one of both');
  if (localText !== undefined)
    refuse(
      'local-address',
      quoteValue(localText),
      'nothing: our end is the link-local address of the interface',
    );
  if (updateSource !== undefined)
    refuse('update-source', updateSource, 'nothing: our end is the link-local address of the interface');
  if (device !== undefined) refuse('device', device, 'nothing: the session goes by the interface');
  if (vrf !== undefined) refuse('vrf', vrf, 'address: a neighbor by interface is in no VRF');
  if (bfd?.multihop) refuse('bfd', 'multihop', 'multihop: false');
  if (ttlSecurity !== undefined && ttlSecurity > 1) refuse('ttl-security', String(ttlSecurity), '1');
  if (ebgpMultihop !== undefined && ebgpMultihop > 1) refuse('ebgp-multihop', String(ebgpMultihop), '1');
}

/**
 * Unicast routes are announced with our end of the session as their next hop, which must be of their family; a neighbor without an
 * address takes IPv6 next hops for both (RFC 8950).
 */
function checkFamilies(
  address: Ip | undefined,
  { families, vrf }: Pick<Neighbor, 'families' | 'vrf'>,
  place: (key: string) => Path,
  /** The key that has the address. */
  addressKey: string,
  { underlay }: Together,
  report: Report,
): void {
  const isFour = address !== undefined && isIpv4(address);
  const other = address === undefined ? undefined : isFour ? 'ipv6-unicast' : 'ipv4-unicast';
  families.forEach((family, i) => {
    const at = [...place('families'), i];
    if (family === other)
      report(
        at,
        {
          found: `${family} with an ${isFour ? 'IPv4' : 'IPv6'} neighbor`,
          allowed: 'the family of its address',
        },
        place(addressKey),
      );
    else if (family === 'l2vpn-evpn' && vrf !== undefined)
      report(
        at,
        { found: `l2vpn-evpn in VRF ${vrf}`, allowed: 'ipv4-unicast or ipv6-unicast: leaves are in no VRF' },
        place('vrf'),
      );
    else if (family !== 'l2vpn-evpn' && vrf === undefined && !underlay.enabled)
      report(at, { found: `${family} without underlay.enabled`, allowed: 'l2vpn-evpn' }, [
        'underlay',
        'enabled',
      ]);
  });
}

/** A hold time of 1 or 2 has been refused as such. */
function checkKeepalive(
  { holdTime, keepaliveTime }: Times,
  place: (key: string) => Path,
  report: Report,
): void {
  if (holdTime > 2 && keepaliveTime !== undefined && keepaliveTime >= holdTime)
    report(
      place('keepalive-time'),
      {
        found: `${keepaliveTime} with a hold-time of ${holdTime}`,
        allowed: `seconds from 1 to ${holdTime - 1}`,
      },
      place('hold-time'),
    );
}

function checkVnis(vnis: readonly VniConfig[], report: Report): void {
  const refuse = (key: string) => (fault: Fault, i: number, first: number) =>
    report(['evpn', 'vnis', i, key], fault, ['evpn', 'vnis', first, key]);
  refuseRepeated(
    vnis.map(({ vni }) => vni),
    String,
    'one entry for a VNI',
    refuse('vni'),
  );
}

/** A VNI carries the routed traffic of one VRF, and then it is none of hosts. */
function checkVrfs(vrfs: readonly VrfConfig[], vnis: readonly VniConfig[], report: Report): void {
  const refuse = (key: string) => (fault: Fault, i: number, first: number) =>
    report(['evpn', 'vrfs', i, key], fault, ['evpn', 'vrfs', first, key]);
  refuseRepeated(
    vrfs.map(({ name }) => name),
    String,
    'one entry for a VRF',
    refuse('name'),
  );
  refuseRepeated(
    vrfs.map(({ l3vni }) => l3vni),
    String,
    'an L3VNI for one VRF only',
    refuse('l3vni'),
  );
  refuseRepeated(
    [...vnis, ...vrfs].map(({ rd }) => rd),
    String,
    'a route distinguisher for one VNI or VRF only',
    (fault, i, first) => {
      const place = (at: number) =>
        at < vnis.length ? ['evpn', 'vnis', at, 'rd'] : ['evpn', 'vrfs', at - vnis.length, 'rd'];
      report(place(i), fault, place(first));
    },
  );
  vrfs.forEach(({ l3vni }, i) => {
    const of = vnis.findIndex(({ vni }) => vni === l3vni);
    if (of >= 0)
      report(
        ['evpn', 'vrfs', i, 'l3vni'],
        { found: `${l3vni}, which evpn.vnis has as a VNI of hosts`, allowed: 'a VNI of its own' },
        ['evpn', 'vnis', of, 'vni'],
      );
  });
}
