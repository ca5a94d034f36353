import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { attempt, Frr, Namespaces } from '../../lab/index.js';
import { fileOfAll } from '../import-frr/support/statement-reference.js';
import { commandsMissing, listing } from './support/frr-commands.js';
import { doPage } from './support/manual-page-test.js';
import { nameOf, PAGE_RUNS } from './support/manual-pages.js';

const FROM_FRR = 'docs/manual/from-frr.md';

for (const page of PAGE_RUNS.filter(({ lane }) => lane === 'frr'))
  test.serial(nameOf(page), (t) =>
    doPage(t, page, async (site) => {
      if (page.page !== FROM_FRR) return;
      const pings = await site.machine('h1').do('cat /run/ping.log');
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(pings) ?? [];
      // Twenty a second; without a second session it would be a second at least
      t.true(Number(sent) - Number(received) <= 10, pings);
      // And the commands of its table are understood; a reset last, as others need the session
      const table = readFileSync(FROM_FRR, 'utf8').matchAll(
        /^\| `(?:show|clear|debug) .*`(evpnctl [^`]+)`/gm,
      );
      const commands = [...new Set([...table].map(([, command]) => command))].toSorted(
        (a, b) => Number(a.includes(' reset ')) - Number(b.includes(' reset ')),
      );
      t.true(commands.length > 15);
      for (const command of commands) await t.notThrowsAsync(site.machine('leaf1').do(command), command);
    }),
  );

test.serial(`FRR takes each statement of ${FROM_FRR}, and has no other`, async (t) => {
  const namespaces = new Namespaces();
  t.teardown(() => namespaces.remove());
  await namespaces.add(['leaf']);
  const folder = join(namespaces.folder, 'leaf');
  mkdirSync(folder);
  const file = join(folder, 'all.conf');
  writeFileSync(file, fileOfAll());
  const { code, stdout, stderr } = await attempt('vtysh', ['-C', '-f', file]);
  t.is(code, 0, stdout + stderr);

  const frr = new Frr('leaf', namespaces.of('leaf'), folder, 'router bgp 65001\n');
  await frr.start();
  t.teardown(() => frr.stop());
  for (const [place, others] of [
    // Unicast is spoken of where its family is
    ['bgp', ['neighbor', 'ipv4']],
    ['evpn', []],
    ['vni', []],
    ['ipv4', []],
  ] as const)
    t.deepEqual(commandsMissing(place, await frr.vtysh(...listing(place)), others), [], place);
});
