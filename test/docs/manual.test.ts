import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { PAGE_RUNS } from '../lab/support/manual-pages.js';
import { answersAs, runnable, shownIn } from '../lab/support/manual-run.js';
import { fencedBlocks } from '../support/markdown.js';

const FOLDER = 'docs/manual';
const PAGES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.md'))
  .map((name) => join(FOLDER, name));
const BLOCKS = PAGES.flatMap((page) => fencedBlocks(page));
const placeOf = ({ page, line }: { page: string; line: number }) => `${page}:${line}`;

test('each block of the manual is done by a lab test, but for those that are text', (t) => {
  const done = new Set(PAGE_RUNS.flatMap(({ page, kind }) => runnable(page, kind)).map(placeOf));
  t.deepEqual(
    BLOCKS.filter((block) => block.language !== 'text' && !done.has(placeOf(block))).map(placeOf),
    [],
  );
  t.true(done.size > 20);
});

test('what a block shows as typed begins with $, and what it sets as a file names the file', (t) => {
  for (const block of BLOCKS) {
    if (block.language === 'console') t.true(shownIn(block.text).length > 0, placeOf(block));
    if (['yaml', 'frr'].includes(block.language)) t.true(block.marks.has('file'), placeOf(block));
  }
});

test('every configuration that the manual shows is valid', (t) => {
  const configurations = BLOCKS.filter(({ marks }) => marks.get('file') === '/etc/evpnd/evpnd.yaml');
  t.true(configurations.length > 0);
  for (const block of configurations) t.notThrows(() => parseConfig(block.text, placeOf(block)));
});

test('an answer is as shown but for times, durations and the width of columns, and what … stands for', (t) => {
  t.true(answersAs('NAME  UP\na  4s\n', 'NAME      UP\na         1m3s \n'));
  t.true(answersAs('id … via … dev up1\n', 'id 117 via fe80::1 dev up1\n'));
  t.true(answersAs('…\nb\n…\n', 'a\na\nb\nc\n'));
  t.true(answersAs('…\nb\n', 'b\n'));
  t.false(answersAs('a\n', 'a\nb\n'));
  t.false(answersAs('a\nb\n', 'a\n'));
  t.false(answersAs('1 received\n', '0 received\n'));
  t.false(answersAs('a.c\n', 'abc\n'));
});
