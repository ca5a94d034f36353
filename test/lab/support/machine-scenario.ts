import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import {
  evpndMain,
  type MachineOptions,
  pace,
  runInContainer,
  runInQemu,
  runInQemuWithAsic,
  runOnOldestKernel,
  setUpNewerKernel,
  slowness,
} from '../../../lab/index.js';
import { bundle } from '../../../packaging/bundle.js';
import type { CaseResult } from '../linux-namespace.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..');

async function runScenario(
  t: ExecutionContext,
  machine: typeof runOnOldestKernel,
  file: string,
  cases: number,
  seconds: number,
  options: MachineOptions = {},
): Promise<void> {
  const patience = machine === runOnOldestKernel ? slowness : 1;
  t.timeout((seconds + 10) * 1000 * patience * pace);
  const { code, stdout, stderr } = await machine(join(folder, file), [], {
    ...options,
    timeout: seconds * 1000,
  });
  if (process.env.EVPND_SCENARIO_LOG) t.log(stderr);
  const results = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CaseResult);
  for (const { name, error } of results) {
    t.log(`${error === undefined ? 'passed' : 'FAILED'}: ${name}`);
    t.is(error, undefined, name);
  }
  t.is(code, 0, stderr);
  t.is(results.length, cases, stderr);
}

/**
 * Runs a scenario of test/lab on the oldest kernel that boots (`runOnOldestKernel`; `seconds` are user-mode-linux's), and makes each of its cases an assertion: `t` fails for every case that
 * failed, and where fewer ran than `cases` says.
 */
export async function runScenarioOnOldestKernel(
  t: ExecutionContext,
  file: string,
  cases: number,
  seconds = 120,
  options: MachineOptions = {},
): Promise<void> {
  if (slowness > 1) {
    t.timeout(310_000);
    await setUpNewerKernel();
  }
  await runScenario(t, runOnOldestKernel, file, cases, seconds, options);
}

/**
 * Writes evpnd as few files, as its package has it, until the test is over; returns the program's path. An emulated processor
 * needs some ten seconds more to read its hundreds one by one.
 */
async function bundled(t: ExecutionContext): Promise<string> {
  const target = mkdtempSync(join(tmpdir(), `evpnd-${process.pid}-bundle-`));
  t.teardown(() => rmSync(target, { recursive: true, force: true }));
  const checkout = process.cwd();
  await bundle({
    checkout,
    build: join(dirname(evpndMain), '..'),
    folder: target,
    node: process.execPath,
    arch: process.arch,
    addon: join(checkout, 'native/build/Release/socket.node'),
  });
  return join(target, 'lib/evpnd.js');
}

/** Runs a scenario in an emulated machine, in which evpnd begins from the files of its package. */
async function runScenarioOfPackage(
  t: ExecutionContext,
  machine: typeof runInQemu,
  file: string,
  cases: number,
  seconds: number,
  options: MachineOptions,
): Promise<void> {
  const env = { ...options.env, EVPND_MAIN: await bundled(t) };
  await runScenario(t, machine, file, cases, seconds, { ...options, env });
}

/** As `runScenarioOnOldestKernel`, in QEMU with a newer kernel: lab/qemu.ts says how to write a scenario for it. */
export async function runScenarioInQemu(
  t: ExecutionContext,
  file: string,
  cases: number,
  seconds = 120,
  options: MachineOptions = {},
): Promise<void> {
  t.timeout(310_000);
  await setUpNewerKernel();
  await runScenarioOfPackage(t, runInQemu, file, cases, seconds, options);
}

/** As `runScenarioOnOldestKernel`, in a Debian (`root`) that is booted on the machine's own kernel: lab/container.ts. */
export function runScenarioInContainer(
  t: ExecutionContext,
  file: string,
  cases: number,
  seconds: number,
  options: MachineOptions,
): Promise<void> {
  return runScenario(t, runInContainer, file, cases, seconds, options);
}

/** As `runScenarioInQemu`, with the switch ASIC of lab/asic.ts, whose kernel `setUpAsic` has put there. */
export function runScenarioWithAsic(
  t: ExecutionContext,
  file: string,
  cases: number,
  seconds = 120,
  options: MachineOptions = {},
): Promise<void> {
  return runScenarioOfPackage(t, runInQemuWithAsic, file, cases, seconds, options);
}
