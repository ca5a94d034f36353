import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { parseConfig } from '../../src/config/load.js';
import { eventReference } from '../api/support/event-reference.js';
import { metricsReference } from '../api/support/metrics-reference.js';
import { commandReference } from '../cli/support/command-reference.js';
import { frrCommandReference, leftOutReference } from '../cli/support/frr-differences.js';
import { logReference } from '../daemon/support/log-reference.js';
import { statementReference } from '../import-frr/support/statement-reference.js';
import { CERTIFICATE, fileWith, TLS_KEY } from '../support/tls.js';
import { keyFile } from './support/key-file.js';
import { configReference, reloadReference } from './support/reference.js';
import { stepReference } from './support/step-reference.js';

const MANUAL = 'docs/operator.md';
const PARTS = {
  reference: [MANUAL, configReference],
  reload: [MANUAL, reloadReference],
  steps: ['docs/best-path.md', stepReference],
  metrics: ['docs/metrics.md', metricsReference],
  commands: ['docs/evpnctl.md', commandReference],
  'frr-commands': ['docs/evpnctl.md', frrCommandReference],
  'frr-left-out': ['docs/evpnctl.md', leftOutReference],
  events: [MANUAL, eventReference],
  log: ['docs/log.md', logReference],
  'frr-statements': ['docs/manual/from-frr.md', statementReference],
} as const;

for (const [part, [file, written]] of Object.entries(PARTS))
  test.serial(`${file} has the ${part} that the code gives`, (t) => {
    const between = new RegExp(`(<!-- ${part}:begin[^>]*-->\n)([\\s\\S]*?)(<!-- ${part}:end -->)`);
    const manual = readFileSync(file, 'utf8');
    const current = manual.replace(between, (_, begin, __, end) => `${begin}${written()}\n${end}`);
    if (process.env.EVPND_WRITE_DOCS) writeFileSync(file, current);
    t.regex(manual, between);
    t.is(current, manual, 'run the tests once with EVPND_WRITE_DOCS=1 and commit what changed');
  });

for (const file of ['README.md', MANUAL])
  test(`every configuration that ${file} shows is valid`, (t) => {
    const blocks = [...readFileSync(file, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      (match) => match[1],
    );
    t.true(blocks.length > 0);
    const files = {
      '/etc/evpnd/api.pem': fileWith(CERTIFICATE),
      '/etc/evpnd/api.key': fileWith(TLS_KEY),
      '/etc/evpnd/api.token': keyFile('0123456789abcdef'),
    };
    for (const block of blocks) {
      const text = Object.entries(files).reduce((all, [name, path]) => all.replaceAll(name, path), block);
      t.notThrows(() => parseConfig(text, file));
    }
  });
