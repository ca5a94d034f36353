/**
 * Where evpnd's own files are and which version they are: in a checkout, a package of npm and one of Debian alike. The folder
 * that holds package.json is its root: native/ and node_modules/ are in it, and the code, compiled file by file or bundled,
 * in a folder below.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the code: of this file, which a bundle has in one of its own. */
const CODE = dirname(fileURLToPath(import.meta.url));

/** The root. */
const ROOT = rootOf(CODE);

function rootOf(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (folder === dirname(folder)) throw new Error(`there is no package.json in a folder above ${CODE}`);
  return rootOf(dirname(folder));
}

/** evpnd's version. */
export function installedVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The folder of the native addon, built (build/Release/) or brought along (prebuilds/). */
export const ADDON = join(ROOT, 'native');

/** What of the code parses configuration files: its room, what stands above the rooms, and every file of a bundle. */
const PARSES = /^(config\/)?[^/]+\.js$/;

/** Returns the paths of the code that parses configuration files, in an order that is always the same. */
export function parserFiles(): string[] {
  const names = readdirSync(CODE, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => PARSES.test(name))
    .sort()
    .map((name) => join(CODE, name));
}
