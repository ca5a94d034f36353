/** A bundled program's code as V8 loads it, with what an earlier run had compiled of it beside it: `code.js` and `code.cache`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';
import { setFlags } from '../src/v8-flags.js';

const cacheOf = (file: string): string => join(dirname(file), 'code.cache');

/**
 * Returns the code of a file, not yet run. What the cache has is not compiled again; V8 itself rejects one (`cachedDataRejected`) that
 * was made by another Node, by other flags or of other code, and then compiles as if there were none.
 */
export function loadCode(file: string): Script {
  setFlags();
  return new Script(readFileSync(file, 'latin1'), {
    filename: file,
    cachedData: readCache(cacheOf(file)),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Runs the code of a file. */
export function runCode(code: Script, file: string): void {
  const program = code.runInThisContext() as (require: NodeJS.Require, __filename: string) => void;
  program(createRequire(file), file);
}

/** Writes what is compiled by now of a file's code: what has been called, and nothing else. */
export function writeCache(code: Script, file: string): void {
  writeFileSync(cacheOf(file), code.createCachedData());
}

function readCache(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    // There is none where this Node could not run at the time that the package was made
    return undefined;
  }
}
