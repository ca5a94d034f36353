import type { FamilyName } from './config/index.js';
import { type AnyFamily, EVPN, IPV4_UNICAST, IPV6_UNICAST } from './wire/index.js';

/** The families by the names that the file has. */
export const FAMILIES: Readonly<Record<FamilyName, AnyFamily>> = {
  'l2vpn-evpn': EVPN,
  'ipv4-unicast': IPV4_UNICAST,
  'ipv6-unicast': IPV6_UNICAST,
};

/** One list for the same families, so that a session is compared by it. */
const familyLists = new Map<string, readonly AnyFamily[]>();

/** Returns the families that the file names. */
export function familiesOf(names: readonly FamilyName[]): readonly AnyFamily[] {
  const key = [...names].sort().join();
  let list = familyLists.get(key);
  if (!list) {
    list = names.map((name) => FAMILIES[name]);
    familyLists.set(key, list);
  }
  return list;
}
