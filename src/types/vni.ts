import type { Brand } from './brand.js';
import { ParseError } from './parse-error.js';

/** A VXLAN network identifier, 1 to 2^24-1 (RFC 7348 §5). */
export type Vni = Brand<number, 'Vni'>;

export const VNI_MAX = 0xffffff;

/** True if the number can be a VNI. */
export function isVni(value: number): value is Vni {
  return Number.isInteger(value) && value >= 1 && value <= VNI_MAX;
}

/** Checks the range. Throws ParseError. */
export function toVni(value: number): Vni {
  if (!isVni(value)) throw new ParseError('VNI', String(value), `an integer from 1 to ${VNI_MAX}`);
  return value;
}
