import type { Operation } from '../dataplane/index.js';
import type { Ip, Mac } from '../types/index.js';
import { AF_BRIDGE } from './constants.js';
import type { NeighMessage } from './neigh-codec.js';
import { isDeviceRow } from './row-set.js';

type Keyed = Map<number, Map<Mac | Ip, Operation>>;

/**
 * The keys that operations wrote, each with the latest operation on it, so that a notification is compared with one
 * operation and not with all of them.
 */
export class WrittenKeys {
  /** By VLAN, then MAC: which bridge a port belongs to, the operation does not say. */
  readonly #bridge: Keyed = new Map();
  /** By ifindex of the VXLAN device, then MAC. */
  readonly #vxlan: Keyed = new Map();
  /** By ifindex, then IP. */
  readonly #neigh: Keyed = new Map();

  add(operations: readonly Operation[]): void {
    for (const operation of operations)
      switch (operation.table) {
        case 'bridge':
          put(this.#bridge, operation.vlan, operation.mac, operation);
          break;
        case 'fdb':
          put(this.#bridge, operation.vlan, operation.mac, operation);
          put(this.#vxlan, operation.port, operation.mac, operation);
          break;
        case 'vxlan':
          put(this.#vxlan, operation.ifindex, operation.mac, operation);
          break;
        case 'neigh':
          put(this.#neigh, operation.ifindex, operation.ip, operation);
          break;
        // Default destinations and probes have echoes like any other change
        default:
      }
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
  }
}

function put(keyed: Keyed, number: number, key: Mac | Ip, operation: Operation): void {
  const of = keyed.get(number);
  if (of) of.set(key, operation);
  else keyed.set(number, new Map([[key, operation]]));
}
