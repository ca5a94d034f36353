import { innerMap } from '../tables/index.js';
import { type Ip, MAC_ZERO, type Mac } from '../types/index.js';
import { BridgeRows, type MirroredBridgeRow } from './bridge-rows.js';
import type { KnownRows } from './kernel.js';
import { type MirroredNeighRow, NeighRows } from './neigh-rows.js';
import { OtherTables } from './other-tables.js';
import { isLocalNeigh, isUsableHere } from './ownership.js';
import { RouteRows } from './route-rows.js';
import type { BridgeFdbRow, NeighRow, NexthopRow, RouteRow, VxlanFdbRow } from './rows.js';
import { VxlanRows } from './vxlan-rows.js';

/** Tables of numbers need one number for (bridge, vlan): VLAN ids take 12 bits. */
export function domainKey(bridgeIfindex: number, vlan: number): number {
  return bridgeIfindex * 4096 + vlan;
}

/** One number for (device, source VNI): VNIs take 24 bits. */
export function deviceKey(ifindex: number, srcVni: number): number {
  return ifindex * 0x1000000 + srcVni;
}

/** What one (device, source VNI) holds. */
interface VxlanTables {
  readonly macs: VxlanRows;
  /** Of the all-zero MAC. */
  readonly defaults: Map<Ip, VxlanFdbRow>;
}

/**
 * What the kernel holds, as far as it has reported: rows only, no judgement. Every row counts, of devices we know or not. Rows
 * are given out as copies, which do not follow what happens later.
 */
export class KernelMirror implements KnownRows {
  readonly #bridge = new Map<number, BridgeRows>();
  /** How many rows a port has in which (bridge, vlan): finds a port's rows without a second index of rows. */
  readonly #portDomains = new Map<number, Map<number, number>>();
  /** By ifindex, then by source VNI. */
  readonly #vxlan = new Map<number, Map<number, VxlanTables>>();
  readonly #neigh = new Map<number, NeighRows>();
  /** Nexthops, and our routes. */
  readonly routes = new RouteRows();
  /** Routes that others wrote. */
  readonly others = new OtherTables();
  #epoch = 0;

