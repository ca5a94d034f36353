import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

/** What a fingerprint is made with: another in each process, so that nobody can try keys out on what a log has. */
const SALT = randomBytes(32);

/** Octets that no log, error or answer of the API may show: every way to print one gives `(secret)`. */
export class Secret {
  readonly #octets: Buffer;

  /** `source`: the path of the file that has it. */
  constructor(
    octets: Uint8Array,
    readonly source: string,
  ) {
    this.#octets = Buffer.from(octets);
  }

  /** The octets themselves, a copy; for the kernel alone. */
  reveal(): Buffer {
    return Buffer.from(this.#octets);
  }

  equals(other: Secret | undefined): boolean {
    return other !== undefined && this.#octets.equals(other.#octets);
  }

  /** Tells whether two are the same within this process, and nothing else. */
  get fingerprint(): string {
    return createHmac('sha256', SALT).update(this.#octets).digest('hex').slice(0, 8);
  }

  toString(): string {
    return '(secret)';
  }

  toJSON(): string {
    return '(secret)';
  }

  [inspect.custom](): string {
    return '(secret)';
  }
}
