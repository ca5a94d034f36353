/** Invalid text for a value; the message has the text found and what is allowed. */
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
