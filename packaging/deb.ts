/** The Debian package: what is installed where, and what dpkg is told of it. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  type Dirent,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { COMPLETION_SCRIPTS } from '../src/cli/completion.js';
import { bundle } from './bundle.js';
import { compileAhead } from './compile-ahead.js';
import { copyrightText } from './licences.js';
import { manualPages } from './manual-pages.js';
import { output, run } from './process.js';

/** A processor, as Debian and as npm name it, and what builds for it here. */
export interface Processor {
  readonly debian: string;
  readonly npm: string;
  /** The prefix of its compiler and binutils. */
  readonly tools: string;
  /** Where its libraries are on a machine with another processor. */
  readonly libraries: string;
}

export const PROCESSORS: Readonly<Record<string, Processor>> = {
  x64: { debian: 'amd64', npm: 'x64', tools: 'x86_64-linux-gnu-', libraries: '/usr/x86_64-linux-gnu/lib' },
  arm64: {
    debian: 'arm64',
    npm: 'arm64',
    tools: 'aarch64-linux-gnu-',
    libraries: '/usr/aarch64-linux-gnu/lib',
  },
};

export interface DebOptions {
  readonly checkout: string;
  /** The compiler's output. */
  readonly build: string;
  readonly processor: Processor;
  /** The built addon. */
  readonly addon: string;
  /** The unpacked npm package of node. */
  readonly runtime: string;
  /** Gets the package. */
  readonly output: string;
  /** zstd's level, from 1 to 22. */
  readonly compression: number;
}

const HOME = 'usr/lib/evpnd';
const DOCUMENTATION = 'usr/share/doc/evpnd';

/** Files of the checkout, or folders with all that is in them, and where they are installed. */
const COPIED: readonly (readonly [from: string, to: string])[] = [
  ['systemd/evpnd.service', 'usr/lib/systemd/system/evpnd.service'],
  ['systemd/sysusers.conf', 'usr/lib/sysusers.d/evpnd.conf'],
  ['systemd/tmpfiles.conf', 'usr/lib/tmpfiles.d/evpnd.conf'],
  ['packaging/deb/evpnd.yaml', 'etc/evpnd/evpnd.yaml'],
  ['monitoring', 'usr/share/evpnd'],
  ['docs', `${DOCUMENTATION}/docs`],
  ['README.md', `${DOCUMENTATION}/README.md`],
  ['CHANGELOG.md', `${DOCUMENTATION}/CHANGELOG.md`],
];

const LINKS: readonly (readonly [to: string, link: string])[] = [
  ['../lib/evpnd/lib/evpnd.js', 'usr/bin/evpnd'],
  ['../lib/evpnd/lib/evpnctl.js', 'usr/bin/evpnctl'],
  // Where the manual's links lead
  ['../../evpnd', `${DOCUMENTATION}/monitoring`],
];

const COMPLETIONS: Readonly<Record<keyof typeof COMPLETION_SCRIPTS, string>> = {
  bash: 'usr/share/bash-completion/completions/evpnctl',
  zsh: 'usr/share/zsh/vendor-completions/_evpnctl',
  fish: 'usr/share/fish/vendor_completions.d/evpnctl.fish',
};

/** Those that may be executed; all others are read. */
const PROGRAMS = [`${HOME}/node`, `${HOME}/lib/evpnd.js`, `${HOME}/lib/evpnctl.js`];
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
const CONFIGURATION = '/etc/evpnd/evpnd.yaml';

