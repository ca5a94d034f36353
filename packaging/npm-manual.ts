/** For `npm pack`: lays the manual pages where package.json names them, for npm to install beside the programs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manualPages } from './manual-pages.js';

/** Where the unit expects npm to have put them, too. */
const DOCUMENTS = '/usr/lib/node_modules/evpnd/docs';
const FOLDER = 'man';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
mkdirSync(FOLDER, { recursive: true });
for (const { name, section, text } of manualPages(version, DOCUMENTS))
  writeFileSync(join(FOLDER, `${name}.${section}`), text);
