import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { configReference } from './support/reference.js';

const MANUAL = 'docs/operator.md';
const BETWEEN = /(<!-- reference:begin[^>]*-->\n)([\s\S]*?)(\n<!-- reference:end -->)/;

test("the operator's manual has the schema's reference", (t) => {
  const manual = readFileSync(MANUAL, 'utf8');
  const mended = manual.replace(BETWEEN, (_, begin, __, end) => `${begin}${configReference()}${end}`);
  if (process.env.EVPND_WRITE_DOCS) writeFileSync(MANUAL, mended);
  t.regex(manual, BETWEEN);
  t.is(mended, manual, 'run the tests once with EVPND_WRITE_DOCS=1 and commit what changed');
});

for (const file of ['README.md', MANUAL])
  test(`every configuration that ${file} shows is valid`, (t) => {
    const blocks = [...readFileSync(file, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      (match) => match[1],
    );
    t.true(blocks.length > 0);
    for (const block of blocks) t.notThrows(() => parseConfig(block, file));
  });
