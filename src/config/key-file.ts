import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Secret } from '../types/index.js';
import { quoteValue } from './finding.js';
import type { Refuse } from './setting.js';

/** TCP_MD5SIG_MAXKEYLEN of linux/tcp.h. */
const LONGEST_KEY = 80;
/** Enough to distinguish a key with its line feed from one that is too long. */
const ROOM = LONGEST_KEY + 3;
const NOT_THE_OWNERS = 0o077;

/**
 * The key that a file has on its one line. Refuses a file that others than its owner may read or change, one that has no
 * such key and one that cannot be read; contains nothing of the content.
 */
export function readKeyFile(path: string, refuse: Refuse): Secret | undefined {
  const refused = (found: string, allowed: string) => {
    refuse({ found: `${quoteValue(path)}${found}`, allowed });
    return undefined;
  };
  if (!path.startsWith('/') || path.includes('\0')) return refused('', 'an absolute path');
  let fd: number;
  try {
    // A FIFO has no writer yet
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return refused(
      `, which cannot be read (${code})`,
      code === 'ENOENT'
        ? 'a file with the key'
        : `a file that the user of evpnd may read (chown evpnd: ${path}; chmod 600 ${path})`,
    );
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return refused(', which is no file', 'a file with the key');
    const mode = stat.mode & 0o7777;
    if ((mode & NOT_THE_OWNERS) !== 0)
      return refused(
        ` with mode ${mode.toString(8).padStart(4, '0')}`,
        `a file that its owner alone may read or change (chmod 600 ${path})`,
      );
    const octets = Buffer.alloc(ROOM);
    const content = octets.subarray(0, readSync(fd, octets, 0, ROOM, 0));
    const key = content.subarray(0, content.length - lineEnd(content));
    const fault = keyFault(key);
    const secret = fault === undefined ? new Secret(key, path) : undefined;
    octets.fill(0);
    return secret ?? refused(`, which has ${fault}`, `a key of 1 to ${LONGEST_KEY} octets on one line`);
  } finally {
    closeSync(fd);
  }
}

/** Returns how many octets of a line feed, or of a carriage return and a line feed, there are at the end. */
function lineEnd(content: Buffer): number {
  if (content.at(-1) !== 0x0a) return 0;
  return content.at(-2) === 0x0d ? 2 : 1;
}

function keyFault(key: Buffer): string | undefined {
  if (key.length === 0) return 'no key';
  if (key.includes(0x0a)) return 'more than one line';
  if (key.includes(0)) return 'a zero octet';
  if (key.length > LONGEST_KEY) return `more than ${LONGEST_KEY} octets`;
  return undefined;
}
