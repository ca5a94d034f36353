/** Debian with systemd, FRR, GoBGP and evpnd's package, for what boots it (`root` of lab/container.ts). */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeDebHere } from '../packaging/here.js';
import { run } from './process.js';
import { sourceFile } from './sources.js';

export type DebianRelease = 12 | 13;

/** Where lab/booted-debian.sh puts each Debian: kept from one run to the next, outside the repository. */
const folderOf = (release: DebianRelease): string => `/var/cache/evpnd-lab/debian-${release}`;

/** The root of a Debian that `setUpBootedDebian` has put there: to be read alone. */
export const debianRoot = (release: DebianRelease): string => join(folderOf(release), 'root');

/** What lab/booted-debian.sh is told of each. */
const DEBIANS: Readonly<Record<DebianRelease, readonly string[]>> = {
  12: [],
  13: ['trixie', 'nodejs,iproute2,iputils-ping,procps,kmod,frr'],
};

/** Programs that Debian, as it is downloaded, is without. */
const PROGRAMS = ['/usr/bin/gobgpd', '/usr/bin/gobgp'];

/** Units that no test is about; tmp.mount would lie over what the machine shares with us. */
const UNWANTED = [
  'apt-daily-upgrade.timer',
  'apt-daily.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'frr.service',
  'getty.target',
  'kmod-static-nodes.service',
  'modprobe@.service',
  'remote-fs.target',
  'systemd-binfmt.service',
  'systemd-firstboot.service',
  'systemd-journal-catalog-update.service',
  'systemd-journal-flush.service',
  'systemd-logind.service',
  'systemd-machine-id-commit.service',
  'systemd-pcrphase.service',
  'systemd-random-seed.service',
  'systemd-remount-fs.service',
  'systemd-udev-settle.service',
  'systemd-udev-trigger.service',
  'systemd-udevd.service',
  'systemd-update-utmp-runlevel.service',
  'systemd-update-utmp.service',
  'systemd-user-sessions.service',
  'tmp.mount',
];

/** Downloads Debian; does nothing where it stands already. Rejects with what was missing. */
export async function setUpBootedDebian(release: DebianRelease): Promise<void> {
  await run('bash', [sourceFile('booted-debian.sh'), folderOf(release), ...DEBIANS[release]], {
    timeout: 600_000,
  });
}

/**
 * Lays the package of this checkout, one of a later version, GoBGP and the Node that runs this into a folder, for a machine that
 * installs the one and is upgraded to the other. Resolves with the folders that make the machine's root.
 */
export async function bootedRoot(folder: string, release: DebianRelease): Promise<readonly string[]> {
  const inside = (path: string): string => {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  };
  for (const path of new Set(['/usr/bin/node', process.execPath]))
    copyFileSync(process.execPath, inside(path));
  for (const path of PROGRAMS) copyFileSync(path, inside(path));
  const packages = inside('var/cache/evpnd');
  mkdirSync(packages);
  await laterDeb(await makeDebHere(packages, 1), packages);
  for (const unit of UNWANTED) symlinkSync('/dev/null', inside(`etc/systemd/system/${unit}`));
  return [folder, debianRoot(release)];
}

/** The version of the later package. */
export const LATER_VERSION = '99.0.0';

/** Makes the same package of a later version. */
async function laterDeb(file: string, packages: string): Promise<void> {
  const tree = mkdtempSync(join(tmpdir(), 'evpnd-later-'));
  const patience = { timeout: 120_000 };
  const edit = (path: string, from: RegExp, to: string): void =>
    writeFileSync(join(tree, path), readFileSync(join(tree, path), 'utf8').replace(from, to));
  try {
    await run('dpkg-deb', ['--raw-extract', file, tree], patience);
    edit('DEBIAN/control', /^Version: .*$/m, `Version: ${LATER_VERSION}`);
    edit('usr/lib/evpnd/package.json', /"version": ".*"/, `"version": "${LATER_VERSION}"`);
    await run('dpkg-deb', ['--build', '--root-owner-group', '-Zzstd', '-z1', tree, packages], patience);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
