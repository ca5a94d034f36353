import type { FamilyName } from '../config/index.js';
import type { BfdTimes, MapEntry, Model, VniBlock, VrfBlock } from './model.js';
import { pattern, type Words } from './pattern.js';

/** Where a statement stands. */
export type Place =
  | { readonly in: 'top' | 'bgp' | 'evpn' | 'bfd' }
  | { readonly in: 'vrf'; readonly name: string }
  | { readonly in: 'vrf-bgp' | 'vrf-evpn'; readonly vrf: VrfBlock }
  | { readonly in: 'vrf-family'; readonly vrf: VrfBlock; readonly family: FamilyName }
  | { readonly in: 'family'; readonly family: FamilyName }
  | { readonly in: 'vni'; readonly block: VniBlock }
  | { readonly in: 'route-map'; readonly entry: MapEntry }
  | { readonly in: 'bfd-profile'; readonly profile: BfdTimes }
  /** Nothing of the block is carried over. */
  | { readonly in: 'skipped'; readonly why: string };

/** What a row works with. */
export interface At {
  readonly model: Model;
  readonly line: number;
  /** Where the statement stands. */
  readonly place: Place;
  /** The family of a statement in a family's block; at the router itself IPv4 unicast. */
  readonly family: FamilyName;
  /** Begins a block. */
  enter(place: Place): void;
  /** Says that evpnd does something else than FRR. */
  differs(text: string): void;
}

/** A statement: where it may stand, its form, and what it sets. A text that is returned says why nothing is carried over. */
export interface Row {
  readonly in: readonly Place['in'][];
  readonly form: RegExp;
  readonly apply: (words: Words, at: At) => string | undefined;
}

/** A text that is returned says why nothing is carried over; most rows return nothing. */
export type Apply = (words: Words, at: At) => unknown;

export function row(where: Place['in'] | readonly Place['in'][], form: string, apply: Apply): Row {
  return {
    in: typeof where === 'string' ? [where] : where,
    form: pattern(form),
    apply: (words, at) => {
      const why = apply(words, at);
      return typeof why === 'string' ? why : undefined;
    },
  };
}

/** Statements that need nothing in evpnd: it does so anyway, or they are no matter of BGP. */
export function needless(where: Place['in'] | readonly Place['in'][], ...forms: readonly string[]): Row[] {
  return forms.map((form) => row(where, form, () => undefined));
}

/** Statements that evpnd has nothing for, and why. */
export function refused(
  where: Place['in'] | readonly Place['in'][],
  why: string,
  ...forms: readonly string[]
): Row[] {
  return forms.map((form) => row(where, form, () => why));
}

/** A number as FRR writes it, NaN where it is none. */
export function numberOf(word: string | undefined): number {
  return word !== undefined && /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
}

/** A number as FRR writes it; else the word itself, which the loader refuses. */
export function numberOrWord(word: string): number | string {
  const number = numberOf(word);
  return Number.isNaN(number) ? word : number;
}

/** An AS number, in plain digits or as two numbers with a dot (RFC 5396); else the word itself, which the loader refuses. */
export function asNumber(word: string): number | string {
  const [, high, low] = /^(\d{1,5})\.(\d{1,5})$/.exec(word) ?? [];
  if (high !== undefined && Number(high) < 65536 && Number(low) < 65536)
    return Number(high) * 65536 + Number(low);
  return numberOrWord(word);
}
