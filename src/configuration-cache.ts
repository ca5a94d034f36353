import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Config, type ConfigFile, interpret } from './config/index.js';

const FILE = 'last-good.parsed';
const DIGEST_LENGTH = 32;
/** The code that makes a file's content of its text. */
const READER = new URL('./config/', import.meta.url);

/** What a configuration file says, as text and content, and what that means. */
export interface ReadConfig {
  readonly text: string;
  readonly file: ConfigFile;
  readonly config: Config;
}

/**
 * What this build made of this very text before, out of the state directory; undefined where that is not to be had. To
 * parse and validate a text takes longer than all the rest of a start, in which nobody sends to this leaf where its
 * neighbors do no graceful restart.
 */
export function recallConfig(stateDirectory: string, text: string): ReadConfig | undefined {
  try {
    const content = readOwn(join(stateDirectory, FILE));
    const json = content.subarray(DIGEST_LENGTH);
    if (!content.subarray(0, DIGEST_LENGTH).equals(digestOf(text, json))) return undefined;
    const file = JSON.parse(json.toString()) as ConfigFile;
    const config = interpret(file, (_, { found }) => {
      throw new Error(`found ${found}`);
    });
    return { text, file, config };
  } catch {
    return undefined;
  }
}

/** Keeps what was read for `recallConfig`. Throws where it cannot; the directory must be there. */
export function rememberConfig(stateDirectory: string, { text, file }: ReadConfig): void {
  const path = join(stateDirectory, FILE);
  const json = Buffer.from(JSON.stringify(file));
  writeFileSync(`${path}.new`, Buffer.concat([digestOf(text, json), json]), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Reads a file that nobody but our own user can have written. */
function readOwn(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.uid !== process.geteuid?.() || (stat.mode & 0o022) !== 0)
      throw new Error(`${path} may be another user's work`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Of the text, what was made of it, and the code that made it: after an upgrade the text is parsed anew. */
function digestOf(text: string, json: Buffer): Buffer {
  const hash = createHash('sha256');
  for (const name of readdirSync(READER).sort())
    if (name.endsWith('.js')) hash.update(readFileSync(new URL(name, READER)));
  return hash.update(json).update(text).digest();
}
