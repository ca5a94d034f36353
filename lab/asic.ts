/**
 * A switch on a machine without one: QEMU with the kernel of Debian 12 (Linux 6.1), for which the module of lab/asic is
 * built, a switch ASIC that is none. `runInQemuWithAsic` runs a scenario there as `runInQemu` does elsewhere; inside, an
 * `Asic` is what a scenario has in its hand.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fabric } from './fabric.js';
import { hostSetup, portSetup } from './kernel-setup.js';
import type { MachineOptions, MachineResult } from './machine.js';
import { attempt, run } from './process.js';
import { runInQemuOf } from './qemu.js';
import { sourceFile } from './sources.js';

/** Where lab/asic-kernel.sh puts kernel and module: kept from one run to the next, outside the repository. */
const folder = '/var/cache/evpnd-lab/asic';
const parameters = '/sys/module/evpnd_asic/parameters';
const debugfs = '/sys/kernel/debug';
const debug = join(debugfs, 'evpnd_asic');
const net = '/sys/class/net';

/** Downloads the kernel and builds the module; does nothing where both stand. Rejects with what was missing. */
export async function setUpAsic(): Promise<void> {
  await run('bash', [sourceFile('asic-kernel.sh'), folder], { timeout: 300_000 });
}

/** Runs a Node script in QEMU with that kernel, as `runInMachine` does. */
export async function runInQemuWithAsic(
  script: string,
  args: readonly string[] = [],
  options: MachineOptions = {},
): Promise<MachineResult> {
  await setUpAsic();
  return await runInQemuOf(folder, script, args, options);
}

/** What the chip does otherwise than take everything at once. */
export type AsicParameter = 'limit' | 'flood_limit' | 'veto' | 'fixed' | 'delay_ms' | 'learn';

/** The pretended ASIC of this machine: lab/asic/evpnd_asic.c says what it does. */
export class Asic {
  private constructor() {}

  /** Loads the module, inside a machine of `runInQemuWithAsic`; in sysfs its driver has that name. */
  static async load(ports: number, driver = 'evpnd_asic'): Promise<Asic> {
    await mountDebugfs();
    await run('insmod', [join(folder, 'evpnd_asic.ko'), `ports=${ports}`, `driver=${driver}`]);
    return new Asic();
  }

  /** Takes it out, with its ports, wherever they are; `load` puts another in its place. */
  async unload(): Promise<void> {
    await run('rmmod', ['evpnd_asic']);
  }

  /** Sets a parameter from now on. */
  set(parameter: AsicParameter, value: number | 'Y' | 'N'): void {
    writeFileSync(join(parameters, parameter), String(value));
  }

  /** Addresses in the chip. */
  get used(): number {
    return Number(readFileSync(join(parameters, 'used'), 'utf8'));
  }

  /** `learn PORT MAC VLAN`, `age PORT MAC VLAN` or `lose MAC`; PORT counts from 1. @throws Error when it fails. */
  command(command: string): void {
    writeFileSync(join(debug, 'command'), command);
  }

  /** What is in the chip, one line each. */
  table(): string[] {
    return lines(join(debug, 'table'));
  }

  /** The notifications of bridges and VXLAN devices since the last `forgetEvents`, in their order, one line each. */
  events(): string[] {
    return lines(join(debug, 'events'));
  }

  forgetEvents(): void {
    writeFileSync(join(debug, 'events'), '\n');
  }

  /** Puts a host of a fabric behind a port of the switch. */
  async plugIn(fabric: Fabric, hostName: string, port: number): Promise<void> {
    await plugIn(fabric, hostName, `swp${port}`, `swp${port}-host`);
  }
}

/**
 * Loads the driver of a rocker switch (`rockerPorts` of a machine's options) and resolves with its ports, each with the
 * network card at its other end.
 */
export async function loadRocker(): Promise<{ readonly near: string; readonly far: string }[]> {
  await run('modprobe', ['virtio_net']);
  await run('insmod', [join(folder, 'rocker.ko')]);
  const devices = readdirSync(net).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const isPort = (name: string) => {
    try {
      return readFileSync(join(net, name, 'phys_switch_id'), 'utf8').trim() !== '';
    } catch {
      // Of a device that is no port it cannot be read
      return false;
    }
  };
  const isCard = (name: string) => existsSync(join(net, name, 'device', 'features')) && !isPort(name);
  const cards = devices.filter(isCard);
  return devices.filter(isPort).map((near, i) => ({ near, far: cards[i] }));
}

/**
 * Loads netdevsim with a device of one port. It takes every route of this network namespace as a switch ASIC would, be it by
 * whatever device: as `trap`, or not at all while it refuses them.
 */
export async function loadNetdevsim(): Promise<{ refuseRoutes(on: boolean): void }> {
  await mountDebugfs();
  await run('modprobe', ['psample']);
  await run('insmod', [join(folder, 'netdevsim.ko')]);
  writeFileSync('/sys/bus/netdevsim/new_device', '1 1');
  return {
    refuseRoutes: (on) =>
      writeFileSync(join(debugfs, 'netdevsim/netdevsim1/fib/fail_route_offload'), on ? 'Y' : 'N'),
  };
}

/**
 * Puts a host of a fabric behind another device, which is its leaf's port from then on, under the name that the plan gives;
 * `far` is the other end.
 */
export async function plugIn(fabric: Fabric, hostName: string, near: string, far: string): Promise<void> {
  const host = fabric.host(hostName);
  const leaf = fabric.leaf(host.leaf);
  const move = (node: string) => (node === fabric.plan.inPlace ? [] : ['netns', fabric.namespace(node)]);
  // It is gone already where it went with its switch
  await attempt('ip', ['-n', fabric.namespace(leaf.name), 'link', 'del', host.port]);
  await run('ip', ['link', 'set', near, 'name', host.port, ...move(leaf.name)]);
  await run('ip', ['link', 'set', far, 'name', 'eth0', ...move(hostName)]);
  await fabric.apply(leaf.name, portSetup(leaf, host));
  const setup = hostSetup(host, leaf);
  await fabric.apply(hostName, { ...setup, ip: [`link set eth0 address ${host.mac}`, ...setup.ip] });
}

async function mountDebugfs(): Promise<void> {
  if (readdirSync(debugfs).length === 0) await run('mount', ['-t', 'debugfs', 'debugfs', debugfs]);
}

function lines(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
