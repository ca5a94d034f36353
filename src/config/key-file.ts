import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Secret } from '../types/index.js';
import { quoteValue } from './finding.js';
import type { Refuse } from './setting.js';

/** TCP_MD5SIG_MAXKEYLEN of linux/tcp.h. */
const LONGEST_KEY = 80;
const TOKEN = { shortest: 16, longest: 512 };
const NOT_THE_OWNERS = 0o077;

/** What a setting's file is to be. */
interface FileKind {
  /** What it holds, for findings. */
  readonly what: string;
  /** Most octets that are read of it: enough to see that it is too long. */
  readonly room: number;
  /** No other user may read or change it. */
  readonly isSecret: boolean;
}

/** Why a file's content is no value; `allowed` is what would be one. */
export class ContentFault {
  constructor(
    readonly fault: string,
    readonly allowed: string,
  ) {}
}

/**
 * The key that a file has on its one line. Refuses a file that others than its owner may read or change, one that has no
 * such key and one that cannot be read; contains nothing of the content.
 */
export const readKeyFile = secretLine('key', LONGEST_KEY, (key) =>
  key.length > LONGEST_KEY ? `more than ${LONGEST_KEY} octets` : undefined,
)(`a key of 1 to ${LONGEST_KEY} octets on one line`);

/** The bearer token (RFC 6750 §2.1) that a file has on its one line; refuses as readKeyFile does. */
export const readTokenFile = secretLine('token', TOKEN.longest, (token) => {
  if (token.length > TOKEN.longest) return `more than ${TOKEN.longest} characters`;
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token.toString('latin1'))) return 'characters that no bearer token has';
  return token.length < TOKEN.shortest ? `a token of ${token.length} characters` : undefined;
})(
  `a token of ${TOKEN.shortest} to ${TOKEN.longest} of A-Z a-z 0-9 - . _ ~ + / on one line (openssl rand -hex 32 makes one)`,
);

function secretLine(what: string, longest: number, faultOf: (secret: Buffer) => string | undefined) {
  return (allowed: string) =>
    (path: string, refuse: Refuse): Secret | undefined =>
      // Room to distinguish a secret with its line feed from one that is too long
      readSettingFile(path, { what, room: longest + 3, isSecret: true }, refuse, (content) => {
        const secret = content.subarray(0, content.length - lineEnd(content));
        const fault = lineFault(secret, what) ?? faultOf(secret);
        return fault === undefined ? new Secret(secret, path) : new ContentFault(fault, allowed);
      });
}

/**
 * Returns what `make` makes of a file's content, which is forgotten then. Refuses a file that cannot be read, that others may
 * read where it is a secret, and one that `make` finds a fault in.
 */
export function readSettingFile<Value>(
  path: string,
  { what, room, isSecret }: FileKind,
  refuse: Refuse,
  make: (content: Buffer) => Value | ContentFault,
): Value | undefined {
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
        ? `a file with the ${what}`
        : `a file that the user of evpnd may read (chown evpnd: ${path}; chmod 600 ${path})`,
    );
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return refused(', which is no file', `a file with the ${what}`);
    const mode = stat.mode & 0o7777;
    if (isSecret && (mode & NOT_THE_OWNERS) !== 0)
      return refused(
        ` with mode ${mode.toString(8).padStart(4, '0')}`,
        `a file that its owner alone may read or change (chmod 600 ${path})`,
      );
    const octets = Buffer.alloc(room);
    const made = make(octets.subarray(0, readSync(fd, octets, 0, room, 0)));
    octets.fill(0);
    return made instanceof ContentFault ? refused(`, which has ${made.fault}`, made.allowed) : made;
  } finally {
    closeSync(fd);
  }
}

/** Returns how many octets of a line feed, or of a carriage return and a line feed, there are at the end. */
function lineEnd(content: Buffer): number {
  if (content.at(-1) !== 0x0a) return 0;
  return content.at(-2) === 0x0d ? 2 : 1;
}

function lineFault(line: Buffer, what: string): string | undefined {
  if (line.length === 0) return `no ${what}`;
  if (line.includes(0x0a)) return 'more than one line';
  if (line.includes(0)) return 'a zero octet';
  return undefined;
}
