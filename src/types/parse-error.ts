/** Bad text for a value of the field's vocabulary; the message names what was found and what is allowed. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  constructor(
    readonly what: string,
    readonly found: string,
    readonly allowed: string,
  ) {
    super(`${what} ${JSON.stringify(found)}: expected ${allowed}`);
  }
}
