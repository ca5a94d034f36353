/**
 * Loaded into a daemon before its own code (`node --import`): on SIGUSR2 it collects all garbage and writes how many octets
 * are held to the file that `HEAP_FILE` names. The daemon's own options to node stay as its users have them.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a finalizer lets go is garbage for the next collection, which needs finalizers of its own to have run. */
const COLLECTIONS = 4;
const BETWEEN = 100;

const file = process.env.HEAP_FILE;
if (file !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  process.on('SIGUSR2', async () => {
    for (let n = 0; n < COLLECTIONS; n++) {
      collect();
      await delay(BETWEEN);
    }
    // The buffers are in `external`
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(`${file}.new`, String(heapUsed + external));
    renameSync(`${file}.new`, file);
  });
}
