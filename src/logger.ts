import { fstatSync } from 'node:fs';
import { type LogFn, type Logger, pino } from 'pino';
import { lineId } from './log-lines.js';
import { inertJson } from './types/index.js';

/** Priorities of the journal (sd-daemon(3), syslog(3)) by pino's numbers. */
const PRIORITIES: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 };

/**
 * The log on standard output: a JSON object a line, its level a word, `event` the id of the line (log-lines.ts). For the journal, each line is preceded by its
 * priority (`<3>`), which the journal removes, so that `journalctl -p err` finds errors. Writes are synchronous:
 * a line is written before the process can end. Terminal control characters are escaped.
 */
export function createLogger(level: string, env: NodeJS.ProcessEnv = process.env, fd = 1): Logger {
  const options = {
    level,
    base: undefined,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { logMethod: withEvent },
  };
  const output = pino.destination({ fd, sync: true });
  const withPriority = isJournal(env.JOURNAL_STREAM, fd);
  const stream = {
    // Makes pino provide `lastLevel` for each line
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 30,
    write(line: string) {
      const inert = inertJson(line);
      output.write(withPriority ? `<${PRIORITIES[stream.lastLevel] ?? 6}>${inert}` : inert);
    },
  };
  return pino(options, stream);
}

/** True if `$JOURNAL_STREAM` (systemd.exec(5)) names the file of the descriptor: device and inode. */
function isJournal(stream: string | undefined, fd: number): boolean {
  if (!stream) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return stream === `${dev}:${ino}`;
}

/** From which severity on lines are written; by subsystem where that has its own. */
interface LogLevels {
  readonly level: string;
  readonly subsystems: Readonly<Record<string, string | undefined>>;
}

const levelsOf = new WeakMap<Logger, LogLevels>();

/** Sets from which severity on lines are written: all of them, or those of a subsystem. */
export function setLogLevels(log: Logger, levels: LogLevels): void {
  const all = [levels.level, ...Object.values(levels.subsystems).filter((level) => level !== undefined)];
  const numbers = all.map((level) => log.levels.values[level]);
  log.level = log.levels.labels[Math.min(...numbers)];
  levelsOf.set(log, levels);
}

/** Gives a line its id, where its facts have none, and leaves out what its subsystem does not tell. */
function withEvent(this: Logger, args: Parameters<LogFn>, write: LogFn, level: number): void {
  const [facts, text] = args as unknown as [{ readonly event?: string }, string];
  const event = facts.event ?? lineId(text);
  const levels = levelsOf.get(this);
  if (levels) {
    const own = levels.subsystems[event?.split('.')[0] ?? ''] ?? levels.level;
    if (level < this.levels.values[own]) return;
  }
  write.call(this, { event, ...facts }, text);
}
