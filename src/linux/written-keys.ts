import type { Operation, RouteRow } from '../dataplane/index.js';
import type { Ip, Mac, PrefixKey } from '../types/index.js';
import { AF_BRIDGE } from './constants.js';
import { codecOf } from './kernel-tables/index.js';
import type { WrittenRows } from './kernel-tables/operation-codec.js';
import type { NeighMessage } from './neigh-codec.js';
import { isDeviceRow } from './row-set.js';

type Keyed = Map<number, Map<Mac | Ip, Operation>>;

/**
 * The keys that operations wrote whose echoes are hidden, each with the latest operation on it, so that a notification is
 * compared with one operation and not with all of them.
 */
export class WrittenKeys implements WrittenRows {
  /** By VLAN, then MAC. */
  readonly #bridge: Keyed = new Map();
  /** By ifindex of the VXLAN device, then MAC. */
  readonly #vxlan: Keyed = new Map();
  /** By ifindex, then IP. */
  readonly #neigh: Keyed = new Map();
  /** Of whatever table and metric. */
  readonly #routes = new Set<PrefixKey>();

  add(operations: readonly Operation[]): void {
    for (const operation of operations)
      if (operation.table === 'route') this.#routes.add(operation.prefix);
      else codecOf(operation).echo?.keys(operation, this);
  }

  hasRoute({ prefix }: RouteRow): boolean {
    return this.#routes.has(prefix);
  }

  bridgeRow(vlan: number, mac: Mac, operation: Operation): void {
    put(this.#bridge, vlan, mac, operation);
  }

  deviceRow(ifindex: number, mac: Mac, operation: Operation): void {
    put(this.#vxlan, ifindex, mac, operation);
  }

  neighbor(ifindex: number, ip: Ip, operation: Operation): void {
    put(this.#neigh, ifindex, ip, operation);
  }

  /** The latest operation on the row's key; of a bridge row also one on the same MAC and VLAN of another bridge. */
  find(row: NeighMessage): Operation | undefined {
    if (row.family !== AF_BRIDGE)
      return row.dst === undefined ? undefined : this.#neigh.get(row.ifindex)?.get(row.dst);
    if (row.mac === undefined) return undefined;
    return isDeviceRow(row)
      ? this.#vxlan.get(row.ifindex)?.get(row.mac)
      : this.#bridge.get(row.vlan)?.get(row.mac);
  }

  clear(): void {
    for (const keyed of [this.#bridge, this.#vxlan, this.#neigh]) if (keyed.size > 0) keyed.clear();
    this.#routes.clear();
  }
}

function put(keyed: Keyed, number: number, key: Mac | Ip, operation: Operation): void {
  const of = keyed.get(number);
  if (of) of.set(key, operation);
  else keyed.set(number, new Map([[key, operation]]));
}
