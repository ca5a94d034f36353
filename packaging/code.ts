/** A bundled program's code as V8 loads it, with what an earlier run had compiled of it beside it: `code.js` and `code-HASH.cache`. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';
import { setFlags } from '../src/v8-flags.js';

/** A program's code, not yet run. */
export interface Code {
  readonly file: string;
  /** What was compiled of just these octets. */
  readonly cache: string;
  readonly script: Script;
}

/**
 * Reads the code of a file. What the cache has is not compiled again; V8 itself rejects one (`cachedDataRejected`) that was made by
 * another Node or by other flags, and then compiles as if there were none. Of the code it compares the length alone, and would run what
 * the cache has in place of what an operator or an upgrade has put there: so the name of the cache says what it was made of.
 */
export function loadCode(file: string): Code {
  setFlags();
  const source = readFileSync(file);
  const cache = join(dirname(file), `code-${hashOf(source)}.cache`);
  // Not as UTF-8, which takes 10 ms more: only comments have more than ASCII, which packaging/bundle.ts checks
  const script = new Script(source.toString('latin1'), {
    filename: file,
    cachedData: readCache(cache),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return { file, cache, script };
}

/** Runs the code. */
export function runCode({ file, script }: Code): void {
  const program = script.runInThisContext() as (require: NodeJS.Require, __filename: string) => void;
  program(createRequire(file), file);
}

/** Writes what is compiled by now of the code: what has been called, and nothing else. */
export function writeCache({ cache, script }: Code): void {
  writeFileSync(cache, script.createCachedData());
}

const hashOf = (source: Buffer): string => createHash('sha256').update(source).digest('hex').slice(0, 16);

function readCache(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    // There is none where this Node could not run at the time that the package was made, or where the code was changed since
    return undefined;
  }
}
