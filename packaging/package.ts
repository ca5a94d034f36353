/**
 * npm run package: makes evpnd's Debian package in the checkout's folder, evpnd_VERSION_ARCH.deb, with Node inside.
 *
 *   npm run package                    for this machine's processor
 *   npm run package -- --arch arm64    for arm64, on a machine with x86_64
 *   npm run package -- --output DIR    into another folder
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeDebHere, OPTIONS } from './here.js';

const { values } = parseArgs({ options: OPTIONS });
process.stdout.write(`${await makeDebHere(resolve(values.output), undefined, values.arch)}\n`);
