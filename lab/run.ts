/**
 * `npm run lab`: two evpnd leaves, a leaf of FRR and a spine of FRR, hosts in two VNIs behind each leaf. Shows that
 * every host reaches every other in its VNI, prints what kernel and REST API hold, and stays until Ctrl-C.
 *
 *   --once           exit 0 after the proof
 *   --engine frr     FRR on every leaf, to see what it does with the same fabric
 *   --mode MODE      traditional | vlan-aware; what the kernel can do when absent
 *   --help           says this
 */
import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { waitUntilConverged } from './converge.js';
import { Fabric } from './fabric.js';
import type { BridgeMode, LeafEngine } from './plan.js';
import { bestMode, whyNot } from './probe.js';
import { hints, leafReport } from './report.js';

const started = performance.now();
// Straight to the file descriptor: a pipe that is written to asynchronously loses its end when the process exits.
const say = (text: string): void => void writeSync(1, `${text}\n`);
const progress = (step: string): void =>
  say(`[${((performance.now() - started) / 1_000).toFixed(1).padStart(5)} s] ${step}`);

function fail(reason: string): never {
  writeSync(2, `lab: ${reason}\n`);
  process.exit(1);
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const match = allowed.find((each) => each === value);
  return match ?? fail(`--${option} ${value}: expected one of ${allowed.join(', ')}`);
}

function options(): { once: boolean; engine: LeafEngine; mode: BridgeMode | undefined } {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        engine: { type: 'string', default: 'evpnd' },
        mode: { type: 'string' },
      },
    });
    return {
      once: values.once,
      engine: oneOf('engine', values.engine, ['evpnd', 'frr']),
      mode:
        values.mode === undefined
          ? undefined
          : oneOf<BridgeMode>('mode', values.mode, ['traditional', 'vlan-aware']),
    };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const { once, engine, mode: wanted } = options();
  const reason = whyNot(['ip', 'bridge', 'ping', 'sysctl', 'vtysh']);
  if (reason) fail(reason);
  const mode = wanted ?? (await bestMode());
  progress(`two leaves of ${engine}, one of FRR, one FRR spine; ${mode} bridges`);
  const fabric = await Fabric.create(
    {
      leaves: [
        { engine, mode },
        { engine, mode },
        { engine: 'frr', mode },
      ],
    },
    progress,
  );
  try {
    await waitUntilConverged(fabric, progress);
    for (const leaf of fabric.plan.leaves) say(`\n${await leafReport(fabric, leaf)}`);
    say(`\nlook around:\n${hints(fabric)}`);
    if (once) {
      progress('proven');
      return;
    }
    say('\nup until Ctrl-C');
    const keepAlive = setInterval(() => {}, 60_000);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    clearInterval(keepAlive);
  } finally {
    await fabric.remove();
    progress('removed');
  }
}

await main().catch((error: Error) => fail(error.message));
