import fc from 'fast-check';
import { type Ip, parseIp } from '../../src/types/index.js';

/** A few IPs of both families, among them those whose numbers lie at the ends. */
export const someIp: fc.Arbitrary<Ip> = fc
  .constantFrom(
    ...['0.0.0.0', '0.0.0.1', '10.0.0.1', '127.255.255.255', '128.0.0.0', '255.255.255.255'],
    ...['::', '::1', '::10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '2001:db8::1', 'ff02::1'],
  )
  .map(parseIp);
