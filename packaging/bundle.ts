/** evpnd and evpnctl with all packages that they run by, as few files that node runs where they are put: `lib/evpnd.js`, which begins `lib/evpnd/code.js`. */
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';
import { ConfigSchema } from '../src/config/schema.js';
import { SHAPE_OPTIONS } from '../src/config/shape.js';

/** What is bundled, for whom, and where it goes. */
export interface BundleOptions {
  /** The checkout, with node_modules and the built addon. */
  readonly checkout: string;
  /** The compiler's output. */
  readonly build: string;
  /** Gets the bundle: package.json, lib/, native/, node_modules/. */
  readonly folder: string;
  /** The node that the programs' first lines name, as an absolute path. */
  readonly node: string;
  /** The processor, as `process.arch` names it. */
  readonly arch: string;
  /** The addon, built for it. */
  readonly addon: string;
}

/** The programs, and where the compiler puts each. */
const PROGRAMS = { evpnd: 'src/main.js', evpnctl: 'src/cli/main.js' } as const;

/** The code of a program of a bundle in a folder. */
export const codeOf = (folder: string, name: keyof typeof PROGRAMS): string =>
  join(folder, 'lib', name, 'code.js');

/** What packages read at run time beside their code, in their folders; `ARCH` is the processor. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  '@fastify/swagger': ['package.json'],
  '@fastify/swagger-ui': ['package.json', 'static'],
  netlink: ['package.json', 'prebuilds/linux-ARCH'],
  // For transports of logs and themes of colors, which evpnd has none of
  '@colors/colors': [],
  pino: [],
  'thread-stream': [],
};

const TARGET = 'node20.19';

/** linux/binfmts.h: what is longer of a program's first line is cut off. */
const LONGEST_FIRST_LINE = 255;

/** Of ES modules that become CommonJS. */
const OWN_FILE = { 'import.meta.url': 'evpndUrl', 'import.meta.filename': '__filename' };

/** The code is a function, which packaging/code.ts calls, so that V8 keeps what it compiled of all of it. */
const BEFORE = `(function (require, __filename) {
'use strict';
const evpndUrl = require('node:url').pathToFileURL(__filename).href;
const evpndPackages = require('node:path').join(__filename, '../../../node_modules/');`;
const AFTER = '})';

/** Writes the bundle. Resolves with the folders of the packages that are in it. Rejects where one reads files that nobody copies. */
export async function bundle(options: BundleOptions): Promise<string[]> {
  const { checkout, folder } = options;
  const modules = join(checkout, 'node_modules');
  const readers = new Set<string>();
  // CommonJS: what node has built in is loaded as it is asked for, while an ES module has all of `node:http` and `node:fs` come, with
  // what hangs on them (a WebSocket, streams)
  const usual = {
    absWorkingDir: checkout,
    bundle: true,
    platform: 'node',
    target: TARGET,
    format: 'cjs',
    define: OWN_FILE,
    legalComments: 'none',
    logLevel: 'warning',
  } satisfies BuildOptions;
  const { metafile } = await build({
    ...usual,
    entryPoints: Object.fromEntries(
      Object.entries(PROGRAMS).map(([name, file]) => [join(name, 'code'), join(options.build, file)]),
    ),
    outdir: join(folder, 'lib'),
    // Wanted where it happens to be: by our tools alone
    external: ['supports-color'],
    banner: { js: BEFORE },
    footer: { js: AFTER },
    metafile: true,
    plugins: [placesOfPackages(modules, readers), shapeChecked(checkout)],
  });
  for (const name of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[])
    await mustBeAscii(readFileSync(codeOf(folder, name), 'utf8'), codeOf(folder, name));
  for (const name of readers)
    for (const file of filesOf(name, options.arch))
      cpSync(join(modules, name, file), join(folder, 'node_modules', name, file), { recursive: true });
  for (const [name, file] of Object.entries(PROGRAMS)) {
    const program = join(folder, 'lib', `${name}.js`);
    await build({
      ...usual,
      entryPoints: [join(options.build, 'packaging/launcher.js')],
      outfile: program,
      banner: { js: firstLine(join(options.build, file), options.node) },
    });
    chmodSync(program, 0o755);
  }
  const { name, version, license } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ name, version, license }, null, 2)}\n`);
  const addon = join(folder, `native/prebuilds/linux-${options.arch}/evpnd.napi.node`);
  mkdirSync(dirname(addon), { recursive: true });
  cpSync(options.addon, addon);
  return packagesOf(Object.keys(metafile.inputs).map((path) => join(checkout, path)));
}

/**
 * Rejects where code has more than ASCII outside of comments, as packaging/code.ts would read other characters there: esbuild escapes
 * them in strings and names, but not in regular expressions and tagged templates.
 */
export async function mustBeAscii(source: string, file: string): Promise<void> {
  const { code } = await transform(source, {
    minifyWhitespace: true,
    legalComments: 'none',
    target: TARGET,
    sourcefile: file,
  });
  const found = /.{0,40}[^\0-\x7f]/.exec(code);
  if (found) throw new Error(`${file} is not ASCII, write \\u escapes: ${found[0]}`);
}

/** In a bundle a package finds its own files where they would be had it not been bundled: `__dirname` is there. */
function placesOfPackages(modules: string, readers: Set<string>): Plugin {
  return {
    name: 'places of packages',
    setup({ onLoad }) {
      onLoad({ filter: /\/node_modules\/.*\.js$/ }, ({ path }) => {
        const contents = readFileSync(path, 'utf8');
        if (!/^(?!\s*\*).*\b__dirname\b/m.test(contents)) return undefined;
        const place = relative(modules, dirname(path));
        readers.add(nameIn(place));
        return {
          contents: `const __dirname = evpndPackages + ${JSON.stringify(place)};${contents}`,
          loader: 'js',
        };
      });
    },
  };
}

/** The check of a configuration's shape as ajv makes it of the schema, which takes 70 ms at each start that reads the file. */
function shapeChecked(checkout: string): Plugin {
  return {
    name: 'check of the shape',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/config\/shape\.js$/ }, () => {
        const ajv = new Ajv({ ...SHAPE_OPTIONS, code: { ...SHAPE_OPTIONS.code, source: true, esm: true } });
        const code = standalone.default(ajv, ajv.compile(ConfigSchema));
        return { contents: `${code}\nexport const check = validate;`, resolveDir: checkout, loader: 'js' };
      });
    },
  };
}

function filesOf(name: string, arch: string): readonly string[] {
  const files = FILES[name];
  if (!files) throw new Error(`${name} reads files at run time: say in packaging/bundle.ts which of them`);
  return files.map((file) => file.replace('ARCH', arch));
}

/** The name of the package whose file, or folder, is there below node_modules. */
function nameIn(place: string): string {
  const [first, second] = place.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** The first line of a program, with the options to node that its source gives. */
function firstLine(source: string, node: string): string {
  const options = /^#!\/usr\/bin\/env (?:-S )?node(.*)\n/.exec(readFileSync(source, 'utf8'));
  if (!options) throw new Error(`${source}: the first line does not name node`);
  // The kernel passes all that follows a program as one word, which env splits
  const first = options[1] === '' ? `#!${node}` : `#!/usr/bin/env -S ${node}${options[1]}`;
  if (first.length > LONGEST_FIRST_LINE)
    throw new Error(`${source}: its first line is too long for the kernel`);
  return first;
}

function packagesOf(files: readonly string[]): string[] {
  const folders = files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  return [...new Set(folders)].sort();
}
