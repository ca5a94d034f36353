import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * A file of this folder that the compiler does not copy (a script in another language): from build/lab/ it is looked
 * up in the repository's lab/.
 */
export function sourceFile(name: string): string {
  for (const folder of [here, join(here, '..', '..', 'lab')]) {
    const file = join(folder, name);
    if (existsSync(file)) return file;
  }
  throw new Error(`no ${name} in ${here} or in the repository's lab/`);
}
