import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Fabric, sweepLeftOvers, waitFor } from '../../lab/index.js';

const lab = new URL('../../lab/index.js', import.meta.url).href;

/** A process that builds a fabric and then neither ends nor removes it. */
async function processWithFabric() {
  const code = `
    const { Fabric } = await import(${JSON.stringify(lab)});
    const fabric = await Fabric.create({ leaves: [{ engine: 'frr' }], spines: [{ engine: 'none' }] });
    process.stdout.write('built');
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await waitFor(() => output.includes('built'), { what: 'fabric in another process', show: () => output });
  return child;
}

function leftOvers(pid: number): string[] {
  const mine = (name: string) => name.startsWith(`evpnd-${pid}-`);
  const processes = readdirSync('/proc').filter(
    (each) => /^\d+$/.test(each) && Number(each) !== pid && existsSync(`/proc/${each}/exe`),
  );
  return [
    ...readdirSync('/run/netns').filter(mine),
    ...readdirSync(tmpdir()).filter(mine),
    ...processes.filter((each) => commandLine(each).includes(`/evpnd-${pid}-`)),
  ];
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`a process that gets ${signal} takes its fabric with it`, async (t) => {
    const child = await processWithFabric();
    t.true(leftOvers(child.pid!).length > 0);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
    t.deepEqual(leftOvers(child.pid!), []);
  });
}

test('what a killed process left is swept, and the fabric of a living one stays', async (t) => {
  const fabric = await Fabric.create({ leaves: [{ engine: 'none' }], spines: [{ engine: 'none' }] });
  t.teardown(() => fabric.remove());
  const child = await processWithFabric();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  t.true(leftOvers(child.pid!).length > 0);
  await sweepLeftOvers();
  t.deepEqual(leftOvers(child.pid!), []);
  t.true(existsSync(join('/run/netns', fabric.namespace('leaf1'))));
  t.true(existsSync(fabric.folder));
});

test('a fabric that cannot be built says why and leaves nothing', async (t) => {
  const error = await t.throwsAsync(
    Fabric.create({
      leaves: [{ engine: 'evpnd', config: { asn: 'not a number' } }],
      spines: [{ engine: 'none' }],
    }),
  );
  t.regex(error.message, /evpnd on leaf1/);
  t.deepEqual(
    leftOvers(process.pid).filter((name) => name.includes('leaf1')),
    [],
  );
});
