import type { KernelObserver, RowKey } from '../../dataplane/index.js';
import { encodeBridgeGet, encodeNeighGet, encodeVxlanGet } from '../neigh-requests.js';

/** Receives a row that is not there. */
export type GoneObserver = Pick<KernelObserver, 'bridgeRowGone' | 'vxlanRowGone' | 'neighRowGone'>;

/** How the kernel is asked for one row, and what its absence means. */
interface RowQuestion<Key> {
  /** Writes the RTM_GETNEIGH; returns the word behind it. */
  encode(words: Uint32Array, key: Key, sequence: number): number;
  gone(key: Key, observer: GoneObserver): void;
}

/** The fields of a row that is not there. */
const NOTHING = { state: 0, flags: 0 } as const;

const QUESTIONS: {
  readonly [Table in RowKey['table']]: RowQuestion<Extract<RowKey, { readonly table: Table }>>;
} = {
  bridge: {
    encode: (words, { bridgeIfindex, vlan, mac }, sequence) =>
      encodeBridgeGet(words, 0, bridgeIfindex, vlan, mac, sequence),
    gone: (key, observer) => observer.bridgeRowGone({ ...key, ...NOTHING }),
  },
  vxlan: {
    encode: (words, { ifindex, srcVni, mac }, sequence) =>
      encodeVxlanGet(words, 0, ifindex, srcVni, mac, sequence),
    gone: (key, observer) => observer.vxlanRowGone({ ...key, ...NOTHING, dst: undefined, nexthopId: 0 }),
  },
  neigh: {
    encode: (words, { ifindex, ip }, sequence) => encodeNeighGet(words, 0, ifindex, ip, sequence),
    gone: (key, observer) => observer.neighRowGone({ ...key, ...NOTHING, mac: undefined, protocol: 0 }),
  },
};

/** Returns how the kernel is asked for the row. */
export function questionFor(key: RowKey): RowQuestion<RowKey> {
  return QUESTIONS[key.table];
}
