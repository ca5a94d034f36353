/** The rule that decides who has a MAC or an IP, as the API shows it. */
export const Rule = {
  NOBODY: 'nobody claims it',
  ONLY_CLAIM: 'only claim',
  /** An operator's static row on a port of this leaf: configuration, which no claim overrules. */
  CONFIGURED: 'configured on a port of this leaf',
  /** RFC 7432 §15.2. */
  STICKY: 'sticky MAC',
  /** RFC 7432 §7.8, §10.1. */
  GATEWAY: 'default gateway',
  /** RFC 9047 §3.1, the I flag. */
  IMMUTABLE: 'immutable binding',
  /** RFC 7432 §7.7. */
  SEQUENCE: 'higher sequence number',
  /** RFC 7432 §15.1. */
  VTEP: 'lower VTEP address',
  /** Of two routes of one leaf: what is compared last, so that the order of their arrival decides nothing. */
  SAME_LEAF: 'another route of the same leaf comes first',
  /** In a VRF: the host itself was heard of there (RFC 9135 §7). */
  HOST: 'route of a host, which goes before prefix routes to it',
  /** In a VRF that imports another's routes too: an order that does not hang on which came first. */
  OWN_VRF: 'route of the VRF itself, which goes before those of other VRFs',
  /** In a VRF that imports routes of another VRF of this leaf: local before remote. */
  LOCAL_VRF: 'route of another VRF of this leaf, which goes before those of other leaves',
  /** In a VRF: several leaves announce it, equally well (RFC 4271 §9.1.2). */
  SHARED: 'equally good, so that traffic is spread over them',
  /** RFC 7432 §8.4. */
  SEGMENT: 'all claims are of one Ethernet segment',
  /** RFC 7432 §7.7: the next number was taken. */
  ARRIVED: 'arrived here after the remote claim',
  /** Of an IP with the same number on both sides, or a lower one there: no claim changed. */
  STAYED: 'the local neighbor is older than the remote claim',
  /** Of an IP: whoever has the MAC has it. */
  FOLLOWS_MAC: 'goes with its MAC',
  /** Of an IP whose claimant's MAC is elsewhere or nowhere. */
  MAC_IS_ELSEWHERE: 'the MAC that claims it is not where the claim says',
  /** The machine itself has it in this broadcast domain. */
  OWN: 'an address of this leaf itself',
  /** Multicast or broadcast (IEEE 802): no host's, whatever claims it. */
  GROUP: 'a group address, which no host has',
  /** RFC 7432 §15.1. */
  FROZEN: 'frozen as a duplicate',
  PENDING: 'news that is still to be looked at',
} as const;
export type Rule = (typeof Rule)[keyof typeof Rule];

/** What binds an address to the leaf that announces it, whoever else shows up with it. */
export type Pin = typeof Rule.STICKY | typeof Rule.GATEWAY | typeof Rule.IMMUTABLE;
