import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { configReference, reloadReference } from './support/reference.js';

const MANUAL = 'docs/operator.md';
const PARTS = { reference: configReference, reload: reloadReference };

for (const [part, written] of Object.entries(PARTS))
  test.serial(`the operator's manual has the ${part} that the table of settings gives`, (t) => {
    const between = new RegExp(`(<!-- ${part}:begin[^>]*-->\n)([\\s\\S]*?)(<!-- ${part}:end -->)`);
    const manual = readFileSync(MANUAL, 'utf8');
    const current = manual.replace(between, (_, begin, __, end) => `${begin}${written()}\n${end}`);
    if (process.env.EVPND_WRITE_DOCS) writeFileSync(MANUAL, current);
    t.regex(manual, between);
    t.is(current, manual, 'run the tests once with EVPND_WRITE_DOCS=1 and commit what changed');
  });

for (const file of ['README.md', MANUAL])
  test(`every configuration that ${file} shows is valid`, (t) => {
    const blocks = [...readFileSync(file, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      (match) => match[1],
    );
    t.true(blocks.length > 0);
    for (const block of blocks) t.notThrows(() => parseConfig(block, file));
  });
