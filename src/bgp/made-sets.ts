import type { AttributeChanges } from '../wire/index.js';
import type { RoutePolicy } from './policy.js';

/**
 * What a policy has made of each set of attributes, by the rules that it took: the same set gives the same object, since
 * who compares attributes does so by identity. It is forgotten with the set.
 */
export class MadeSets<Attributes extends object> {
  readonly #made = new WeakMap<Attributes, Map<string, Attributes>>();

  constructor(readonly policy: RoutePolicy) {}

  /** What was made of `before` with these changes of the policy's rules, and with `beside`, all else that it hangs on. */
  of(
    before: Attributes,
    changes: readonly AttributeChanges[],
    beside: string,
    make: () => Attributes,
  ): Attributes {
    let made = this.#made.get(before);
    if (made === undefined) {
      made = new Map();
      this.#made.set(before, made);
    }
    // Rules are distinguished by their number: what they change may be equal
    const key = `${beside} ${changes.map((each) => this.policy.rules.findIndex(({ set }) => set === each)).join()}`;
    let attributes = made.get(key);
    if (attributes === undefined) {
      attributes = make();
      made.set(key, attributes);
    }
    return attributes;
  }
}
