import test from 'ava';
import { pino } from 'pino';
import { ConfigError } from '../../src/config/index.js';
import { giveUp } from '../../src/give-up.js';
import { StartError } from '../../src/types/index.js';

/** The lines that the journal gets, and the exit code. */
function told(error: unknown): { code: number; lines: string[] } {
  const lines: string[] = [];
  const log = pino({ base: undefined }, { write: (line: string) => lines.push(line) });
  return { code: giveUp(error, log), lines };
}

const FINDINGS = ['asn', 'router-id'].map((path) => ({
  ...{ file: 'evpnd.yaml', line: 1, column: 1, path },
  ...{ found: 'nothing', allowed: 'something', didYouMean: undefined },
}));

const SENTENCE = 'no such luck: try another day';
const timesSaid = (lines: readonly string[], sentence = SENTENCE) =>
  lines.join('').split(sentence).length - 1;

for (const [what, error] of [
  ['that an operator can fix', new StartError(SENTENCE)],
  ['of evpnd or of the system', new TypeError(SENTENCE)],
  ['that is no Error', SENTENCE],
] as const)
  test(`why there will be no daemon is said once, in one line: a reason ${what}`, (t) => {
    const { code, lines } = told(error);
    t.is(code, 1);
    t.is(lines.length, 1);
    t.is(timesSaid(lines), 1);
    const { msg, stack } = JSON.parse(lines[0]);
    t.is(msg, `evpnd cannot start: ${SENTENCE}`);
    if (error instanceof TypeError) t.regex(stack[0], /^at .*give-up\.test/);
    else t.is(stack, undefined);
  });

test('each fault of the configuration is one line', (t) => {
  const { code, lines } = told(new ConfigError(FINDINGS));
  t.is(code, 78);
  t.is(lines.length, 2);
  for (const { path } of FINDINGS) t.is(timesSaid(lines, path), 1);
});
