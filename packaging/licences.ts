/** Whose work a package holds, and under which terms. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What packages hold of others without naming it in a file. */
const WITHIN: Readonly<Record<string, string>> = {
  '@fastify/swagger-ui':
    'static/ is Swagger UI, Copyright SmartBear Software Inc., Apache License 2.0 (/usr/share/common-licenses/Apache-2.0)',
};

/** Text of a Debian package's `copyright`: evpnd's, and with its text that of each folder of a package and of node's. */
export function copyrightText(
  folders: readonly string[],
  node: { version: string; licence: string },
): string {
  return [
    'evpnd, Apache License 2.0: /usr/share/common-licenses/Apache-2.0 has its text on Debian.',
    'It holds these works of others, each under its own terms:',
    ...folders.map(ofPackage),
    `Node.js ${node.version}, and the works that it is made of\n\n${node.licence.trim()}`,
  ].join(`\n\n${'-'.repeat(80)}\n\n`);
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

function ofPackage(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const { name, version, license } = manifest;
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)(\.(md|txt|markdown))?$/i.test(each));
  if (file !== undefined) {
    const text = readFileSync(join(folder, file), 'utf8').trim();
    return [`${name} ${version}`, text, WITHIN[name] ?? ''].join('\n\n').trim();
  }
  if (license === undefined) throw new Error(`${folder} says nothing of its licence`);
  const { author } = manifest;
  const who = typeof author === 'object' ? author.name : author;
  return `${name} ${version}\n\n${who === undefined ? '' : `${who}; `}licence ${license}, as its package.json says`;
}
