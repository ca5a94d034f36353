import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDeb, PROCESSORS } from './deb.js';
import { makeDebImage } from './deb-image.js';
import { run } from './process.js';

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

/** Where the image's base is kept from one time to the next, outside the repository. */
const BASE = '/var/cache/evpnd-lab/image-base';
/** How hard gzip tries. */
const USUAL = 6;

/**
 * Makes the OCI image of this checkout for this machine in a folder, with a package of its own where no `deb` is given. Resolves with the
 * image's folder and its digest. Needs root the first time, for the base.
 */
export async function makeImageHere(
  output: string,
  { deb, compression = USUAL }: { deb?: string; compression?: number } = {},
): Promise<{ folder: string; digest: string }> {
  const scratch = mkdtempSync(join(tmpdir(), 'evpnd-image-deb-'));
  try {
    await run('bash', [join(process.cwd(), 'packaging/image-base.sh'), BASE]);
    const made = deb ?? (await makeDebHere(scratch, 1));
    return await makeDebImage({ deb: made, base: join(BASE, 'root'), output, compression });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
