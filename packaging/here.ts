import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDeb, PROCESSORS } from './deb.js';

/** How hard zstd tries: a second for the least. */
const THOROUGH = 12;

/** Makes the package of this checkout for this machine in a folder. Resolves with its path. */
export async function makeDebHere(output: string, compression = THOROUGH): Promise<string> {
  const processor = PROCESSORS[process.arch];
  if (!processor)
    throw new Error(
      `packages are made for ${Object.keys(PROCESSORS).join(' and ')}; this is ${process.arch}`,
    );
  const checkout = process.cwd();
  const runtime = join(checkout, `packaging/node/node_modules/node-linux-${processor.npm}`);
  if (!existsSync(runtime)) throw new Error('no Node to package: npm ci --prefix packaging/node');
  return await makeDeb({
    checkout,
    build: fileURLToPath(new URL('..', import.meta.url)),
    processor,
    addon: join(checkout, 'native/build/Release/socket.node'),
    runtime,
    output,
    compression,
  });
}
