/**
 * npm run image: makes an OCI image of evpnd's Debian package in the checkout's folder, evpnd_VERSION_ARCH.oci, without a container engine.
 *
 *   npm run image                    for this machine's processor
 *   npm run image -- --arch arm64    for arm64, on a machine with x86_64
 *   npm run image -- --output DIR    into another folder
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeImageHere, OPTIONS } from './here.js';

const { values } = parseArgs({ options: OPTIONS });
const { folder, digest } = await makeImageHere(resolve(values.output), { arch: values.arch });
process.stdout.write(`${folder}\n${digest}\n`);
