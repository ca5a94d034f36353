/** Hosts choose their MACs: nobody outside shall know which of them meet in one place. */
const SEED = (Math.random() * 0x1_0000_0000) | 0;

/**
 * Spreads a MAC, by its last 32 and its first 16 bits, over 32 bits for a hash table: MurmurHash3's finalizer, with the
 * upper half taken in on the way. Another value in each process.
 */
export function hashMac(low32: number, high16: number): number {
  let mixed = Math.imul(low32 ^ SEED, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ high16, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
