import { quoteValue } from './finding.js';
import type { Refuse } from './setting.js';
import { refuseRepeated } from './values.js';

const FAMILY_NAMES = ['l2vpn-evpn', 'ipv4-unicast', 'ipv6-unicast'] as const;
/** An address family as the file names it. */
export type FamilyName = (typeof FAMILY_NAMES)[number];

export const FAMILY_WORDS = 'l2vpn-evpn, ipv4-unicast or ipv6-unicast';

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
