import test from 'ava';
import { inertJson, plainText } from '../../src/types/index.js';

test('plain text keeps letters of every script, and has spaces for what is not to be seen', (t) => {
  t.is(plainText('Wartung – صيانة 保守 \u{1f6e0}'), 'Wartung – صيانة 保守 \u{1f6e0}');
  t.is(plainText('a\r\nb\u2028c\u2029d\u202ee\u2066f\x85g'), 'a  b c d e f g');
});

test('inert JSON is the same to who parses it', (t) => {
  const value = { 'na\u202eme': 'x\u2028\u2029\u0085\u007f\u061c\u200e\u2069', plain: 'ü保' };
  const json = inertJson(JSON.stringify(value));
  t.deepEqual(JSON.parse(json), value);
  t.notRegex(json, /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
  t.true(json.includes('ü保'));
});
