import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Logger } from 'pino';
import { createLogger, setLogLevels } from '../../src/logger.js';

/** What `work` logs; `journal` names the stream for the environment. */
function logged(
  t: ExecutionContext,
  journal: (fd: number) => string | undefined,
  work: (log: Logger) => void,
) {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-log-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'log');
  const fd = openSync(file, 'w');
  work(createLogger('info', { JOURNAL_STREAM: journal(fd) }, fd));
  closeSync(fd);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

function everyLevel(log: Logger): void {
  log.debug({}, 'not heard');
  log.level = 'debug';
  for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) log[level]({ n: 1 }, `${level}!`);
}
const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];

test('a line is an object whose level is a word', (t) => {
  const lines = logged(t, () => undefined, everyLevel).map((line) => JSON.parse(line));
  t.deepEqual(
    lines.map(({ level, n, msg }) => ({ level, n, msg })),
    LEVELS.map((level) => ({ level, n: 1, msg: `${level}!` })),
  );
});

test('the journal gets the priority before each line', (t) => {
  const stream = (fd: number) => {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return `${dev}:${ino}`;
  };
  const lines = logged(t, stream, everyLevel);
  t.deepEqual(
    lines.map((line) => line.slice(0, 4)),
    ['<7>{', '<6>{', '<4>{', '<3>{', '<2>{'],
  );
  t.deepEqual(
    lines.map((line) => JSON.parse(line.slice(3)).level),
    LEVELS,
  );
});

test('what would steer a terminal is escaped, and is itself again for who reads the JSON', (t) => {
  const said = 'a\u202eb\u2028c\x9b1md\x7f';
  const [line] = logged(
    t,
    () => undefined,
    (log) => log.info({ said }, 'heard'),
  );
  t.regex(line, /^[ -~]+$/);
  t.is(JSON.parse(line).said, said);
});

test('a journal stream that is not the output changes nothing, such as one inherited by a redirected child', (t) => {
  const [line] = logged(
    t,
    () => '1:1',
    (log) => log.info({}, 'plain'),
  );
  t.is(JSON.parse(line).msg, 'plain');
});

test('a line has the id of its text, or its own; a subsystem may have another level than the rest', (t) => {
  const lines = logged(
    t,
    () => undefined,
    (log) => {
      log.info({ neighbor: '192.0.2.1' }, 'BGP session established');
      log.warn({ event: 'bgp.listen' }, 'EADDRINUSE');
      setLogLevels(log, { level: 'warn', subsystems: { bgp: 'debug', evpn: undefined } });
      log.info({}, 'MAC moved');
      log.debug({}, 'BGP session refused');
      log.warn({}, 'duplicate address: it keeps moving between leaves');
      log.info({}, 'of no subsystem');
      setLogLevels(log, { level: 'info', subsystems: {} });
      log.debug({}, 'BGP session refused');
      log.info({}, 'MAC moved');
    },
  ).map((text) => JSON.parse(text));
  t.deepEqual(
    lines.map(({ event, level }) => `${level} ${event}`),
    ['info bgp.up', 'warn bgp.listen', 'debug bgp.refused', 'warn evpn.duplicate', 'info evpn.mac-moved'],
  );
  t.is(lines[0].neighbor, '192.0.2.1');
});
