import type { UpdateSubcode } from './notification-codes.js';

/**
 * A value whose octets do not fit its definition. It stays inside this folder: whoever decodes the message around the
 * value knows what RFC 7606 makes of it. It has no stack, which costs most of an error: one UPDATE may have thousands of them.
 */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  constructor(
    detail: string,
    /** UPDATE Message Error subcode, where it is not the one of the attribute. */
    readonly subcode?: UpdateSubcode,
  ) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
