import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/** What a fingerprint is made with: another in each process, so that nobody can try keys out on what a log has. */
const SALT = randomBytes(32);

const digestOf = (octets: Uint8Array) => createHmac('sha256', SALT).update(octets).digest();

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

  /** True for the same octets; how long it takes tells nothing of them. */
  matches(octets: Uint8Array): boolean {
    return timingSafeEqual(digestOf(this.#octets), digestOf(octets));
  }

  /** Tells whether two are the same within this process, and nothing else. */
  get fingerprint(): string {
    return digestOf(this.#octets).toString('hex').slice(0, 8);
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
