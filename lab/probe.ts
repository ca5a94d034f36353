/** What this machine can do, asked before a fabric is built on it. */
import { existsSync, readFileSync } from 'node:fs';
import type { BridgeMode } from './plan.js';
import { attempt } from './process.js';

/** Programs of the lab and the Debian packages they come in. */
const programs = {
  ip: 'iproute2',
  bridge: 'iproute2',
  ping: 'iputils-ping',
  sysctl: 'procps',
  vtysh: 'frr',
  tcpdump: 'tcpdump',
  tshark: 'tshark',
  gobgpd: 'gobgpd',
  exabgp: 'exabgp',
  'linux.uml': 'user-mode-linux',
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
} as const;
export type Program = keyof typeof programs;

/** The first reason why the lab cannot run here with these programs, and the cure; undefined when it can. */
export function whyNot(needed: readonly Program[]): string | undefined {
  if (process.getuid?.() !== 0) return 'namespaces need root: run it as root';
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`.split(':');
  for (const program of needed) {
    if (path.some((folder) => existsSync(`${folder}/${program}`))) continue;
    return `no ${program}: apt-get install ${programs[program]} (or bash scripts/setup.sh)`;
  }
  return undefined;
}

/** True inside user-mode-linux. */
export function isUml(): boolean {
  return readFileSync('/proc/cpuinfo', 'utf8').includes('User Mode Linux');
}

/** Whether this kernel has VLAN filtering bridges and VLAN devices; tried in a namespace that goes at once. */
export async function supportsVlanAware(): Promise<boolean> {
  const commands = [
    'ip link add br0 type bridge vlan_filtering 1',
    'ip link set br0 up',
    'bridge vlan add dev br0 vid 10 self',
    'ip link add link br0 name br0.10 type vlan id 10',
  ];
  const { code } = await attempt('unshare', ['--net', 'sh', '-c', commands.join(' && ')]);
  return code === 0;
}

/** The richest bridge mode that this kernel has and every daemon of the lab speaks. */
export async function bestMode(): Promise<BridgeMode> {
  return (await supportsVlanAware()) ? 'vlan-aware' : 'traditional';
}
