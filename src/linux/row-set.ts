import { type BridgeFdbRow, type NeighRow, Ntf, type VxlanFdbRow } from '../dataplane/index.js';
import { type Ip, MAC_ZERO, type Mac } from '../types/index.js';
import { AF_BRIDGE } from './constants.js';
import type { NeighMessage } from './neigh-codec.js';

/** A set of (table, number, MAC or IP) without a string for each. */
class KeySet {
  readonly #sets = new Map<number, Set<Mac | Ip>>();

  add(key: number, value: Mac | Ip): void {
    let set = this.#sets.get(key);
    if (!set) {
      set = new Set();
      this.#sets.set(key, set);
    }
    set.add(value);
  }

  has(key: number, value: Mac | Ip): boolean {
    return this.#sets.get(key)?.has(value) ?? false;
  }

  clear(): void {
    this.#sets.clear();
  }
}

/** VLANs and VNIs take 24 bits at most, ifindexes 31: both fit one double. */
function pair(ifindex: number, low: number): number {
  return ifindex * 0x1000000 + low;
}

/** A set of rows by their kernel keys, whatever else they have. */
export class RowSet {
  readonly #bridge = new KeySet();
  readonly #vxlan = new KeySet();
  readonly #defaults = new KeySet();
  readonly #neigh = new KeySet();

  add(row: NeighMessage): void {
    if (row.family !== AF_BRIDGE) {
      if (row.dst !== undefined) this.#neigh.add(row.ifindex, row.dst);
    } else if (row.mac === undefined) return;
    else if (!isDeviceRow(row)) this.#bridge.add(pair(row.master, row.vlan), row.mac);
    else if (row.mac !== MAC_ZERO || row.dst === undefined)
      this.#vxlan.add(pair(row.ifindex, row.srcVni), row.mac);
    else this.#defaults.add(pair(row.ifindex, row.srcVni), row.dst);
  }

  has(row: NeighMessage): boolean {
    if (row.family !== AF_BRIDGE) return row.dst !== undefined && this.#neigh.has(row.ifindex, row.dst);
    if (row.mac === undefined) return false;
    if (!isDeviceRow(row)) return this.#bridge.has(pair(row.master, row.vlan), row.mac);
    if (row.mac !== MAC_ZERO || row.dst === undefined)
      return this.#vxlan.has(pair(row.ifindex, row.srcVni), row.mac);
    return this.#defaults.has(pair(row.ifindex, row.srcVni), row.dst);
  }

  hasBridge(row: BridgeFdbRow): boolean {
    return this.#bridge.has(pair(row.bridgeIfindex, row.vlan), row.mac);
  }

  hasVxlan(row: VxlanFdbRow): boolean {
    return row.mac !== MAC_ZERO || row.dst === undefined
      ? this.#vxlan.has(pair(row.ifindex, row.srcVni), row.mac)
      : this.#defaults.has(pair(row.ifindex, row.srcVni), row.dst);
  }

  hasNeigh(row: NeighRow): boolean {
    return this.#neigh.has(row.ifindex, row.ip);
  }

  clear(): void {
    this.#bridge.clear();
    this.#vxlan.clear();
    this.#defaults.clear();
    this.#neigh.clear();
  }
}

/** True for a row of a device's own table, false for one of a bridge's (which always names its bridge). */
export function isDeviceRow(row: NeighMessage): boolean {
  return (row.flags & Ntf.SELF) !== 0 || row.master === 0;
}

/** The same as a row of a bridge. */
export function toBridgeRow(row: NeighMessage, mac: Mac): BridgeFdbRow {
  return {
    bridgeIfindex: row.master,
    vlan: row.vlan,
    mac,
    port: row.ifindex,
    state: row.state,
    flags: row.flags,
  };
}

/** The same as a row of a VXLAN device. */
export function toVxlanRow(row: NeighMessage, mac: Mac): VxlanFdbRow {
  return {
    ifindex: row.ifindex,
    srcVni: row.srcVni,
    mac,
    dst: row.dst,
    nexthopId: row.nexthopId,
    state: row.state,
    flags: row.flags,
  };
}

/** The same as a neighbor. */
export function toNeighRow(row: NeighMessage, ip: Ip): NeighRow {
  return {
    ifindex: row.ifindex,
    ip,
    mac: row.mac,
    state: row.state,
    flags: row.flags,
    protocol: row.protocol,
  };
}
