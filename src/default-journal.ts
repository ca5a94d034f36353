import {
  appendFileSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DefaultDestination, DefaultsMemory } from './dataplane/index.js';
import { type Clock, formatIp, type Log, ParseError, parseIp } from './types/index.js';

const FILE = 'default-destinations';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/** A journal that is this much longer than its result is rewritten: at a start, or from so many changes on. */
const SLACK = 4;
const LONG = 1000;

/**
 * Records which default destinations are ours, so that a killed process does not forget it: the row itself has no mark. The file's first line is
 * the boot it belongs to, for ifindexes count from there; each further one a change: `+ifindex srcVni dst` or `-…`.
 * Changes are appended once a turn of the event loop, and the file is written anew when it has become long. If the state directory cannot be written there is a warning, and after
 * a crash those destinations stay, as if another program had created them.
 */
export function openDefaultJournal(stateDirectory: string, clock: Clock, log: Log): DefaultsMemory {
  const path = join(stateDirectory, FILE);
  const bootId = readFileSync(BOOT_ID, 'utf8').trim();
  const { live, changes } = read(path, bootId, log);
  let length = changes;
  let pending: string[] = [];
  let scheduled = false;
  let broken = false;
  const attempt = (write: () => void) => {
    try {
      write();
    } catch (error) {
      // Logged once: it would be the same at each change
      if (!broken)
        log.warn(
          { path, reason: String(error) },
          'cannot record our default destinations: after a crash they will not be removed',
        );
      broken = true;
    }
  };
  const isTooLong = () => length > SLACK * (live.size + 1);
  const writeAnew = () => {
    mkdirSync(stateDirectory, { recursive: true });
    const lines = [bootId, ...[...live].map((key) => `+${key}`)];
    writeFileSync(`${path}.new`, `${lines.join('\n')}\n`);
    if (process.getuid?.() === 0) {
      // `evpnd --flush` of root: the next evpnd, which is another user's, appends to it
      const { uid, gid } = statSync(stateDirectory);
      chownSync(`${path}.new`, uid, gid);
    }
    renameSync(`${path}.new`, path);
    length = live.size;
  };
  if (changes === 0 || isTooLong()) attempt(writeAnew);
  const note = (sign: '+' | '-', destination: DefaultDestination) => {
    const key = keyOf(destination);
    if (sign === '+') live.add(key);
    else live.delete(key);
    length++;
    pending.push(`${sign}${key}\n`);
    if (scheduled) return;
    scheduled = true;
    clock.soon(() => {
      scheduled = false;
      const text = pending.join('');
      pending = [];
      attempt(() => (length > LONG && isTooLong() ? writeAnew() : appendFileSync(path, text)));
    });
  };
  return {
    wrote: (destination) => live.has(keyOf(destination)),
    added: (destination) => note('+', destination),
    dropped: (destination) => note('-', destination),
  };
}

function keyOf({ ifindex, srcVni, dst }: DefaultDestination): string {
  return `${ifindex} ${srcVni} ${formatIp(dst)}`;
}

/** Returns the result of the journal and its number of changes; nothing if it is of another boot or absent. */
function read(path: string, bootId: string, log: Log): { live: Set<string>; changes: number } {
  const live = new Set<string>();
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn(
        { path, reason: String(error) },
        'cannot read which default destinations are ours; all are left standing',
      );
    return { live, changes: 0 };
  }
  if (lines[0] !== bootId) return { live, changes: 0 };
  // The last line ends with a newline, or a crash cut it short
  const whole = lines.slice(1, -1).filter(isChange);
  for (const line of whole)
    if (line.startsWith('+')) live.add(line.slice(1));
    else live.delete(line.slice(1));
  return { live, changes: whole.length };
}

function isChange(line: string): boolean {
  const match = /^[+-]\d+ \d+ (\S+)$/.exec(line);
  if (!match) return false;
  try {
    parseIp(match[1]);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}
