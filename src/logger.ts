import { fstatSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { inertJson } from './types/index.js';

/** Priorities of the journal (sd-daemon(3), syslog(3)) by pino's numbers. */
const PRIORITIES: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 };

/**
 * The log on standard output: a JSON object a line, its level a word. For the journal, each line is preceded by its
 * priority (`<3>`), which the journal removes, so that `journalctl -p err` finds errors. Writes are synchronous:
 * a line is written before the process can end. Terminal control characters are escaped.
 */
export function createLogger(level: string, env: NodeJS.ProcessEnv = process.env, fd = 1): Logger {
  const options = { level, base: undefined, formatters: { level: (label: string) => ({ level: label }) } };
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
