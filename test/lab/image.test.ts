/** What `npm run image` makes: a layout as the image-spec has it, and a root in which evpnd runs as a leaf beside FRR. */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { Daemon, Fabric, restGet, run, waitFor } from '../../lab/index.js';
import { makeImageHere } from '../../packaging/here.js';
import { writeImage } from '../../packaging/oci.js';

const folder = mkdtempSync(join(tmpdir(), 'evpnd-image-'));
const root = join(folder, 'root');
const PATIENCE = { timeout: 120_000 };
let image: string;
let digest: string;

test.before('make', async (t) => {
  t.timeout(400_000);
  ({ folder: image, digest } = await makeImageHere(folder, { compression: 1 }));
});
test.after.always('remove', () => rmSync(folder, { recursive: true, force: true }));

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  platform?: object;
}
interface Config {
  architecture: string;
  os: string;
  config: { Entrypoint: string[]; Env: string[]; StopSignal: string };
  rootfs: { type: string; diff_ids: string[] };
  history: object[];
}

const sha256 = (octets: Buffer) => `sha256:${createHash('sha256').update(octets).digest('hex')}`;
const json = <Value>(path: string) => JSON.parse(readFileSync(join(image, path), 'utf8')) as Value;
const pathOf = ({ digest: of }: Descriptor) => `blobs/${of.replace(':', '/')}`;
const index = () => json<{ schemaVersion: number; mediaType: string; manifests: Descriptor[] }>('index.json');
const manifest = () =>
  json<{ schemaVersion: number; mediaType: string; config: Descriptor; layers: Descriptor[] }>(
    pathOf(index().manifests[0]),
  );
const config = () => json<Config>(pathOf(manifest().config));

test.serial('the layout is that of the image-spec: media types, sizes and digests', (t) => {
  t.deepEqual(json('oci-layout'), { imageLayoutVersion: '1.0.0' });
  const { manifests, ...head } = index();
  t.deepEqual(head, { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json' });
  t.is(manifests.length, 1);
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  t.deepEqual(manifests[0].platform, { architecture, os: 'linux' });
  t.regex(manifests[0].annotations?.['org.opencontainers.image.ref.name'] ?? '', /^\d+\.\d+\.\d+\S*$/);
  t.is(manifests[0].digest, digest);
  const made = manifest();
  t.is(made.schemaVersion, 2);
  const types = [manifests[0], made.config, ...made.layers].map(({ mediaType }) => mediaType);
  const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';
  t.deepEqual(types, [made.mediaType, 'application/vnd.oci.image.config.v1+json', layer, layer]);
  t.is(made.mediaType, 'application/vnd.oci.image.manifest.v1+json');
  for (const each of [manifests[0], made.config, ...made.layers]) {
    const octets = readFileSync(join(image, pathOf(each)));
    t.is(octets.length, each.size, each.mediaType);
    t.is(sha256(octets), each.digest, each.mediaType);
  }
  t.is(readdirSync(join(image, 'blobs/sha256')).length, 2 + made.layers.length);
  const { rootfs, history, ...rest } = config();
  t.is(rootfs.type, 'layers');
  t.is(history.length, made.layers.length);
  t.like(rest, { architecture, os: 'linux', config: { StopSignal: 'SIGTERM' } });
  for (const [at, each] of made.layers.entries()) {
    const plain = gunzipSync(readFileSync(join(image, pathOf(each))));
    t.is(sha256(plain), rootfs.diff_ids[at]);
  }
  const octets = made.layers.reduce((sum, { size }) => sum + size, 0);
  t.log(`${(octets / 2 ** 20).toFixed(0)} MiB, packed in haste`);
});

test.serial('the same files make the same image, whenever and by whom they were written', async (t) => {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'a'), { recursive: true });
  for (const [name, seconds] of [
    ['a/one', 1],
    ['two', 2],
  ] as const) {
    writeFileSync(join(tree, name), name);
    utimesSync(join(tree, name), seconds, seconds);
  }
  const write = (place: string) =>
    writeImage({
      layers: [{ tree, what: 'test', without: ['./two'] }],
      architecture: 'amd64',
      config: {},
      name: '1',
      folder: join(folder, place),
      compression: 1,
      time: 0,
    });
  const first = await write('first');
  utimesSync(join(tree, 'a/one'), 99, 99);
  writeFileSync(join(tree, 'two'), 'left out');
  t.is(await write('second'), first);
  writeFileSync(join(tree, 'a/one'), 'other');
  t.not(await write('third'), first);
});

