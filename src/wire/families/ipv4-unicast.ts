import { AFI_IPV4, prefixes, SAFI_UNICAST } from './unicast.js';

/**
 * IPv4 unicast: in the fields that RFC 4271 §4.3 has for it, and in MP_REACH and MP_UNREACH (RFC 4760), there with an IPv6
 * next hop as well (RFC 8950 §3).
 */
export const IPV4_UNICAST = prefixes('IPv4/unicast', AFI_IPV4, SAFI_UNICAST, 4, [4, 16, 32]);
