/** What evpnd cannot do yet and what is called otherwise here, with what to do meanwhile; by a place's general path and key. */
const UNSUPPORTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    vrfs: 'evpn.vrfs',
    'ethernet-segments': 'no multihoming yet: take the key out',
  },
  'neighbors[]': {
    password: 'password-file, the path of a file that has the key',
    'route-map': 'import-policy and export-policy',
  },
  'listen-ranges[]': {
    port: 'nothing: evpnd never connects to a neighbor of a range',
    passive: 'nothing: evpnd never connects to a neighbor of a range',
    'connect-retry-time': 'nothing: evpnd never connects to a neighbor of a range',
    'local-address': 'nothing: the neighbor chooses the address that it connects to; bgp.listen limits them',
    'update-source': 'nothing: the neighbor chooses the address that it connects to; bgp.listen limits them',
    password: 'password-file, the path of a file that has the key',
  },
  'evpn.vnis[]': {
    'route-targets': 'import-route-targets and export-route-targets',
    vrf: 'nothing: the SVI is in its VRF by `ip link set dev SVI master VRF`',
    l3vni: 'evpn.vrfs, an entry with name and l3vni',
  },
};

/** Returns what is allowed instead of a key that an operator may expect, undefined for any other. `place` holds no indexes. */
export function insteadOf(place: string, key: string): string | undefined {
  return UNSUPPORTED[place]?.[key.toLowerCase().replaceAll('_', '-')];
}
