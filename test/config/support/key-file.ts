import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from '../../support/scratch.js';

/** Writes a file with the key that its owner alone may read, in a folder of its own; its path. */
export function keyFile(content: string | Uint8Array, mode = 0o600): string {
  const path = join(scratchFolder('key'), 'key');
  writeFileSync(path, content, { mode });
  return path;
}
