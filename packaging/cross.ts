/** The addon for another processor, built by a compiler for that. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Processor } from './deb.js';
import { run } from './process.js';

/** A target of native/binding.gyp, as far as it has it. */
interface Target {
  readonly sources: readonly string[];
  readonly cflags: readonly string[];
  readonly ldflags: readonly string[];
  readonly defines: readonly string[];
}

/** Builds the addon of a checkout for a processor into a file, with the headers of an unpacked npm package of node. */
export async function buildAddon(
  checkout: string,
  { tools }: Processor,
  runtime: string,
  file: string,
): Promise<void> {
  const gyp = JSON.parse(readFileSync(join(checkout, 'native/binding.gyp'), 'utf8')) as { targets: Target[] };
  const [{ sources, cflags, ldflags, defines }] = gyp.targets;
  mkdirSync(dirname(file), { recursive: true });
  await run(`${tools}gcc`, [
    ...[
      '-shared',
      '-fPIC',
      ...cflags,
      ...defines.map((each) => `-D${each}`),
      `-I${join(runtime, 'include/node')}`,
    ],
    ...['-o', file],
    ...sources.map((each) => join(checkout, 'native', each)),
    ...ldflags,
  ]);
}
