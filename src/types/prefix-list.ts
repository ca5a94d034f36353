import { isWithin } from './ip.js';
import { ParseError } from './parse-error.js';
import { formatPrefix, type PrefixKey, parsePrefix, prefixAddress, prefixLength } from './prefix.js';

/** One line of a prefix list: prefixes within `prefix` whose length is between two. */
export interface PrefixRule {
  readonly permits: boolean;
  readonly prefix: PrefixKey;
  readonly least: number;
  readonly most: number;
}

/** The first rule that a prefix matches decides; one that matches none is denied. */
export function permits(rules: readonly PrefixRule[], prefix: PrefixKey): boolean {
  const length = prefixLength(prefix);
  for (const rule of rules)
    if (
      length >= rule.least &&
      length <= rule.most &&
      isWithin(prefixAddress(prefix), prefixAddress(rule.prefix), prefixLength(rule.prefix))
    )
      return rule.permits;
  return false;
}

const ALLOWED =
  'a prefix such as 10.0.0.0/8, with "ge 24" and "le 32" behind it, and "deny" before it, if wanted';
const RULE = /^(?:(permit|deny) +)?([0-9a-fA-F.:]+)\/(\d{1,3})(?: +ge +(\d{1,3}))?(?: +le +(\d{1,3}))?$/;

/**
 * Parses a rule as FRR's `ip prefix-list` has it: `deny 10.0.0.0/8 ge 24 le 32`; `permit` may be left out. Without `ge` and `le`
 * only the very prefix matches. Throws ParseError.
 */
export function parsePrefixRule(text: string): PrefixRule {
  const [, action = 'permit', address = '', digits, ge, le] = RULE.exec(text.trim()) ?? [];
  const prefix = parsePrefix(digits === undefined ? text : `${address}/${Number(digits)}`);
  const longest = typeof prefix === 'number' ? 32 : 128;
  const length = prefixLength(prefix);
  const least = ge === undefined ? length : Number(ge);
  const most = le !== undefined ? Number(le) : ge === undefined ? length : longest;
  if (least < length || most < least || most > longest) throw new ParseError('prefix list', text, ALLOWED);
  return { permits: action === 'permit', prefix, least, most };
}

/** The rule as it is written. */
export function formatPrefixRule({ permits: isPermit, prefix, least, most }: PrefixRule): string {
  const length = prefixLength(prefix);
  const longest = typeof prefix === 'number' ? 32 : 128;
  const ge = least === length ? '' : ` ge ${least}`;
  const le = most === length || (least !== length && most === longest) ? '' : ` le ${most}`;
  return `${isPermit ? '' : 'deny '}${formatPrefix(prefix)}${ge}${le}`;
}
