import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAddon } from './cross.js';
import { makeDeb, PROCESSORS } from './deb.js';
import { makeDebImage } from './deb-image.js';
import { run } from './process.js';

/** How hard zstd tries: a second for the least. */
const THOROUGH = 12;

/** What the commands of packaging take: where to, and for which processor. */
export const OPTIONS = {
  output: { type: 'string', default: '.' },
  arch: { type: 'string', default: process.arch },
} as const;

/**
 * Makes the package of this checkout in a folder, for this machine's processor or for that which `arch` names, as `process.arch` does.
 * Resolves with its path.
 */
export async function makeDebHere(
  output: string,
  compression = THOROUGH,
  arch: string = process.arch,
): Promise<string> {
  const processor = PROCESSORS[arch];
  if (!processor)
    throw new Error(`packages are made for ${Object.keys(PROCESSORS).join(' and ')}; found ${arch}`);
  const checkout = process.cwd();
  const isCross = arch !== process.arch;
  const nodes = join(checkout, 'packaging/node', isCross ? `cross-${arch}` : '');
  const runtime = join(nodes, `node_modules/node-linux-${processor.npm}`);
  if (!existsSync(runtime))
    throw new Error(`no Node to package: bash scripts/setup.sh --package${isCross ? ` ${arch}` : ''}`);
  const scratch = mkdtempSync(join(tmpdir(), 'evpnd-addon-'));
  try {
    const addon = isCross ? join(scratch, 'socket.node') : join(checkout, 'native/build/Release/socket.node');
    if (isCross) await buildAddon(checkout, processor, runtime, addon);
    return await makeDeb({
      checkout,
      build: fileURLToPath(new URL('..', import.meta.url)),
      processor,
      addon,
      runtime,
      output,
      compression,
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Where the image's base is kept from one time to the next, outside the repository. */
const BASE = '/var/cache/evpnd-lab/image-base';
/** How hard gzip tries. */
const USUAL = 6;

/**
 * Makes the OCI image of this checkout for this machine in a folder, or for another processor; of the package `deb` where there is one already. Resolves with the image's folder and its digest.
 * Needs root the first time, for the base.
 */
export async function makeImageHere(
  output: string,
  {
    arch = process.arch,
    compression = USUAL,
    deb,
  }: { arch?: string; compression?: number; deb?: string } = {},
): Promise<{ folder: string; digest: string }> {
  const scratch = mkdtempSync(join(tmpdir(), 'evpnd-image-deb-'));
  try {
    const made = deb ?? (await makeDebHere(scratch, 1, arch));
    const base = arch === process.arch ? BASE : `${BASE}-${arch}`;
    await run('bash', [join(process.cwd(), 'packaging/image-base.sh'), base, PROCESSORS[arch]?.debian ?? '']);
    return await makeDebImage({ deb: made, base: join(base, 'root'), output, compression });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
