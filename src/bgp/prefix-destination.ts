import type { Ip } from '../types/index.js';
import type { PathAttributes, Prefix } from '../wire/index.js';
import { type Arrival, RibDestination } from './destination.js';

/** The destination of a prefix is its own NLRI: of an UPDATE's routes, which are an object each, none lives on. */
export class PrefixDestination extends RibDestination<Prefix> implements Prefix {
  readonly prefix: Ip;
  readonly prefixLength: number;

  constructor(arrival: Arrival, attributes: PathAttributes, { prefix, prefixLength }: Prefix) {
    super(arrival, attributes);
    this.prefix = prefix;
    this.prefixLength = prefixLength;
  }

  get type(): Prefix['type'] {
    return 0;
  }

  override get nlri(): Prefix {
    return this;
  }

  /** A prefix has nothing beside its key. */
  protected override same(): boolean {
    return true;
  }

  protected override takeOver(): void {}

  protected override get copyOfNlri(): Prefix {
    return this;
  }
}
