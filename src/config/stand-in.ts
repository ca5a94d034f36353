import { formatIp, type Ipv4, VNI_MAX } from '../types/index.js';

/** The last list index of a path decides, so that no two stand-ins are the same. */
type StandIn = (index: number) => unknown;

/** In 0.0.0.0/8, where nobody's address is; 0 itself is refused everywhere. */
const address: StandIn = (index) => formatIp((index + 1) as Ipv4);
const vni: StandIn = (index) => VNI_MAX - index;

/**
 * Values in place of those that a finding was made of, so that the rest of the file can be judged in the same pass: only
 * where the schema has no default and the key cannot be left out. By general path (`neighbors[].address`).
 */
const STAND_INS: Readonly<Record<string, StandIn>> = {
  asn: () => 1,
  'router-id': address,
  neighbors: () => [],
  'neighbors[]': (index) => ({ address: address(index), 'remote-as': 'external' }),
  'neighbors[].address': address,
  'neighbors[].remote-as': () => 'external',
  'bgp.listen[]': address,
  'evpn.vnis[]': (index) => ({ vni: vni(index) }),
  'evpn.vnis[].vni': vni,
  'evpn.vnis[].import-route-targets[]': (index) => `${index + 1}:0`,
  'evpn.vnis[].export-route-targets[]': (index) => `${index + 1}:0`,
  'api.listen[]': (index) => `127.0.0.1:${index + 1}`,
};

/** A valid value for the place; undefined where it may be left out. */
export function standInFor(path: readonly (string | number)[]): unknown {
  const general = generalPath(path);
  const index = path.findLast((step) => typeof step === 'number') ?? 0;
  return STAND_INS[general]?.(Number(index));
}

/** `neighbors[].address`: without what tells items apart. */
export function generalPath(path: readonly (string | number)[]): string {
  return path.map((step, i) => (typeof step === 'number' ? '[]' : i === 0 ? step : `.${step}`)).join('');
}
