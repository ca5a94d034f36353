/**
 * npm run image: makes an OCI image of evpnd's Debian package in the checkout's folder, evpnd_VERSION_ARCH.oci, without a container engine.
 *
 *   npm run image                    for this machine's processor
 *   npm run image -- --output DIR    into another folder
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeImageHere } from './here.js';

const { values } = parseArgs({ options: { output: { type: 'string', default: '.' } } });
const { folder, digest } = await makeImageHere(resolve(values.output));
process.stdout.write(`${folder}\n${digest}\n`);
