import test from 'ava';
import type { TopologyProblem } from '../../src/dataplane/index.js';
import { ProblemLog } from '../../src/dataplane/problem-log.js';
import { LimitedLog, silentLog, toVni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

function scene() {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const line =
    (level: string) =>
    (
      { vni, problem, suppressed }: { vni?: number; problem?: string; suppressed?: number },
      message: string,
    ) =>
      lines.push([level, message, vni, problem, suppressed].filter((each) => each !== undefined).join(' | '));
  const log = new LimitedLog(clock, {
    ...silentLog,
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  });
  let problems: TopologyProblem[] = [];
  const watch = new ProblemLog(clock, log, () => problems);
  return {
    clock,
    /** Lines since the last call, after the problems were these for so many milliseconds. */
    after(now: TopologyProblem[], milliseconds: number) {
      problems = now;
      watch.look();
      clock.advance(milliseconds);
      return lines.splice(0);
    },
  };
}
const down = (vni: number): TopologyProblem => ({
  severity: 'error',
  vni: toVni(vni),
  device: `vx${vni}`,
  problem: 'the device is down',
  fix: undefined,
});

test('a problem that lasts is logged once when it comes and once when it is over', (t) => {
  const at = scene();
  t.deepEqual(at.after([down(10)], 1000), [
    'error | a device or VNI does not forward | 10 | the device is down',
  ]);
  t.deepEqual(at.after([down(10)], 5000), []);
  t.deepEqual(at.after([{ ...down(20), severity: 'warning' }], 5000), [
    'warn | a device or VNI does not forward as it should | 20 | the device is down',
    'info | a problem is over | 10 | the device is down',
  ]);
});

test('a device that is being set up is not logged', (t) => {
  const at = scene();
  t.deepEqual(at.after([down(10)], 500), []);
  t.deepEqual(at.after([], 5000), []);
});

test('a bridge that takes a thousand VNIs along is a few lines and a count', (t) => {
  const at = scene();
  const lines = at.after(
    Array.from({ length: 1000 }, (_, i) => down(i + 1)),
    61_000,
  );
  t.is(lines.length, 11);
  t.is(lines.at(-1), 'error | more lines like this: a device or VNI does not forward | 990');
});
