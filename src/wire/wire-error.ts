import { NO_OCTETS } from './octets.js';

/**
 * A fault that ends the session: `code`, `subcode` and `data` go into the NOTIFICATION as they stand (RFC 4271 §6), the
 * message names the field, the value found and what is allowed.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  constructor(
    readonly code: number,
    readonly subcode: number,
    message: string,
    readonly data: Uint8Array = NO_OCTETS,
  ) {
    super(message);
  }
}
