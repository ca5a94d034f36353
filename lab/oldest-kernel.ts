/**
 * A script on the oldest kernel with VLAN filtering that boots here: user-mode-linux 6.1, and QEMU's 6.12 where the
 * processor has AMX, whose registers user-mode-linux 6.1 has no room for and panics at boot (put_fp_registers,
 * arch/x86/um/os-Linux/registers.c). `EVPND_OLDEST_KERNEL=qemu` takes QEMU's on every machine, so that what runs on
 * those with AMX can be tried without one.
 */
import { readFileSync } from 'node:fs';
import type { MachineOptions, MachineResult } from './machine.js';
import { runInQemu } from './qemu.js';
import { runInUml } from './uml.js';

const umlBoots =
  process.env.EVPND_OLDEST_KERNEL !== 'qemu' && !/\bamx_tile\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));

/** What `runOnOldestKernel` takes more time than user-mode-linux, which timeouts are given for. */
export const slowness = umlBoots ? 1 : 3;

/** Runs a Node script on that kernel, as `runInMachine` does; `timeout` is that of user-mode-linux. */
export async function runOnOldestKernel(
  script: string,
  args: readonly string[] = [],
  options: MachineOptions = {},
): Promise<MachineResult> {
  const { timeout = 120_000 } = options;
  return await (umlBoots ? runInUml : runInQemu)(script, args, { ...options, timeout: timeout * slowness });
}
