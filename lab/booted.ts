/** Debian 12 with systemd, FRR and an installed evpnd, for machines of lab/qemu.ts that boot it (`root`). */
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './process.js';
import { sourceFile } from './sources.js';

/** Where lab/booted-debian.sh puts Debian: kept from one run to the next, outside the repository. */
const debian = '/var/cache/evpnd-lab/debian-12';

/** Units that no test is about and that take an emulated processor seconds. */
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
];

/** Downloads Debian; does nothing where it stands already. Rejects with what was missing. */
export async function setUpBootedDebian(): Promise<void> {
  await run('bash', [sourceFile('booted-debian.sh'), debian], { timeout: 600_000 });
}

/**
 * Installs evpnd of this checkout into a folder as the manual says, beside the Node that runs this. Resolves with the
 * folders that make the root of a machine.
 */
export async function installEvpnd(folder: string): Promise<readonly string[]> {
  const inside = (path: string): string => {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  };
  for (const path of new Set(['/usr/bin/node', process.execPath]))
    copyFileSync(process.execPath, inside(path));
  const patience = { timeout: 300_000 };
  const packages = inside('var/cache/evpnd');
  mkdirSync(packages);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', packages], patience);
  const [archive] = readdirSync(packages);
  const prefix = inside('usr');
  await run(
    'npm',
    ['install', '--global', '--offline', '--prefix', prefix, join(packages, archive)],
    patience,
  );
  const home = join(prefix, 'lib/node_modules/evpnd');
  if (!existsSync(join(home, 'native/build')))
    await run('npm', ['run', 'build:native'], { ...patience, cwd: home });
  copyFileSync(join(home, 'systemd/evpnd.service'), inside('usr/lib/systemd/system/evpnd.service'));
  copyFileSync(join(home, 'systemd/sysusers.conf'), inside('usr/lib/sysusers.d/evpnd.conf'));
  copyFileSync(join(home, 'systemd/tmpfiles.conf'), inside('usr/lib/tmpfiles.d/evpnd.conf'));
  for (const unit of UNWANTED) symlinkSync('/dev/null', inside(`etc/systemd/system/${unit}`));
  return [folder, join(debian, 'root')];
}
