import test from 'ava';
import {
  formatPrefixRule,
  ParseError,
  parsePrefix,
  parsePrefixRule,
  permits,
} from '../../src/types/index.js';

test('the first rule that a prefix matches decides, and none denies', (t) => {
  const rules = ['deny 10.1.0.0/16 le 32', '10.0.0.0/8 ge 24 le 28', '2001:db8::/32 ge 48'].map(
    parsePrefixRule,
  );
  for (const [prefix, is] of [
    ['10.2.3.0/24', true],
    ['10.2.3.16/28', true],
    ['10.2.3.16/30', false],
    ['10.2.0.0/16', false],
    ['10.1.3.0/24', false],
    ['11.2.3.0/24', false],
    ['2001:db8:1::/48', true],
    ['2001:db8:1::1/128', true],
    ['2001:db8::/32', false],
    ['0.0.0.0/0', false],
  ] as const)
    t.is(permits(rules, parsePrefix(prefix)), is, prefix);
  t.false(permits([], parsePrefix('10.0.0.0/8')));
});

test('a rule without ge and le matches the very prefix', (t) => {
  const rules = [parsePrefixRule('10.0.0.0/8')];
  t.true(permits(rules, parsePrefix('10.0.0.0/8')));
  t.false(permits(rules, parsePrefix('10.0.0.0/9')));
});

test('a rule is written as it is read', (t) => {
  for (const text of [
    '10.0.0.0/8',
    'deny 10.0.0.0/8 ge 24 le 28',
    '0.0.0.0/0 le 32',
    '2001:db8::/32 ge 48',
    '::/0 le 128',
  ])
    t.is(formatPrefixRule(parsePrefixRule(text)), text);
});

for (const text of [
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0.1/8',
  '2001:db8::/129',
  '10.0.0.0/8 ge 7',
  '10.0.0.0/8 le 33',
  '10.0.0.0/8 ge 28 le 24',
  'allow 10.0.0.0/8',
  '10.0.0.0/8 le',
  '300.0.0.0/8',
  '',
])
  test(`no rule: "${text}"`, (t) => {
    t.throws(() => parsePrefixRule(text), { instanceOf: ParseError });
  });
