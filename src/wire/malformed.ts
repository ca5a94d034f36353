import type { UpdateSubcode } from './notification-codes.js';

/**
 * A value whose octets do not fit its definition. It stays inside this folder: whoever decodes the message around the
 * value knows what RFC 7606 makes of it.
 */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  constructor(
    detail: string,
    /** UPDATE Message Error subcode, where it is not the one of the attribute. */
    readonly subcode?: UpdateSubcode,
  ) {
    super(detail);
  }
}
