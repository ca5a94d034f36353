import { type Ip, MAC_ZERO, type Mac } from '../types/index.js';
import type { KnownRows } from './kernel.js';
import { inner } from './nested-map.js';
import { type BridgeFdbRow, isLocalNeigh, type NeighRow, type VxlanFdbRow } from './rows.js';

/** A bridge row with the number of its stay on this port: a MAC that left and came back has another epoch. */
export interface MirroredBridgeRow extends BridgeFdbRow {
  readonly epoch: number;
}

/** A neighbour row with the number of its stay as a local one with this MAC; 0 while it is none. */
export interface MirroredNeighRow extends NeighRow {
  readonly epoch: number;
}

/** Tables of numbers need one number for (bridge, vlan): VLAN ids take 12 bits. */
export function domainKey(bridgeIfindex: number, vlan: number): number {
  return bridgeIfindex * 4096 + vlan;
}

/** One number for (device, source VNI): VNIs take 24 bits. */
export function deviceKey(ifindex: number, srcVni: number): number {
  return ifindex * 0x1000000 + srcVni;
}

/** What the kernel holds, as far as it told: rows only, no judgement. Every row counts, of devices we know or not. */
export class KernelMirror implements KnownRows {
  readonly #bridge = new Map<number, Map<Mac, MirroredBridgeRow>>();
  /** How many rows a port has in which (bridge, vlan): finds a port's rows without a second index of rows. */
  readonly #portDomains = new Map<number, Map<number, number>>();
  readonly #vxlan = new Map<number, Map<Mac, VxlanFdbRow>>();
  readonly #defaults = new Map<number, Map<Ip, VxlanFdbRow>>();
  readonly #deviceKeys = new Map<number, Set<number>>();
  readonly #neigh = new Map<number, Map<Ip, MirroredNeighRow>>();
  #epoch = 0;

  /** A number that no row has or had. */
  nextEpoch(): number {
    return ++this.#epoch;
  }

  /** The row of this MAC, if any. */
  bridgeRow(bridgeIfindex: number, vlan: number, mac: Mac): MirroredBridgeRow | undefined {
    return this.#bridge.get(domainKey(bridgeIfindex, vlan))?.get(mac);
  }

  /** Every row of one (bridge, vlan). */
  bridgeRows(bridgeIfindex: number, vlan: number): Iterable<MirroredBridgeRow> {
    return this.#bridge.get(domainKey(bridgeIfindex, vlan))?.values() ?? [];
  }

  vxlanRow(ifindex: number, srcVni: number, mac: Mac): VxlanFdbRow | undefined {
    return this.#vxlan.get(deviceKey(ifindex, srcVni))?.get(mac);
  }

  vxlanRows(ifindex: number, srcVni: number): Iterable<VxlanFdbRow> {
    return this.#vxlan.get(deviceKey(ifindex, srcVni))?.values() ?? [];
  }

  defaultRow(ifindex: number, srcVni: number, dst: Ip): VxlanFdbRow | undefined {
    return this.#defaults.get(deviceKey(ifindex, srcVni))?.get(dst);
  }

  defaultRows(ifindex: number, srcVni: number): Iterable<VxlanFdbRow> {
    return this.#defaults.get(deviceKey(ifindex, srcVni))?.values() ?? [];
  }

  neighRow(ifindex: number, ip: Ip): MirroredNeighRow | undefined {
    return this.#neigh.get(ifindex)?.get(ip);
  }

  neighRowsOf(ifindex: number): Iterable<MirroredNeighRow> {
    return this.#neigh.get(ifindex)?.values() ?? [];
  }

