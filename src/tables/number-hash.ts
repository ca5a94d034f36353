/** Hosts choose their MACs: nobody outside may know which of them collide. */
const SEED = (Math.random() * 0x1_0000_0000) | 0;

/**
 * Returns a 32-bit hash of the number `high * 2^32 + low32`, for a hash table: MurmurHash3's finalizer, with the upper
 * half mixed in on the way. The hash differs in each process.
 */
export function hashNumber(low32: number, high: number): number {
  let mixed = Math.imul(low32 ^ SEED, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ high, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
