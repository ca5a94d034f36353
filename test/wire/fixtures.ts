import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpdateContext } from '../../src/wire/index.js';

const FOLDER = 'proto-fixtures';

/** One recorded message. */
export interface Fixture {
  readonly name: string;
  readonly source: string;
  readonly kind: string;
  readonly hex: string;
  readonly context: UpdateContext;
  readonly expected: Record<string, unknown>;
}

/** Every fixture of every implementation. */
export const FIXTURES: readonly Fixture[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: implementation }) =>
    readdirSync(join(FOLDER, implementation))
      .filter((file) => file.endsWith('.json'))
      .map((file) => ({
        ...JSON.parse(readFileSync(join(FOLDER, implementation, file), 'utf8')),
        name: `${implementation}/${file.replace(/\.json$/, '')}`,
      })),
  );
