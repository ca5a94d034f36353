import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, type ConfigFile, interpret } from './config/index.js';
import { parserFiles } from './installation.js';

const FILE = 'last-good.parsed';
const DIGEST_LENGTH = 32;

/** A configuration file: its text, its content and the configuration. */
export interface ReadConfig {
  readonly text: string;
  readonly file: ConfigFile;
  readonly config: Config;
}

/**
 * Returns the result of parsing this text by this build, from the state directory; undefined if there is none. To
 * parse and validate a text takes longer than the rest of a start, during which no traffic reaches this leaf if its
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

/** Stores what was read for `recallConfig`. Throws if it cannot; the directory must exist. */
export function rememberConfig(stateDirectory: string, { text, file }: ReadConfig): void {
  const path = join(stateDirectory, FILE);
  const json = Buffer.from(JSON.stringify(file));
  writeFileSync(`${path}.new`, Buffer.concat([digestOf(text, json), json]), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Reads a file that only our own user can have written. */
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

/** Hash of the text, of the result, and of the code that parsed it: after an upgrade the text is parsed again. */
function digestOf(text: string, json: Buffer): Buffer {
  return createHash('sha256').update(codeDigest()).update(json).update(text).digest();
}

let digestOfCode: Buffer | undefined;

/** Hash of the code that this process runs, which an upgrade may have replaced since it was first asked for. */
function codeDigest(): Buffer {
  if (!digestOfCode) {
    const hash = createHash('sha256');
    for (const path of parserFiles()) hash.update(readFileSync(path));
    digestOfCode = hash.digest();
  }
  return digestOfCode;
}
