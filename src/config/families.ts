import { quoteValue } from './finding.js';
import { integer, type Refuse } from './setting.js';
import { refuseRepeated } from './values.js';

const FAMILY_NAMES = ['l2vpn-evpn', 'ipv4-unicast', 'ipv6-unicast'] as const;
/** An address family as the file names it. */
export type FamilyName = (typeof FAMILY_NAMES)[number];

export const FAMILY_WORDS = `${FAMILY_NAMES.slice(0, -1).join(', ')} or ${FAMILY_NAMES.at(-1)}`;
/** The same for the manual. */
export const FAMILY_TERMS = FAMILY_NAMES.map((name) => `\`${name}\``).join(', ');

/** In place of a wrong one. */
export const familyStandIn = (index: number): FamilyName => FAMILY_NAMES[index % FAMILY_NAMES.length];

/** Families, each once; what is none is refused and left out. */
export function parseFamilies(texts: readonly string[], refuse: Refuse): readonly FamilyName[] {
  refuseRepeated(texts, String, 'each address family once', refuse);
  return texts.filter((text, index): text is FamilyName => {
    const isOne = (FAMILY_NAMES as readonly string[]).includes(text);
    if (!isOne) refuse({ found: quoteValue(text), allowed: FAMILY_WORDS }, index);
    return isOne;
  });
}

const NUMBER = integer(0, 4294967295);

/** A number for some of the families. */
type FamilyNumbers = Readonly<Partial<Record<FamilyName, number>>>;

/** The kind of value that `max-family-routes` is. */
export const FAMILY_ROUTES = {
  schema: {
    type: 'object',
    properties: Object.fromEntries(
      FAMILY_NAMES.map((name) => [name, { ...NUMBER.schema, allowed: NUMBER.allowed }]),
    ),
    additionalProperties: false,
  },
  allowed: `a mapping of ${FAMILY_WORDS} to numbers`,
  file: undefined as FamilyNumbers | undefined,
};

/** The families that have a limit, in one order. */
export function parseFamilyRoutes(numbers: FamilyNumbers): ReadonlyMap<FamilyName, number> {
  return new Map(
    FAMILY_NAMES.flatMap((name) => {
      const number = numbers[name] ?? 0;
      return number > 0 ? [[name, number] as const] : [];
    }),
  );
}

/** `ipv4-unicast 100`. */
export function formatFamilyRoutes(limits: ReadonlyMap<FamilyName, number>): readonly string[] {
  return [...limits].map(([name, number]) => `${name} ${number}`);
}
