import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { UpdateContext } from '../../src/wire/index.js';
import { describeMessage } from './describe.js';

/** Writes one recorded message, or several of a short sequence, with what they decode to. */
export type FixtureWriter = (
  name: string,
  source: string,
  hex: string,
  context: UpdateContext,
) => Promise<void>;

const KINDS = ['', 'OPEN', 'UPDATE', 'NOTIFICATION', 'KEEPALIVE', 'ROUTE-REFRESH'];

/** A writer into `folder`, which says what it writes. */
export function fixtureWriter(folder: string): FixtureWriter {
  return async (name, source, hex, context) => {
    const file = join(folder, `${name}.json`);
    mkdirSync(dirname(file), { recursive: true });
    const kind = KINDS[Number.parseInt(hex.slice(36, 38), 16)];
    const expected = describeMessage(Buffer.from(hex, 'hex'), context);
    writeFileSync(file, `${JSON.stringify({ source, kind, hex, context, expected }, undefined, 2)}\n`);
    process.stdout.write(`${name}\n`);
  };
}
