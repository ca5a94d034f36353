/** evpnd and evpnctl with all packages that they run by, as few files that node runs where they are put (`lib/evpnd.js`). */
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

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

/** The programs: the bundle's file, and where the compiler puts it. */
const PROGRAMS = { evpnd: 'src/main.js', evpnctl: 'src/cli/main.js' } as const;

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

/** linux/binfmts.h: what is longer of a program's first line is cut off. */
const LONGEST_FIRST_LINE = 255;

/** What packages in CommonJS expect to be there; each file has a scope of its own. */
const BANNER = `import { createRequire as evpndRequire } from 'node:module';
import { fileURLToPath as evpndPath } from 'node:url';
const require = evpndRequire(import.meta.url);
const evpndPackages = evpndPath(new URL('../node_modules/', import.meta.url));`;

/** Writes the bundle. Resolves with the folders of the packages that are in it. Rejects where one reads files that nobody copies. */
export async function bundle(options: BundleOptions): Promise<string[]> {
  const { checkout, folder } = options;
  const modules = join(checkout, 'node_modules');
  const readers = new Set<string>();
  const { metafile } = await build({
    entryPoints: Object.fromEntries(
      Object.entries(PROGRAMS).map(([name, file]) => [name, join(options.build, file)]),
    ),
    absWorkingDir: checkout,
    outdir: join(folder, 'lib'),
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // A start loads only what it needs
    splitting: true,
    // Wanted where it happens to be: by our tools alone
    external: ['supports-color'],
    chunkNames: '[name]-[hash]',
    banner: { js: BANNER },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [placesOfPackages(modules, readers)],
  });
  for (const name of readers)
    for (const file of filesOf(name, options.arch))
      cpSync(join(modules, name, file), join(folder, 'node_modules', name, file), { recursive: true });
  for (const name of Object.keys(PROGRAMS)) makeProgram(join(folder, 'lib', `${name}.js`), options.node);
  const { name, version, license } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'module' }, null, 2)}\n`,
  );
  const addon = join(folder, `native/prebuilds/linux-${options.arch}/evpnd.napi.node`);
  mkdirSync(dirname(addon), { recursive: true });
  cpSync(options.addon, addon);
  return packagesOf(Object.keys(metafile.inputs).map((path) => join(checkout, path)));
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

function makeProgram(file: string, node: string): void {
  const text = readFileSync(file, 'utf8');
  const options = /^#!\/usr\/bin\/env (?:-S )?node(.*)\n/.exec(text);
  if (!options) throw new Error(`${file}: the first line does not name node`);
  // The kernel passes all that follows a program as one word, which env splits
  const first = options[1] === '' ? `#!${node}` : `#!/usr/bin/env -S ${node}${options[1]}`;
  if (first.length > LONGEST_FIRST_LINE)
    throw new Error(`${file}: its first line is too long for the kernel`);
  writeFileSync(file, `${first}\n${text.slice(options[0].length)}`);
  chmodSync(file, 0o755);
}

function packagesOf(files: readonly string[]): string[] {
  const folders = files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  return [...new Set(folders)].sort();
}
