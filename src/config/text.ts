import { readFileSync } from 'node:fs';
import { ConfigError } from './finding.js';

/** Reads a file for parseConfig(). Throws ConfigError where it cannot be read. */
export function readConfigText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fault = {
      file: path,
      line: 0,
      column: 0,
      path: '',
      found: `an unreadable file (${message})`,
      allowed: 'a file that the user of evpnd may read',
      didYouMean: undefined,
    };
    throw new ConfigError([fault], code === 'ENOENT');
  }
}