  /** Tables of rows: one for each broadcast domain, device and source VNI, and SVI that has some. */
  get tableCount(): number {
    let count = this.#bridge.size + this.#neigh.size;
    for (const tables of this.#vxlan.values()) count += tables.size;
    return count;
  }

  /** A number that no row has or had. */
  nextEpoch(): number {
    return ++this.#epoch;
  }

  /** The row of this MAC, if any. */
  bridgeRow(bridgeIfindex: number, vlan: number, mac: Mac): MirroredBridgeRow | undefined {
    return this.#bridge.get(domainKey(bridgeIfindex, vlan))?.get(mac);
  }

  /** The same without a copy, for a look at once: the next call of anything here may make another of it. */
  peekBridge(bridgeIfindex: number, vlan: number, mac: Mac): MirroredBridgeRow | undefined {
    return this.#bridge.get(domainKey(bridgeIfindex, vlan))?.peek(mac);
  }

  /** Every row of one (bridge, vlan). */
  bridgeRows(bridgeIfindex: number, vlan: number): Iterable<MirroredBridgeRow> {
    return this.#bridge.get(domainKey(bridgeIfindex, vlan))?.rows() ?? [];
  }

  vxlanRow(ifindex: number, srcVni: number, mac: Mac): VxlanFdbRow | undefined {
    return this.#vxlan.get(ifindex)?.get(srcVni)?.macs.get(mac);
  }

  /** The same without a copy, for a look at once: the next call of anything here may make another of it. */
  peekVxlan(ifindex: number, srcVni: number, mac: Mac): VxlanFdbRow | undefined {
    return this.#vxlan.get(ifindex)?.get(srcVni)?.macs.peek(mac);
  }

  vxlanRows(ifindex: number, srcVni: number): Iterable<VxlanFdbRow> {
    return this.#vxlan.get(ifindex)?.get(srcVni)?.macs.rows() ?? [];
  }

  defaultRow(ifindex: number, srcVni: number, dst: Ip): VxlanFdbRow | undefined {
    return this.#vxlan.get(ifindex)?.get(srcVni)?.defaults.get(dst);
  }

  defaultRows(ifindex: number, srcVni: number): Iterable<VxlanFdbRow> {
    return this.#vxlan.get(ifindex)?.get(srcVni)?.defaults.values() ?? [];
  }

  neighRow(ifindex: number, ip: Ip): MirroredNeighRow | undefined {
    return this.#neigh.get(ifindex)?.get(ip);
  }

  /** The same without a copy, for a look at once: the next call of anything here may make another of it. */
  peekNeigh(ifindex: number, ip: Ip): MirroredNeighRow | undefined {
    return this.#neigh.get(ifindex)?.peek(ip);
  }

  /** Every IP that has the MAC in the neighbor table of the device: a walk, for who is asked by a person. */
  neighIpsOf(ifindex: number, mac: Mac): Ip[] {
    return this.#neigh.get(ifindex)?.ipsOf(mac) ?? [];
  }

  neighRowsOf(ifindex: number): Iterable<MirroredNeighRow> {
    return this.#neigh.get(ifindex)?.rows() ?? [];
  }

  /** Stores the row and returns the one that it replaces; the same object where nothing changed. */
  putBridge(row: BridgeFdbRow): { before: MirroredBridgeRow | undefined; after: MirroredBridgeRow } {
    const before = this.bridgeRow(row.bridgeIfindex, row.vlan, row.mac);
    if (before && before.port === row.port && before.state === row.state && before.flags === row.flags)
      return { before, after: before };
    const { bridgeIfindex, vlan, mac, port, state, flags } = row;
    this.enterBridge(bridgeIfindex, vlan, mac, port, state, flags);
    const epoch = before?.port === port ? before.epoch : this.#epoch;
    return { before, after: { bridgeIfindex, vlan, mac, port, state, flags, epoch } };
  }

  /** The very same row stands: most news are echoes of what we wrote, which need no copy to be known as such. */
  holdsBridge({ bridgeIfindex, vlan, mac, port, state, flags }: BridgeFdbRow): boolean {
    return this.knowsBridge(bridgeIfindex, vlan, mac, port, state, flags);
  }

  knowsBridge(
    bridgeIfindex: number,
    vlan: number,
    mac: Mac,
    port: number,
    state: number,
    flags: number,
  ): boolean {
    const standing = this.peekBridge(bridgeIfindex, vlan, mac);
    return (
      standing !== undefined && standing.port === port && standing.state === state && standing.flags === flags
    );
  }

  knowsVxlan(
    ifindex: number,
    srcVni: number,
    mac: Mac,
    dst: Ip | undefined,
    nexthopId: number,
    state: number,
    flags: number,
  ): boolean {
    const isDefault = mac === MAC_ZERO && dst !== undefined;
    const standing = isDefault ? this.defaultRow(ifindex, srcVni, dst) : this.peekVxlan(ifindex, srcVni, mac);
    return (
      standing !== undefined &&
      standing.dst === dst &&
      standing.nexthopId === nexthopId &&
      standing.state === state &&
      standing.flags === flags
    );
  }

  portOf(bridgeIfindex: number, vlan: number, mac: Mac): number | undefined {
    return this.peekBridge(bridgeIfindex, vlan, mac)?.port;
  }

  countOfPort(port: number): number {
    let count = 0;
    for (const rows of this.#portDomains.get(port)?.values() ?? []) count += rows;
    return count;
  }

  countOfDevice(ifindex: number): number {
    let count = 0;
    for (const { macs, defaults } of this.#vxlan.get(ifindex)?.values() ?? [])
      count += macs.size + defaults.size;
    return count;
  }

  /** Stores a row of which nobody needs to know what it replaces. */
  enterBridge(
    bridgeIfindex: number,
    vlan: number,
    mac: Mac,
    port: number,
    state: number,
    flags: number,
  ): void {
    const key = domainKey(bridgeIfindex, vlan);
    const rows = this.#bridge.get(key);
    const before = rows?.peek(mac)?.port;
    if (before === port) {
      rows?.mark(mac, state, flags);
      return;
    }
    if (before !== undefined) this.#countPort(before, key, -1);
    this.addBridge(bridgeIfindex, vlan, mac, port, state, flags);
  }

  /** The same of a MAC that has no row, or one on another port that is counted no more; the caller has looked. */
  addBridge(bridgeIfindex: number, vlan: number, mac: Mac, port: number, state: number, flags: number): void {
    const key = domainKey(bridgeIfindex, vlan);
    let rows = this.#bridge.get(key);
    if (!rows) {
      rows = new BridgeRows(bridgeIfindex, vlan);
      this.#bridge.set(key, rows);
    }
    this.#countPort(port, key, 1);
    rows.put(mac, port, state, flags, this.nextEpoch());
  }

  /** Forgets the row if it still points to that port, and returns it. */
  dropBridge(bridgeIfindex: number, vlan: number, mac: Mac, port: number): MirroredBridgeRow | undefined {
    const before = this.bridgeRow(bridgeIfindex, vlan, mac);
    return this.forgetBridge(bridgeIfindex, vlan, mac, port) ? before : undefined;
  }

  /** The same without a copy; true if there was such a row. */
  forgetBridge(bridgeIfindex: number, vlan: number, mac: Mac, port: number): boolean {
    const key = domainKey(bridgeIfindex, vlan);
    const rows = this.#bridge.get(key);
    if (rows?.peek(mac)?.port !== port) return false;
    rows.delete(mac);
    if (rows.size === 0) this.#bridge.delete(key);
    this.#countPort(port, key, -1);
    return true;
  }

  /** Stores the row; returns false where nothing changed. */
  putVxlan(row: VxlanFdbRow): boolean {
    const { ifindex, srcVni, mac, dst, nexthopId, state, flags } = row;
    if (mac !== MAC_ZERO) return this.enterVxlan(ifindex, srcVni, mac, dst, nexthopId, state, flags);
    const { defaults } = this.#vxlanTables(ifindex, srcVni);
    if (dst === undefined) return false;
    const before = defaults.get(dst);
    defaults.set(dst, row);
    return before?.state !== state || before.flags !== flags;
  }

  /** The same of a row of any but the all-zero MAC. */
  enterVxlan(
    ifindex: number,
    srcVni: number,
    mac: Mac,
    dst: Ip | undefined,
    nexthopId: number,
    state: number,
    flags: number,
  ): boolean {
    return this.#vxlanTables(ifindex, srcVni).macs.put(mac, dst, nexthopId, state, flags);
  }

  /** Forgets the row; returns false where there was none. */
  dropVxlan(ifindex: number, srcVni: number, mac: Mac, dst: Ip | undefined): boolean {
    const devices = this.#vxlan.get(ifindex);
    const tables = devices?.get(srcVni);
    if (!devices || !tables) return false;
    const { macs, defaults } = tables;
    const dropped = mac !== MAC_ZERO ? macs.delete(mac) : dst !== undefined && defaults.delete(dst);
    // VNIs come and go on a device that stays
    if (macs.size + defaults.size === 0) devices.delete(srcVni);
    if (devices.size === 0) this.#vxlan.delete(ifindex);
    return dropped;
  }

  /** Stores the row and returns the one that it replaces; `newEpoch` is that of a stay that begins, 0 for the next. */
  putNeigh(row: NeighRow, newEpoch = 0): { before: MirroredNeighRow | undefined; after: MirroredNeighRow } {
    const before = this.neighRow(row.ifindex, row.ip);
    const { ifindex, ip, mac, state, flags, protocol } = row;
    const epoch = this.enterNeigh(ifindex, ip, mac, state, flags, protocol, newEpoch);
    return { before, after: { ifindex, ip, mac, state, flags, protocol, epoch } };
  }

  /** Stores a row of which nobody needs to know what it replaces, and returns its epoch. */
  enterNeigh(
    ifindex: number,
    ip: Ip,
    mac: Mac | undefined,
    state: number,
    flags: number,
    protocol: number,
    newEpoch = 0,
  ): number {
    let rows = this.#neigh.get(ifindex);
    if (!rows) {
      rows = new NeighRows(ifindex);
      this.#neigh.set(ifindex, rows);
    }
    let epoch = 0;
    if (mac !== undefined && isUsableHere(state, flags, protocol)) {
      const before = rows.peek(ip);
      epoch = isLocalNeigh(before) && before.mac === mac ? before.epoch : newEpoch || this.nextEpoch();
    }
    rows.put(ip, mac, state, flags, protocol, epoch);
    return epoch;
  }

  /** The stay of a neighbor that is known here counts as that of this epoch. */
  setNeighEpoch(ifindex: number, ip: Ip, epoch: number): void {
    const row = this.neighRow(ifindex, ip);
    if (isLocalNeigh(row))
      this.#neigh.get(ifindex)?.put(ip, row.mac, row.state, row.flags, row.protocol, epoch);
  }

  /** Forgets the row and returns it. */
  dropNeigh(ifindex: number, ip: Ip): MirroredNeighRow | undefined {
    const before = this.neighRow(ifindex, ip);
    this.forgetNeigh(ifindex, ip);
    return before;
  }

  /** The same without a copy. */
  forgetNeigh(ifindex: number, ip: Ip): void {
    this.#neigh.get(ifindex)?.delete(ip);
  }

  /** Forgets the rows of every device that exists no more: the kernel does not name each of them. */
  keepDevices(existing: ReadonlyMap<number, unknown>): void {
    const known = [...this.#portDomains.keys(), ...this.#vxlan.keys(), ...this.#neigh.keys()];
    for (const ifindex of known) if (!existing.has(ifindex)) this.dropDevice(ifindex);
  }

  /** Forgets every row that points to this device. */
  dropDevice(ifindex: number): void {
    for (const row of [...this.bridgeRowsOfPort(ifindex)])
      this.forgetBridge(row.bridgeIfindex, row.vlan, row.mac, ifindex);
    this.#vxlan.delete(ifindex);
    this.#neigh.delete(ifindex);
  }

  *bridgeRowsOfPort(port: number): Iterable<MirroredBridgeRow> {
    for (const key of this.#portDomains.get(port)?.keys() ?? [])
      yield* this.#bridge.get(key)?.rows(port) ?? [];
  }

  /** The VLANs in which some row points to the port. */
  *vlansOfPort(port: number): Iterable<number> {
    for (const key of this.#portDomains.get(port)?.keys() ?? []) yield key % 4096;
  }

  /** The source VNIs that the device has rows of. */
  sourceVnisOf(ifindex: number): Iterable<number> {
    return this.#vxlan.get(ifindex)?.keys() ?? [];
  }

  *vxlanRowsOfDevice(ifindex: number): Iterable<VxlanFdbRow> {
    for (const { macs, defaults } of this.#vxlan.get(ifindex)?.values() ?? []) {
      yield* macs.rows();
      yield* defaults.values();
    }
  }

  *neighRows(): Iterable<MirroredNeighRow> {
    for (const rows of this.#neigh.values()) yield* rows.rows();
  }

  nexthopRows(): Iterable<NexthopRow> {
    return this.routes.nexthops();
  }

  nexthop(id: number): NexthopRow | undefined {
    return this.routes.nexthop(id);
  }

  routeRows(): Iterable<RouteRow> {
    return this.routes.routes();
  }

  #vxlanTables(ifindex: number, srcVni: number): VxlanTables {
    const devices = innerMap(this.#vxlan, ifindex);
    let tables = devices.get(srcVni);
    if (!tables) {
      tables = { macs: new VxlanRows(ifindex, srcVni), defaults: new Map() };
      devices.set(srcVni, tables);
    }
    return tables;
  }

  #countPort(port: number, key: number, change: 1 | -1): void {
    const domains = innerMap(this.#portDomains, port);
    const count = (domains.get(key) ?? 0) + change;
    if (count > 0) domains.set(key, count);
    else domains.delete(key);
    if (domains.size === 0) this.#portDomains.delete(port);
  }
}
