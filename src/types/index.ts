/**
 * The vocabulary of the field as branded values: MAC, VNI, RD, RT, ESI and IP, their text and their octets,
 * and the two arguments that every folder takes from outside, time and log. Nothing here depends on BGP or the kernel.
 */
export type { Brand } from './brand.js';
export * from './clock.js';
export * from './community.js';
export * from './counted.js';
export * from './episodes.js';
export * from './esi.js';
export * from './fifo.js';
export * from './ip.js';
export * from './limited-log.js';
export * from './list.js';
export * from './log.js';
export * from './mac.js';
export * from './mac-prefix.js';
export * from './parse-error.js';
export * from './plain-text.js';
export * from './prefix.js';
export * from './prefix-list.js';
export * from './route-distinguisher.js';
export * from './route-protocol.js';
export * from './route-target.js';
export * from './route-target-pattern.js';
export * from './secret.js';
export * from './sets.js';
export * from './start-error.js';
export * from './vni.js';
