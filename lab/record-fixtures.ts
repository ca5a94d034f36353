/**
 * Records BGP messages of other implementations into proto-fixtures/. Run as `node build/lab/record-fixtures.js`, with
 * the names of implementations to record only these. Needs root, FRR, GoBGP and ExaBGP; lays network namespaces and
 * clears them.
 */

import { recordExabgp } from './recording/exabgp.js';
import { type FixtureWriter, fixtureWriter } from './recording/fixture.js';
import { recordFrr } from './recording/frr.js';
import { recordGobgp } from './recording/gobgp.js';
import { type Ground, layGround } from './recording/ground.js';

const RECORDERS: Record<string, (ground: Ground, write: FixtureWriter) => Promise<void>> = {
  frr: recordFrr,
  gobgp: recordGobgp,
  exabgp: recordExabgp,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(RECORDERS);
for (const name of names) {
  const record = RECORDERS[name];
  if (record === undefined)
    throw new Error(`implementation ${name}: expected ${Object.keys(RECORDERS).join(', ')}`);
  const ground = await layGround();
  try {
    await record(ground, fixtureWriter('proto-fixtures'));
  } finally {
    ground.namespaces.remove();
  }
}
