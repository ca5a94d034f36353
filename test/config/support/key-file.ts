import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes a file with the key that its owner alone may read, in a folder of its own; its path. */
export function keyFile(content: string | Uint8Array, mode = 0o600): string {
  const path = join(mkdtempSync(join(tmpdir(), 'evpnd-key-')), 'key');
  writeFileSync(path, content, { mode });
  return path;
}
