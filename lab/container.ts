/**
 * A script in a Debian that is booted on this machine's own kernel, beside its own system: systemd is process 1 of namespaces of
 * its own. Boots in a second and is as fast as the machine.
 */
import { join } from 'node:path';
import { type MachineKind, type MachineOptions, type MachineResult, runInMachine } from './machine.js';

const container: MachineKind = {
  name: 'container',
  short: 'box',
  pace: 1,
  init: 'container-init.sh',
  path: [],
  boot: (run, { root = [] }) => ({
    command: 'unshare',
    args: ['--mount', 'sh', join(run, 'init')],
    env: { EVPND_RUN: run, EVPND_LOWER: root.join(':') },
  }),
};

/** Runs a Node script in the Debian that `root` of the options makes, as `runInMachine` does; its memory is the machine's. */
export async function runInContainer(
  script: string,
  args: readonly string[] = [],
  options: MachineOptions = {},
): Promise<MachineResult> {
  if (options.root === undefined) throw new Error('a container boots a Debian of its own: give it a root');
  return await runInMachine(container, script, args, options);
}
