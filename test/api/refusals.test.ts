import test from 'ava';
import { Refusals } from '../../src/api/refusals.js';
import type { Log } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('refused connections are some lines in the log and a problem until a minute after the last', (t) => {
  const clock = new VirtualClock();
  const lines: { facts: object; message: string }[] = [];
  const keep = (facts: object, message: string) => void lines.push({ facts, message });
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const refusals = new Refusals(clock, log);
  t.deepEqual(refusals.problems(), []);
  for (let n = 0; n < 1000; n++) refusals.note('connections', '10.0.0.1 port 8080', '10.0.0.9');
  refusals.note('requests', '/run/evpnd/api.sock', undefined);
  t.is(lines.length, 11);
  t.deepEqual(lines[0], {
    facts: { where: '10.0.0.1 port 8080', from: '10.0.0.9' },
    message: 'a connection to the API was refused: there are as many as it takes',
  });
  t.is(
    lines[10].message,
    'a connection to the API was closed: too many requests on it wait for their answers',
  );
  clock.advance(59_000);
  const [problem] = refusals.problems();
  t.is(problem.severity, 'warning');
  t.regex(
    problem.problem,
    /1000 connections refused so far, 1 closed .*last one from \/run\/evpnd\/api\.sock/,
  );
  clock.advance(1_000);
  t.deepEqual(refusals.problems(), []);
  t.is(lines.length, 12);
  refusals.note('connections', '10.0.0.1 port 8080', '10.0.0.9');
  t.regex(refusals.problems()[0].problem, /1001 connections/);
  refusals.close();
  t.is(clock.timersPending, 0);
});
