import { AFI_IPV6, prefixes, SAFI_UNICAST } from './unicast.js';

/** IPv6 unicast (RFC 2545): a next hop of 32 octets has a link-local address behind the global one. */
export const IPV6_UNICAST = prefixes('IPv6/unicast', AFI_IPV6, SAFI_UNICAST, 16, [16, 32]);
