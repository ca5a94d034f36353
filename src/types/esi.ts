import type { Brand } from './brand.js';

/** An Ethernet segment identifier (RFC 7432 §5): ten octets as 20 lower-case hex digits. */
export type Esi = Brand<string, 'Esi'>;

/** ESI of a single-homed site. */
export const ESI_ZERO = '00000000000000000000' as Esi;
export const ESI_MAX = 'ffffffffffffffffffff' as Esi;

/** True for ESI 0 and MAX-ESI, which name no segment (RFC 7432 §5). */
export function isReservedEsi(esi: Esi): boolean {
  return esi === ESI_ZERO || esi === ESI_MAX;
}

/** Reads ten octets at `offset`; the caller has checked the length. */
export function esiFromBytes(bytes: Buffer, offset: number): Esi {
  for (let i = offset; i < offset + 10; i++)
    if (bytes[i] !== 0) return bytes.toString('hex', offset, offset + 10) as Esi;
  return ESI_ZERO;
}

/** Writes ten octets at `offset`. */
export function esiToBytes(esi: Esi, bytes: Buffer, offset: number): void {
  if (esi === ESI_ZERO) bytes.fill(0, offset, offset + 10);
  else bytes.write(esi, offset, 10, 'hex');
}

/** Colon-separated octets. */
export function formatEsi(esi: Esi): string {
  return (esi.match(/../g) ?? []).join(':');
}
