/**
 * A script inside QEMU with the kernel of Debian trixie (Linux 6.12), on the host's own root file system, copy-on-write:
 * for what the host's kernel and user-mode-linux lack, such as bonds with LACP, locked ports, VRFs and VXLAN MDBs. Boots
 * in five seconds, with one CPU, which QEMU emulates (TCG, never KVM): some ten times slower than the machine.
 *
 * A scenario is a file of test/lab named `…-scenario.ts`, which a test beside it names:
 *
 *     test('what a bond does', (t) => runScenarioInQemu(t, 'bond-scenario.js', 3, 100));
 *
 * 3 is the number of its cases and 100 the seconds that it may take. Inside, it is root in a machine of its own with the
 * host's files and programs at their paths (node, the checkout, FRR 8 and, after `setUpFrr10`, FRR 10), so that it builds
 * fabrics by `Fabric.create` and namespaces by `ip` as elsewhere. `ip`, `bridge`, `tc` and `nft` are those of trixie. All
 * that it writes is in memory and gone afterwards; there is no network. Modules that commands do not load by themselves
 * are loaded by `modprobe`. It calls `runCases`, which prints a line for each case. While a scenario is being written,
 * `EVPND_SCENARIO_LOG=1` shows what it writes to standard error also where it passes.
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
import { run } from './process.js';
import { sourceFile } from './sources.js';

const program = '/usr/bin/qemu-system-x86_64';
/** Where lab/newer-kernel.sh puts kernel and tools: kept from one run to the next, outside the repository. */
const folder = '/var/cache/evpnd-lab/kernel';

/** A folder of the host as 9p device. */
const share = (tag: string, path: string, more: string): string[] => [
  '-fsdev',
  `local,id=${tag},path=${path},security_model=none,multidevs=remap${more}`,
  '-device',
  `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
];

/** A rocker switch; a pair of sockets is the cable between a port and a network card. */
function rocker(run: string, ports: number): string[] {
  if (ports === 0) return [];
  const args: string[] = [];
  const wired: string[] = [];
  for (let port = 0; port < ports; port++) {
    const [near, far] = ['near', 'far'].map((end) => join(run, 'machine', `${end}${port}`));
    const dgram = (id: string, own: string, other: string) =>
      `dgram,id=${id},local.type=unix,local.path=${own},remote.type=unix,remote.path=${other}`;
    args.push('-netdev', dgram(`near${port}`, near, far), '-netdev', dgram(`far${port}`, far, near));
    args.push('-device', `virtio-net-pci,netdev=far${port},romfile=`);
    wired.push(`ports[${port}]=near${port}`);
  }
  // The length of the list has to be known before its items, and -device keeps no order
  return [
    ...args,
    '-global',
    `rocker.len-ports=${ports}`,
    '-device',
    ['rocker', 'name=sw1', ...wired].join(),
  ];
}

/** Machines with the kernel, the modules and the initramfs of a folder, and first of all programs those in its bin/. */
const qemu = (folder: string): MachineKind => ({
  name: 'QEMU',
  short: 'qemu',
  pace: 4,
  path: [join(folder, 'bin')],
  boot: (run, { memory = LEAST_MEMORY, rockerPorts = 0, countsInstructions = false }) => ({
    command: program,
    args: [
      ...[
        '-M',
        'pc',
        '-accel',
        countsInstructions ? 'tcg,thread=single' : 'tcg,thread=multi',
        '-cpu',
        'Nehalem,+rdrand',
        '-smp',
        '1',
        '-m',
        memory,
      ],
      ...(countsInstructions ? ['-icount', 'shift=0'] : []),
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
      ...['-pidfile', join(run, 'machine', 'lab', 'pid')],
      ...['-kernel', join(folder, 'kernel'), '-initrd', join(folder, 'initramfs.gz'), '-append'],
      [
        ...['console=ttyS0', 'quiet', 'loglevel=3', 'panic=-1', 'mitigations=off', 'nokaslr', 'tsc=reliable'],
        ...['random.trust_cpu=on', `EVPND_RUN=${run}`, `EVPND_MODULES=${folder}/modules`],
      ].join(' '),
      ...share('host', '/', ',readonly=on'),
      ...share('shared', '/', ''),
      ...rocker(run, rockerPorts),
    ],
  }),
});

/** Downloads the kernel; does nothing where it stands already. Rejects with what was missing. */
export async function setUpNewerKernel(): Promise<void> {
  await run('bash', [sourceFile('newer-kernel.sh'), folder], { timeout: 300_000 });
}

/**
 * Runs a Node script in QEMU, as `runInMachine` does.
 * @throws Error when there is no QEMU, or no kernel and none to be had.
 */
export async function runInQemu(
  script: string,
  args: readonly string[] = [],
  options: MachineOptions = {},
): Promise<MachineResult> {
  await setUpNewerKernel();
  return await runInQemuOf(folder, script, args, options);
}

/** The same with the kernel of a folder that is there. */
export async function runInQemuOf(
  folder: string,
  script: string,
  args: readonly string[],
  options: MachineOptions,
): Promise<MachineResult> {
  if (!existsSync(program)) throw new Error(`no ${program}: apt-get install qemu-system-x86`);
  return await runInMachine(qemu(folder), script, args, options);
}
