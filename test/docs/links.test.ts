import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';
import { anchorsOf, linksOf } from '../support/markdown.js';

const DOCS = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const PAGES = ['README.md', 'CHANGELOG.md', ...DOCS];

/** What is wrong with a link of a page to a file of the repository, or to a heading in one; undefined where nothing is. */
function fault(page: string, link: string): string | undefined {
  const [path, anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(target)) return `${page}: ${link}: there is no ${target}`;
  if (anchor === undefined || statSync(target).isDirectory()) return undefined;
  return anchorsOf(readFileSync(target, 'utf8')).has(anchor)
    ? undefined
    : `${page}: ${link}: ${target} has no such heading`;
}

test('every link between pages leads to a file, and to a heading of it', (t) => {
  const links = PAGES.flatMap((page) =>
    linksOf(readFileSync(page, 'utf8'))
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => ({ page, link })),
  );
  t.true(links.length > 50);
  t.deepEqual(
    links.flatMap(({ page, link }) => fault(page, link) ?? []),
    [],
  );
});

test('a link to nothing is found', (t) => {
  t.regex(fault('README.md', 'docs/none.md') ?? '', /there is no docs\/none\.md/);
  t.regex(fault('README.md', 'docs/operator.md#none') ?? '', /no such heading/);
});

test('the index of the manual leads to every page of the documentation', (t) => {
  const index = 'docs/manual/README.md';
  const linked = new Set(
    linksOf(readFileSync(index, 'utf8')).map((link) => normalize(join(dirname(index), link.split('#')[0]))),
  );
  t.deepEqual(
    DOCS.filter((page) => page !== index && !page.includes('/adr/') && !linked.has(page)),
    [],
  );
});
