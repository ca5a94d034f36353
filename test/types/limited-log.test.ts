import test from 'ava';
import { LimitedLog, type Log } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

function recorded(limit = { lines: 2, seconds: 60 }) {
  const lines: string[] = [];
  const write = (level: string) => (facts: object, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(facts)}`);
  };
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const clock = new VirtualClock();
  return { clock, lines, limited: new LimitedLog(clock, log, limit) };
}

test('lines beyond the limit are counted, and the count is logged at the end of the window', (t) => {
  const { clock, lines, limited } = recorded();
  let built = 0;
  for (let i = 0; i < 506; i++)
    limited.warn('no room', () => {
      built++;
      return { i };
    });
  t.deepEqual(lines, ['warn no room {"i":0}', 'warn no room {"i":1}']);
  t.is(built, 2, 'facts of a line that is not logged are not built');
  clock.advance(60_000);
  t.deepEqual(lines.slice(2), ['warn more lines like this: no room {"suppressed":504,"seconds":60}']);
  limited.warn('no room', () => ({ i: 506 }));
  t.is(lines.at(-1), 'warn no room {"i":506}', 'the next window begins anew');
});

test('one sentence does not use up the lines of another, and few lines need no count', (t) => {
  const { clock, lines, limited } = recorded();
  for (let i = 0; i < 5; i++) limited.info('moved', () => ({}));
  limited.error('duplicate', () => ({}));
  t.deepEqual(lines, ['info moved {}', 'info moved {}', 'error duplicate {}']);
  clock.advance(60_000);
  t.deepEqual(lines.slice(3), ['info more lines like this: moved {"suppressed":3,"seconds":60}']);
  clock.advance(600_000);
  t.is(lines.length, 4);
});

test('a closed one leaves no timer behind', (t) => {
  const { clock, lines, limited } = recorded({ lines: 1, seconds: 1 });
  limited.info('moved', () => ({}));
  limited.info('moved', () => ({}));
  limited.close();
  clock.advance(5000);
  t.deepEqual(lines, ['info moved {}']);
});
