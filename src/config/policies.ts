import type { Values } from './config.js';
import { quoteValue } from './finding.js';
import { closest } from './hint.js';
import type { Path, Report } from './source.js';
import { refuseRepeated } from './values.js';

const KEYS = ['importPolicy', 'exportPolicy'] as const;
const KEY_NAMES = { importPolicy: 'import-policy', exportPolicy: 'export-policy' } as const;

/** Reports names that no policy has, and names given twice. */
export function checkPolicies(
  { policies, neighbors, listenRanges }: Pick<Values, 'policies' | 'neighbors' | 'listenRanges'>,
  report: Report,
): void {
  const names = policies.map(({ name }) => name);
  refuseRepeated(names, quoteValue, 'one policy for a name', (fault, i, first) =>
    report(['policies', i, 'name'], fault, ['policies', first, 'name']),
  );
  policies.forEach(({ rules }, i) => {
    refuseRepeated(
      rules.map(({ name }) => name),
      quoteValue,
      'one rule of the policy for a name',
      (fault, k, first) =>
        report(['policies', i, 'rules', k, 'name'], fault, ['policies', i, 'rules', first, 'name']),
    );
  });
  for (const [list, members] of [
    ['neighbors', neighbors],
    ['listen-ranges', listenRanges],
  ] as const)
    members.forEach((member, i) => {
      for (const key of KEYS) {
        const name = member[key];
        if (name === undefined || names.includes(name)) continue;
        const place: Path = [list, i, KEY_NAMES[key]];
        report(place, {
          found: quoteValue(name),
          allowed: names.length === 0 ? 'nothing: there are no policies' : names.join(', '),
          didYouMean: closest(name, names),
        });
      }
    });
}