/** All capabilities by number but CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW (linux/capability.h). */
const KEPT = [10, 12, 13];
const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
const DROPPED = Array.from({ length: last + 1 }, (_, each) => each).filter((each) => !KEPT.includes(each));
const CAPABLE = [
  'capsh',
  `--drop=${DROPPED}`,
  '--no-new-privs',
  '--shell=/bin/sh',
  '--',
  '-c',
  'exec "$0" "$@"',
];

/** Becomes a container's root file system, of which two directories can be written. */
const CONFINE = `mount --bind "$0" "$0"
for place in run/evpnd var/lib/evpnd; do mount --bind "$0/$place" "$0/$place"; done
mount -o remount,ro,bind "$0"
mount -t proc proc "$0/proc"
exec chroot "$0" "$@"`;

test.serial(
  'evpnd runs from its root as a leaf beside FRR, by three capabilities, and writes to its state alone; evpnctl asks it',
  async (t) => {
    t.timeout(200_000);
    mkdirSync(root);
    for (const layer of manifest().layers)
      await run('tar', ['--extract', '--file', join(image, pathOf(layer)), '--directory', root], PATIENCE);
    t.is(statSync(join(root, 'etc/evpnd')).uid, 0);
    const fabric = await Fabric.create({
      leaves: [{ engine: 'none' }, { engine: 'frr' }],
      vnis: [{ vni: 10010, vlan: 10 }],
    });
    t.teardown(() => fabric.remove());
    const leaf = fabric.leaf('leaf1');
    const [{ spineAddress }] = leaf.links;
    const neighbor = `{ address: ${spineAddress.ipv4}, remote-as: external, connect-retry-time: 1 }`;
    writeFileSync(
      join(root, 'etc/evpnd/evpnd.yaml'),
      `asn: ${leaf.asn}\nrouter-id: ${leaf.routerId}\nneighbors: [${neighbor}]\n`,
    );
    const { Entrypoint, Env } = config().config;
    const inside = (...command: string[]) => [
      ...['netns', 'exec', fabric.namespace('leaf1'), 'sh', '-ec', CONFINE, root],
      ...['/usr/bin/env', '-i', ...Env, ...CAPABLE, ...command],
    ];
    const daemon = await Daemon.start('evpnd of the image', 'ip', inside(...Entrypoint), join(folder, 'log'));
    t.teardown(() => daemon.stop());
    await fabric.introduceHosts();
    const { mac } = fabric.host('h2-10');
    await waitFor(async () => (await fabric.installedRows('leaf1')).some((row) => row.includes(mac)), {
      what: `the route of ${mac}\n${daemon.logEnd()}`,
      timeout: 60_000,
    });
    t.is((await fabric.ping('h1-10', 'h2-10', { count: 3 })).received, 3);
    const { body } = await restGet<{ mode: string }>(join(root, 'run/evpnd/api.sock'), '/api/v1/status');
    t.is(body.mode, 'active');
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    const kept = KEPT.reduce((sum, each) => sum + 2 ** each, 0);
    t.is(Number.parseInt(/^CapEff:\s+(\S+)$/m.exec(status)?.[1] ?? '', 16), kept);
    t.notRegex(daemon.log(), /"level":"(error|fatal)"/);
    t.regex((await run('ip', inside('evpnctl', 'show', 'neighbor'))).stdout, /Established/);
    t.regex((await run('ip', inside('bridge', 'fdb', 'show', 'dev', 'vx10'))).stdout, new RegExp(mac));
    t.is(await daemon.stop(), 0);
  },
);
