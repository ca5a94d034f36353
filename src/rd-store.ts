import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RdAllocator } from './evpn/index.js';
import { isVni, type Log, type Vni } from './types/index.js';

const FILE = 'route-distinguishers.json';

/**
 * Reads the route distinguisher numbers that were assigned before from the state directory, and keeps the file up to date.
 * If the file cannot be read or written, RDs may change at a restart, which is only a warning.
 */
export function openRdAllocator(stateDirectory: string, log: Log): RdAllocator {
  const path = join(stateDirectory, FILE);
  const allocator = new RdAllocator(read(path, log));
  allocator.onDisplaced = () => write(stateDirectory, path, [...allocator.displaced()], log);
  return allocator;
}

function read(path: string, log: Log): (readonly [Vni, number])[] {
  try {
    const entries: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!Array.isArray(entries)) throw new Error('expected an array of [vni, number]');
    return entries.filter(isEntry);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn(
        { path, reason: String(error) },
        'cannot read the route distinguishers given before; starting afresh',
      );
    return [];
  }
}

function isEntry(entry: unknown): entry is [Vni, number] {
  return (
    Array.isArray(entry) &&
    entry.length === 2 &&
    isVni(entry[0]) &&
    Number.isInteger(entry[1]) &&
    entry[1] >= 1 &&
    entry[1] <= 0xffff
  );
}

function write(
  directory: string,
  path: string,
  entries: readonly (readonly [Vni, number])[],
  log: Log,
): void {
  try {
    mkdirSync(directory, { recursive: true });
    // Renamed into place, so that a crash leaves the old file or the new one, never half of one
    writeFileSync(`${path}.new`, `${JSON.stringify(entries)}\n`);
    renameSync(`${path}.new`, path);
  } catch (error) {
    log.warn(
      { path, reason: String(error) },
      'cannot store the route distinguishers: they may change at a restart',
    );
  }
}
