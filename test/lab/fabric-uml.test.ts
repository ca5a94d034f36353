import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  type FabricSpec,
  pace,
  planFabric,
  runOnOldestKernel,
  slowness,
  sweepLeftOvers,
  waitFor,
} from '../../lab/index.js';

const lab = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'lab');

test('a VLAN-aware fabric of FRR with SVIs converges on the oldest kernel that boots', async (t) => {
  t.timeout(260_000 * slowness * pace);
  const spec: FabricSpec = {
    leaves: [
      { engine: 'frr', mode: 'vlan-aware' },
      { engine: 'frr', mode: 'vlan-aware' },
    ],
  };
  const { code, stdout, stderr } = await runOnOldestKernel(join(lab, 'prove.js'), [JSON.stringify(spec)], {
    timeout: 240_000,
  });
  t.log(stderr);
  t.is(code, 0);
  const rows = (JSON.parse(stdout) as Record<string, string[]>).leaf1!;
  const remote = planFabric(spec).hosts.find((host) => host.name === 'h2-10')!;
  for (const row of [
    'fdb vx10 00:00:00:00:00:00 self dst 10.0.0.2 permanent self',
    `fdb vx10 ${remote.mac} master br0 vlan 10 extern_learn`,
    `fdb vx10 ${remote.mac} self dst 10.0.0.2 extern_learn self`,
  ]) {
    t.true(rows.includes(row), `${row}\nnot among\n${rows.join('\n')}`);
  }
});

test('on VLAN-aware bridges evpnd leaves the same rows in the kernel as FRR does', async (t) => {
  t.timeout(260_000 * slowness * pace);
  const mode = 'vlan-aware';
  const spec: FabricSpec = {
    leaves: [
      { engine: 'evpnd', mode },
      { engine: 'frr', mode },
      { engine: 'frr', mode },
    ],
  };
  const { code, stdout, stderr } = await runOnOldestKernel(join(lab, 'prove.js'), [JSON.stringify(spec)], {
    timeout: 240_000,
  });
  t.log(stderr);
  t.is(code, 0);
  const rows = JSON.parse(stdout) as Record<string, string[]>;
  const { hosts } = planFabric(spec);
  const forLeaf3 = (leaf: string) =>
    rows[leaf]!.filter(
      (row) =>
        row.includes(' dst 10.0.0.3 ') ||
        hosts.some((host) => host.leaf === 'leaf3' && row.includes(host.mac) && !row.includes(' fe80:')),
    );
  t.deepEqual(forLeaf3('leaf1'), forLeaf3('leaf2'));
  t.true(forLeaf3('leaf1').length >= 10, forLeaf3('leaf1').join('\n'));
});

test('an exit code comes through, and a machine that hangs is ended', async (t) => {
  t.timeout(60_000 * slowness * pace);
  const failing = await runOnOldestKernel('-e', ['console.log("seen"); process.exit(7)'], {
    timeout: 30_000,
  });
  t.deepEqual([failing.code, failing.stdout], [7, 'seen\n']);
  const hanging = await runOnOldestKernel('-e', ['setInterval(() => {}, 1000)'], { timeout: 8_000 });
  t.is(hanging.code, 124);
});

test('a machine whose process was killed is swept', async (t) => {
  t.timeout(60_000 * slowness * pace);
  const index = JSON.stringify(new URL('../../lab/index.js', import.meta.url).href);
  const code = `const { runOnOldestKernel } = await import(${index}); await runOnOldestKernel('-e', ['setInterval(() => {}, 1000)']);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  const mine = () =>
    readdirSync(tmpdir()).filter(
      (name) => /^evpnd-(uml|qemu)-/.test(name) && name.includes(`-${child.pid}-`),
    );
  const pid = await waitFor(
    () => Number(readFileSync(join(tmpdir(), mine()[0]!, 'machine', 'lab', 'pid'), 'utf8')),
    { what: 'running machine' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  t.true(existsSync(`/proc/${pid}`));
  await sweepLeftOvers();
  await waitFor(() => !existsSync(`/proc/${pid}`), { what: 'end of the machine' });
  t.deepEqual(mine(), []);
});
