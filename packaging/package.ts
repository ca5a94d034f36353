/**
 * npm run package: makes evpnd's Debian package in the checkout's folder, evpnd_VERSION_ARCH.deb, with Node inside.
 *
 *   npm run package                    for this machine's processor
 *   npm run package -- --output DIR    into another folder
 */
import { join, resolve } from 'node:path';
import { arch } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeDeb, PROCESSORS } from './deb.js';

const { values } = parseArgs({ options: { output: { type: 'string', default: '.' } } });
const processor = PROCESSORS[arch];
if (!processor)
  throw new Error(`packages are made for ${Object.keys(PROCESSORS).join(' and ')}; this is ${arch}`);
const checkout = process.cwd();
const file = await makeDeb({
  checkout,
  build: fileURLToPath(new URL('..', import.meta.url)),
  processor,
  addon: join(checkout, 'native/build/Release/socket.node'),
  runtime: join(checkout, `packaging/node/node_modules/node-linux-${processor.npm}`),
  output: resolve(values.output),
});
process.stdout.write(`${file}\n`);
