/**
 * A script inside user-mode-linux (Debian package user-mode-linux): the oldest kernel that evpnd serves (6.1), with VLAN
 * filtering, VLAN devices and VRF, on the host's own root file system, copy-on-write. Boots in three seconds; has one CPU
 * and slow execs. `lab/qemu.ts` has a newer kernel with more in it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  LEAST_MEMORY,
  type MachineKind,
  type MachineOptions,
  type MachineResult,
  runInMachine,
} from './machine.js';

const kernel = '/usr/bin/linux.uml';

const uml: MachineKind = {
  name: 'user-mode-linux',
  short: 'uml',
  pace: 1,
  path: [],
  boot: (run, { memory = LEAST_MEMORY }) => ({
    command: kernel,
    args: [
      ...[`mem=${memory}`, `uml_dir=${join(run, 'machine')}/`, 'umid=lab'],
      ...['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'rw', `init=${join(run, 'init')}`],
      ...[`EVPND_RUN=${run}`, 'EVPND_MODULES=/usr/lib/uml/modules'],
      ...['con=null', 'con0=null,fd:1', 'console=tty0', 'quiet', 'loglevel=1', 'panic=1'],
    ],
    // Its memory is a file, unlinked at once.
    env: { TMPDIR: existsSync('/dev/shm') ? '/dev/shm' : run },
  }),
};

/**
 * Runs a Node script in user-mode-linux, as `runInMachine` does.
 * @throws Error when there is no user-mode-linux to boot.
 */
export async function runInUml(
  script: string,
  args: readonly string[] = [],
  options: MachineOptions = {},
): Promise<MachineResult> {
  if (!existsSync(kernel)) throw new Error(`no ${kernel}: apt-get install user-mode-linux`);
  return await runInMachine(uml, script, args, options);
}