/** Makes the package in the folder `output`. Resolves with its path. */
export async function makeDeb(options: DebOptions): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), 'evpnd-deb-'));
  try {
    return await makeIn(scratch, options);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function makeIn(scratch: string, options: DebOptions): Promise<string> {
  const { checkout, processor, runtime } = options;
  const version = debianVersion(JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')).version);
  const tree = join(scratch, 'tree');
  const put = (path: string, content: string | Buffer): void => {
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  const home = join(tree, HOME);
  const packages = await bundle({
    ...options,
    folder: home,
    node: `/${HOME}/node`,
    arch: processor.npm,
  });
  cpSync(join(runtime, 'bin/node'), join(home, 'node'));
  const binaries = [join(home, 'node'), ...filesOf(home).filter((file) => file.endsWith('.node'))];
  // A fifth of node is symbols that no stack trace of JavaScript needs
  for (const binary of binaries) await run(`${processor.tools}strip`, ['--strip-unneeded', binary]);
  // What was made for another processor does not run here: each start compiles then
  if (processor.npm === process.arch) await compileAhead(home, join(home, 'node'));
  for (const [from, to] of COPIED) cpSync(join(checkout, from), join(tree, to), { recursive: true });
  for (const { name, section, text } of manualPages(version, `/${DOCUMENTATION}/docs`))
    put(`usr/share/man/man${section}/${name}.${section}.gz`, gzipSync(text, { level: 9 }));
  for (const [shell, script] of Object.entries(COMPLETION_SCRIPTS))
    put(COMPLETIONS[shell as keyof typeof COMPLETION_SCRIPTS], script);
  const { version: node } = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8'));
  const licence = readFileSync(join(runtime, 'LICENSE'), 'utf8');
  put(`${DOCUMENTATION}/copyright`, copyrightText(packages, { version: node, licence }));
  for (const [to, link] of LINKS) {
    mkdirSync(dirname(join(tree, link)), { recursive: true });
    symlinkSync(to, join(tree, link));
  }
  setModes(tree);

  const files = filesOf(tree);
  const kibibytes = files.reduce((sum, file) => sum + Math.ceil(lstatSync(file).size / 1024), 0);
  const depends = await libraries(scratch, binaries, processor);
  put('DEBIAN/control', control({ version, architecture: processor.debian, kibibytes, depends }));
  put('DEBIAN/conffiles', `${CONFIGURATION}\n`);
  put(
    'DEBIAN/md5sums',
    files
      .filter((file) => file !== join(tree, CONFIGURATION))
      .map(sumLine(tree))
      .join(''),
  );
  for (const script of SCRIPTS) {
    cpSync(join(checkout, 'packaging/deb', script), join(tree, 'DEBIAN', script));
    chmodSync(join(tree, 'DEBIAN', script), 0o755);
  }
  const file = join(options.output, `evpnd_${version}_${processor.debian}.deb`);
  // zstd: xz takes a minute and a half for node, and an installation three times as long
  await run('dpkg-deb', ['--build', '--root-owner-group', '-Zzstd', `-z${options.compression}`, tree, file]);
  return file;
}

/** A version of npm as Debian orders it: a pre-release before its release. */
export function debianVersion(version: string): string {
  return version.replace('-', '~');
}

/** All files below a folder, symbolic links not among them. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(pathOf)
    .sort();
}

const pathOf = (entry: Dirent): string => join(entry.parentPath, entry.name);

function setModes(tree: string): void {
  const programs = new Set(PROGRAMS.map((path) => join(tree, path)));
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = pathOf(entry);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, programs.has(path) ? 0o755 : 0o644);
  }
  // Keys may be in it; its group, which is not there yet, comes from tmpfiles.d
  chmodSync(join(tree, dirname(CONFIGURATION)), 0o750);
}

const sumLine =
  (tree: string) =>
  (file: string): string =>
    `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(tree, file)}\n`;

/** What the binaries are linked with, as `Depends` has it. */
async function libraries(
  scratch: string,
  binaries: readonly string[],
  { debian, npm, libraries: place }: Processor,
): Promise<string> {
  const folder = join(scratch, 'shlibdeps');
  mkdirSync(join(folder, 'debian'), { recursive: true });
  writeFileSync(join(folder, 'debian/control'), `Source: evpnd\n\nPackage: evpnd\nArchitecture: ${debian}\n`);
  const found = await output(
    'dpkg-shlibdeps',
    ['-O', ...(npm === process.arch ? [] : [`-l${place}`]), ...binaries.map((path) => `-e${path}`)],
    { cwd: folder },
  );
  // Packages for cross-building are called after those that they stand for
  const depends = /^shlibs:Depends=(.+)$/m
    .exec(found)?.[1]
    .replaceAll(new RegExp(`(:|-)${debian}(-cross)?\\b`, 'g'), '');
  if (depends === undefined) throw new Error(`dpkg-shlibdeps found no libraries: ${found}`);
  return depends;
}

interface Facts {
  readonly version: string;
  readonly architecture: string;
  readonly kibibytes: number;
  readonly depends: string;
}

const control = ({ version, architecture, kibibytes, depends }: Facts): string => `Package: evpnd
Version: ${version}
Architecture: ${architecture}
Maintainer: The evpnd maintainers <evpnd@localhost>
Installed-Size: ${kibibytes}
Depends: ${depends}, passwd, systemd
Recommends: iproute2
Suggests: bash-completion
Section: net
Priority: optional
Description: EVPN-VXLAN leaf
 evpnd makes a Linux server or switch an EVPN-VXLAN leaf. It speaks BGP with the
 fabric's spines, announces the MAC and IP addresses that the kernel's bridges
 and neighbor tables know, and writes those of the other leaves into the kernel.
 evpnctl asks and commands it.
 .
 Node.js is inside: the package needs none of the system.
`;
