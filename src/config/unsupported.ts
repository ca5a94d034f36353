/** What evpnd cannot do yet and what is called otherwise here, with what to do meanwhile; by a place's general path and key. */
const UNSUPPORTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    vrfs: 'no routing between VNIs yet: take the key out',
    'ethernet-segments': 'no multihoming yet: take the key out',
  },
  'neighbors[]': {
    password: 'password-file, the path of a file that has the key',
    'ebgp-multihop': 'nothing: a session may run over any number of hops',
    'update-source': 'local-address, with an address',
    'route-map': 'no policies: route targets decide what is taken',
  },
  'evpn.vnis[]': {
    'route-targets': 'import-route-targets and export-route-targets',
    vrf: 'no routing between VNIs yet: take the key out',
    l3vni: 'no routing between VNIs yet: take the key out',
  },
};

/** Returns what is allowed instead of a key that an operator may expect, undefined for any other. `place` holds no indexes. */
export function insteadOf(place: string, key: string): string | undefined {
  return UNSUPPORTED[place]?.[key.toLowerCase().replaceAll('_', '-')];
}
