/** Writes an image as the OCI image layout (image-spec 1.0) has it, without an engine: index.json, oci-layout, blobs/. */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { run } from './process.js';

/** A folder whose content is a layer: what comes later is laid over what came before. */
export interface Layer {
  readonly tree: string;
  /** For `history`: what makes it. */
  readonly what: string;
  /** What is left out of it, as tar(1) takes `--exclude`. */
  readonly without?: readonly string[];
}

/** What is written, and where. */
export interface ImageOptions {
  readonly layers: readonly Layer[];
  /** As GOARCH has it. */
  readonly architecture: string;
  /** `config` of the image: how containers of it run. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The name that `index.json` gives it, a tag. */
  readonly name: string;
  /** Made anew. */
  readonly folder: string;
  /** gzip's level, from 1 to 9. */
  readonly compression: number;
  /** Seconds since 1970, which all files and the image have as their time. */
  readonly time: number;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Writes the layout. The same layers, configuration and time give the same octets. Resolves with the manifest's digest. */
export async function writeImage(options: ImageOptions): Promise<string> {
  const { folder, architecture, config, name } = options;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const layers: (Descriptor & { readonly diffId: string })[] = [];
  for (const layer of options.layers) layers.push(await writeLayer(layer, options));
  const created = new Date(options.time * 1000).toISOString();
  const configuration = writeJson(folder, CONFIG, {
    created,
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: options.layers.map(({ what }) => ({ created, created_by: what })),
  });
  const manifest = writeJson(folder, MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: configuration,
    layers: layers.map(({ diffId: _, ...descriptor }) => descriptor),
  });
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...manifest,
        platform: { architecture, os: 'linux' },
        annotations: { 'org.opencontainers.image.ref.name': name },
      },
    ],
  };
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return manifest.digest;
}

const blob = (folder: string, hex: string): string => join(folder, 'blobs/sha256', hex);

function writeJson(folder: string, mediaType: string, value: object): Descriptor {
  const text = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(text).digest('hex');
  writeFileSync(blob(folder, hex), text);
  return { mediaType, digest: `sha256:${hex}`, size: text.length };
}

async function writeLayer(
  { tree, without = [] }: Layer,
  { folder, compression, time }: ImageOptions,
): Promise<Descriptor & { readonly diffId: string }> {
  const archive = join(folder, 'layer.tar');
  const packed = join(folder, 'layer.tar.gz');
  await run('tar', [
    ...[
      '--create',
      '--file',
      archive,
      '--directory',
      tree,
      '--format=gnu',
      '--sort=name',
      `--mtime=@${time}`,
    ],
    // All is root's: a container has no other user
    ...[
      '--owner=root:0',
      '--group=root:0',
      '--numeric-owner',
      ...without.map((path) => `--exclude=${path}`),
      '.',
    ],
  ]);
  const [plain, compressed] = [createHash('sha256'), createHash('sha256')];
  const tap = (hash: typeof plain) => new PassThrough().on('data', (octets: Buffer) => hash.update(octets));
  await pipeline(
    createReadStream(archive),
    tap(plain),
    createGzip({ level: compression }),
    tap(compressed),
    createWriteStream(packed),
  );
  rmSync(archive);
  const { size } = statSync(packed);
  const hex = compressed.digest('hex');
  renameSync(packed, blob(folder, hex));
  return { mediaType: LAYER, digest: `sha256:${hex}`, size, diffId: `sha256:${plain.digest('hex')}` };
}