  /** Stores the row and returns the one that it replaces; the same object where nothing changed. */
  putBridge(row: BridgeFdbRow): { before: MirroredBridgeRow | undefined; after: MirroredBridgeRow } {
    const key = domainKey(row.bridgeIfindex, row.vlan);
    const rows = inner(this.#bridge, key);
    const before = rows.get(row.mac);
    if (before && before.port === row.port && before.state === row.state && before.flags === row.flags)
      return { before, after: before };
    const stays = before !== undefined && before.port === row.port;
    if (!stays) {
      if (before) this.#countPort(before.port, key, -1);
      this.#countPort(row.port, key, 1);
      this.#epoch++;
    }
    const after: MirroredBridgeRow = {
      bridgeIfindex: row.bridgeIfindex,
      vlan: row.vlan,
      mac: row.mac,
      port: row.port,
      state: row.state,
      flags: row.flags,
      epoch: stays ? before.epoch : this.#epoch,
    };
    rows.set(row.mac, after);
    return { before, after };
  }

  /** Forgets the row if it still points to that port, and returns it. */
  dropBridge(bridgeIfindex: number, vlan: number, mac: Mac, port: number): MirroredBridgeRow | undefined {
    const key = domainKey(bridgeIfindex, vlan);
    const rows = this.#bridge.get(key);
    const before = rows?.get(mac);
    if (!rows || before?.port !== port) return undefined;
    rows.delete(mac);
    if (rows.size === 0) this.#bridge.delete(key);
    this.#countPort(port, key, -1);
    return before;
  }

  /** Stores the row; returns false where nothing changed. */
  putVxlan(row: VxlanFdbRow): boolean {
    const key = deviceKey(row.ifindex, row.srcVni);
    let keys = this.#deviceKeys.get(row.ifindex);
    if (!keys) {
      keys = new Set();
      this.#deviceKeys.set(row.ifindex, keys);
    }
    keys.add(key);
    if (row.mac === MAC_ZERO) {
      if (row.dst === undefined) return false;
      const rows = inner(this.#defaults, key);
      const before = rows.get(row.dst);
      rows.set(row.dst, row);
      return before?.state !== row.state || before.flags !== row.flags;
    }
    const rows = inner(this.#vxlan, key);
    const before = rows.get(row.mac);
    if (
      before !== undefined &&
      before.dst === row.dst &&
      before.nexthopId === row.nexthopId &&
      before.state === row.state &&
      before.flags === row.flags
    )
      return false;
    rows.set(row.mac, row);
    return true;
  }

  /** Forgets the row; returns false where there was none. */
  dropVxlan(ifindex: number, srcVni: number, mac: Mac, dst: Ip | undefined): boolean {
    const key = deviceKey(ifindex, srcVni);
    if (mac !== MAC_ZERO) return this.#vxlan.get(key)?.delete(mac) ?? false;
    return dst !== undefined && (this.#defaults.get(key)?.delete(dst) ?? false);
  }

  /** Stores the row and returns the one that it replaces; `newEpoch` is that of a stay that begins, 0 for the next. */
  putNeigh(row: NeighRow, newEpoch = 0): { before: MirroredNeighRow | undefined; after: MirroredNeighRow } {
    const rows = inner(this.#neigh, row.ifindex);
    const before = rows.get(row.ip);
    let epoch = 0;
    if (isLocalNeigh(row))
      epoch = isLocalNeigh(before) && before.mac === row.mac ? before.epoch : newEpoch || this.nextEpoch();
    const after: MirroredNeighRow = {
      ifindex: row.ifindex,
      ip: row.ip,
      mac: row.mac,
      state: row.state,
      flags: row.flags,
      protocol: row.protocol,
      epoch,
    };
    rows.set(row.ip, after);
    return { before, after };
  }

  /** Forgets the row and returns it. */
  dropNeigh(ifindex: number, ip: Ip): MirroredNeighRow | undefined {
    const rows = this.#neigh.get(ifindex);
    const before = rows?.get(ip);
    rows?.delete(ip);
    return before;
  }

  /** Forgets the rows of every device that exists no more: the kernel does not name each of them. */
  keepDevices(existing: ReadonlySet<number>): void {
    const known = [...this.#portDomains.keys(), ...this.#deviceKeys.keys(), ...this.#neigh.keys()];
    for (const ifindex of known) if (!existing.has(ifindex)) this.dropDevice(ifindex);
  }

  /** Forgets every row that points to this device. */
  dropDevice(ifindex: number): void {
    for (const row of [...this.bridgeRowsOfPort(ifindex)])
      this.dropBridge(row.bridgeIfindex, row.vlan, row.mac, ifindex);
    for (const key of this.#deviceKeys.get(ifindex) ?? []) {
      this.#vxlan.delete(key);
      this.#defaults.delete(key);
    }
    this.#deviceKeys.delete(ifindex);
    this.#neigh.delete(ifindex);
  }

  *bridgeRowsOfPort(port: number): Iterable<MirroredBridgeRow> {
    for (const key of this.#portDomains.get(port)?.keys() ?? [])
      for (const row of this.#bridge.get(key)?.values() ?? []) if (row.port === port) yield row;
  }

  *vxlanRowsOfDevice(ifindex: number): Iterable<VxlanFdbRow> {
    for (const key of this.#deviceKeys.get(ifindex) ?? []) {
      yield* this.#vxlan.get(key)?.values() ?? [];
      yield* this.#defaults.get(key)?.values() ?? [];
    }
  }

  *neighRows(): Iterable<MirroredNeighRow> {
    for (const rows of this.#neigh.values()) yield* rows.values();
  }

  #countPort(port: number, key: number, change: 1 | -1): void {
    const domains = inner(this.#portDomains, port);
    const count = (domains.get(key) ?? 0) + change;
    if (count > 0) domains.set(key, count);
    else domains.delete(key);
    if (domains.size === 0) this.#portDomains.delete(port);
  }
}
