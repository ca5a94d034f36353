/** evpnd as the Debian package has it: one file, what was compiled of it ahead, and the package's own Node. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evpndMain, onExit } from '../lab/index.js';
import { bundle } from '../packaging/bundle.js';
import { compileAhead } from '../packaging/compile-ahead.js';

const checkout = process.cwd();
const NODE = join(checkout, `packaging/node/node_modules/node-linux-${process.arch}/bin/node`);

/** The program, and the node that runs it. */
export interface Packaged {
  readonly main: string;
  readonly node: string;
}

let made: Packaged | undefined;

/** Why it cannot be measured here; undefined where it can. */
export function whyNotPackaged(): string | undefined {
  return existsSync(NODE) ? undefined : 'no Node to package: bash scripts/setup.sh --package';
}

/** Makes it of this build once, in a folder that goes with this process. */
export async function preparePackaged(): Promise<void> {
  if (made) return;
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-packaged-'));
  onExit(() => rmSync(folder, { recursive: true, force: true }));
  await bundle({
    checkout,
    build: join(evpndMain, '../..'),
    folder,
    node: 'node',
    arch: process.arch,
    addon: join(checkout, 'native/build/Release/socket.node'),
  });
  await compileAhead(folder, NODE);
  made = { main: join(folder, 'lib/evpnd.js'), node: NODE };
}

/** @throws Error where it has not been made. */
export function packaged(): Packaged {
  if (!made) throw new Error('evpnd has not been packaged');
  return made;
}
