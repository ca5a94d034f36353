/** An OCI image of a Debian package of evpnd: its files as dpkg would unpack them, over a base that has the libraries. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImage } from './oci.js';
import { output, run } from './process.js';

export interface DebImageOptions {
  readonly deb: string;
  /** The root that packaging/image-base.sh makes. */
  readonly base: string;
  /** Gets the image, evpnd_VERSION_ARCH.oci. */
  readonly output: string;
  /** gzip's level, from 1 to 9. */
  readonly compression: number;
}

/** Directories that the unit makes where there is systemd. */
const DIRECTORIES = ['run/evpnd', 'var/lib/evpnd'];
const USERS = 'root:x:0:0:root:/root:/bin/sh\n';
const GROUPS = 'root:x:0:\n';

/** What a container is given by its runtime, and what is left of unpacking. */
const NOT_OF_THE_BASE = [
  './dev/*',
  './proc/*',
  './sys/*',
  './run/*',
  './tmp/*',
  './var/lib/apt',
  './var/cache',
  './var/log',
];

/** Makes the image. Resolves with its folder and its digest. */
export async function makeDebImage(options: DebImageOptions): Promise<{ folder: string; digest: string }> {
  const { deb, base, compression } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'evpnd-image-'));
  try {
    const tree = join(scratch, 'tree');
    await run('dpkg-deb', ['--extract', deb, tree]);
    for (const path of DIRECTORIES) mkdirSync(join(tree, path), { recursive: true, mode: 0o750 });
    writeFileSync(join(tree, 'etc/passwd'), USERS);
    writeFileSync(join(tree, 'etc/group'), GROUPS);
    const field = async (name: string) => (await output('dpkg-deb', ['--field', deb, name])).trim();
    const [version, architecture] = [await field('Version'), await field('Architecture')];
    const folder = join(options.output, `evpnd_${version}_${architecture}.oci`);
    const digest = await writeImage({
      layers: [
        { tree: base, what: 'mmdebstrap: libraries, shell, iproute2 of Debian 13', without: NOT_OF_THE_BASE },
        { tree, what: `dpkg-deb --extract evpnd_${version}_${architecture}.deb` },
      ],
      architecture,
      config: {
        Entrypoint: ['/usr/bin/evpnd'],
        Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
        StopSignal: 'SIGTERM',
        Volumes: { '/var/lib/evpnd': {} },
        Labels: {
          'org.opencontainers.image.title': 'evpnd',
          'org.opencontainers.image.version': version,
          'org.opencontainers.image.licenses': 'Apache-2.0',
        },
      },
      name: version.replaceAll('~', '-'),
      folder,
      compression,
      time: Number(process.env.SOURCE_DATE_EPOCH ?? 0),
    });
    return { folder, digest };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
