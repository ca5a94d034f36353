import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pace } from '../../lab/index.js';
import type { Kernel } from '../../src/dataplane/index.js';
import { native } from '../../src/linux/index.js';
import { formatIp, formatMac, type Ip, type Mac, macToBytes, type Vni } from '../../src/types/index.js';
import type { DeviceKind, VniDevices, World } from '../dataplane/kernel-contract.js';

/** Runs `ip` or `bridge` with these words, split at spaces; throws with what it said where it fails. */
export function run(line: string): string {
  const [command, ...words] = line.trim().split(/\s+/);
  return execFileSync(command, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
}

/** Many commands of `ip` or `bridge` in one process. */
export function batch(command: 'ip' | 'bridge', lines: readonly string[], force = false): void {
  const result = spawnSync(command, [...(force ? ['-force'] : []), '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  if (result.status !== 0 && !force) throw new Error(`${command} -batch: ${result.stderr}`);
}

/** What a command prints with -j, parsed. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is iproute2's
export function json(line: string): any[] {
  return JSON.parse(run(line) || '[]');
}

/** The ifindex of a device of this network namespace. */
export function ifindex(name: string): number {
  return json(`ip -j link show dev ${name}`)[0].ifindex;
}

function family(ip: Ip): string {
  return typeof ip === 'number' ? 'ip -4' : 'ip -6';
}

const AF_PACKET = 17;

/** Sends a broadcast frame with this source address. */
export function sendFrame(fromIfindex: number, source: Mac): void {
  const frame = Buffer.alloc(60);
  frame.fill(0xff, 0, 6);
  macToBytes(source, frame, 6);
  frame.writeUInt16BE(0x88b5, 12);
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(fromIfindex, 4);
  const socket = new (native().RawSocket)(AF_PACKET, 3, 0);
  const sent = socket.sendTo(frame, 0, frame.length, address);
  socket.close();
  if (sent !== frame.length) throw new Error(`sending a frame: ${sent}`);
}

/** A World on the network namespace that this process is in; the foreigner is iproute2. */
export class LinuxWorld implements World {
  #made = 0;
  readonly #names = new Map<VniDevices, { bridge: string; vxlan: string; access: string }>();

  constructor(readonly kernel: Kernel) {}

  async addVni(vni: Vni, localVtep: Ip, device: DeviceKind = 'own'): Promise<VniDevices> {
    const n = ++this.#made;
    const names = { bridge: `cbr${n}`, vxlan: `cvx${n}`, access: `cac${n}` };
    batch('ip', [
      'link set lo up',
      `addr replace ${formatIp(localVtep)} dev lo`,
      `link add ${names.bridge} type bridge ageing_time 300000`,
      `link set ${names.bridge} up`,
      `link add ${names.vxlan} type vxlan ${device === 'own' ? `id ${vni}` : 'external'} dstport 4789 local ${formatIp(localVtep)} nolearning`,
      `link set ${names.vxlan} master ${names.bridge} up`,
      `link set ${names.vxlan} type bridge_slave learning off`,
      `link add ${names.access} type veth peer name ${names.access}p`,
      `link set ${names.access} master ${names.bridge} up`,
      `link set ${names.access}p up`,
    ]);
    const devices = {
      vni,
      bridgeIfindex: ifindex(names.bridge),
      vxlanIfindex: ifindex(names.vxlan),
      accessIfindex: ifindex(names.access),
      srcVni: device === 'own' ? 0 : vni,
    };
    this.#names.set(devices, names);
    return devices;
  }

  async removeVni(devices: VniDevices): Promise<void> {
    const { bridge, vxlan, access } = this.#name(devices);
    this.#names.delete(devices);
    batch('ip', [`link del ${vxlan}`, `link del ${access}`, `link del ${bridge}`]);
  }

  /** By a frame from the host's side, since `bridge fdb replace` would leave flags that learning takes away. */
  async addLocalMac(devices: VniDevices, mac: Mac): Promise<void> {
    const { access, bridge } = this.#name(devices);
    sendFrame(ifindex(`${access}p`), mac);
    for (let tries = 0; tries < 200 * pace; tries++) {
      if (run(`bridge fdb show br ${bridge} brport ${access}`).includes(formatMac(mac))) return;
      await sleep(5);
    }
    throw new Error(`${access} has not learned ${formatMac(mac)}`);
  }

  async sendFrame(devices: VniDevices, mac: Mac): Promise<void> {
    sendFrame(ifindex(`${this.#name(devices).access}p`), mac);
  }

  async deleteBridgeRow(devices: VniDevices, port: number, mac: Mac): Promise<void> {
    const { vxlan, access } = this.#name(devices);
    run(`bridge fdb del ${formatMac(mac)} dev ${port === devices.vxlanIfindex ? vxlan : access} master`);
  }

  async deleteVxlanRow(devices: VniDevices, mac: Mac, dst: Ip): Promise<void> {
    run(`bridge fdb del ${formatMac(mac)} dev ${this.#name(devices).vxlan} self dst ${formatIp(dst)}`);
  }

  async overwriteVxlanRow(devices: VniDevices, mac: Mac, dst: Ip): Promise<void> {
    const row = `${formatMac(mac)} dev ${this.#name(devices).vxlan} self dst ${formatIp(dst)}`;
    run(`bridge fdb replace ${row} dynamic extern_learn`);
  }

  async addNeigh(devices: VniDevices, ip: Ip, mac: Mac): Promise<void> {
    const { bridge } = this.#name(devices);
    run(`${family(ip)} neigh replace ${formatIp(ip)} lladdr ${formatMac(mac)} dev ${bridge} nud reachable`);
  }

  setBridgeRow(devices: VniDevices, port: number, mac: Mac): void {
    const { vxlan, access } = this.#name(devices);
    const device = port === devices.vxlanIfindex ? vxlan : access;
    // Not replace: that leaves the mark of a row that stands
    const row = `${formatMac(mac)} dev ${device} master`;
    run(`bridge fdb add ${row} static`);
  }

  setVxlanRow(devices: VniDevices, mac: Mac, dst: Ip): void {
    const row = `${formatMac(mac)} dev ${this.#name(devices).vxlan} self dst ${formatIp(dst)}`;
    run(`bridge fdb replace ${row} static`);
  }

  setNeigh(devices: VniDevices, ip: Ip, mac: Mac): void {
    const row = `${formatIp(ip)} lladdr ${formatMac(mac)} dev ${this.#name(devices).bridge}`;
    run(`${family(ip)} neigh replace ${row} nud permanent`);
  }

  async deleteNeigh(devices: VniDevices, ip: Ip): Promise<void> {
    run(`${family(ip)} neigh del ${formatIp(ip)} dev ${this.#name(devices).bridge}`);
  }

  async flap(devices: VniDevices): Promise<void> {
    const { vxlan } = this.#name(devices);
    batch('ip', [`link set ${vxlan} down`, `link set ${vxlan} up`]);
  }

  async settle(): Promise<void> {
    await sleep(5);
  }

  async close(): Promise<void> {
    this.kernel.close();
    for (const { bridge, vxlan, access } of this.#names.values())
      batch('ip', [`link del ${vxlan}`, `link del ${access}`, `link del ${bridge}`], true);
  }

  #name(devices: VniDevices) {
    const names = this.#names.get(devices);
    if (!names) throw new Error(`no devices of VNI ${devices.vni}`);
    return names;
  }
}
