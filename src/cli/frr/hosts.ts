import type { Item } from '../client.js';
import type { Api } from './command.js';

/* What MACs and IPs of a VNI have in common: which are duplicates, and a sequence number for each side. */

/** Duplicates of /duplicates, by VNI and address. */
export type Duplicates = ReadonlyMap<string, Item>;

/** Returns the duplicates by `keyOf`. */
export async function duplicatesOf(api: Api): Promise<Duplicates> {
  const items = await api.all('/duplicates');
  return new Map(items.map((item) => [keyOf(item.vni, item.mac ?? item.ip), item]));
}

export const keyOf = (vni: unknown, address: unknown) => `${vni} ${address}`;

/**
 * Returns the fields in which FRR shows mobility. evpnd has one sequence number, that of the side which has the address; the other
 * side's is 0. `detectionCount` is the moves of a duplicate, and 0 for an address that is none.
 */
export function mobility(origin: unknown, sequence: unknown, duplicate: Item | undefined): Item {
  return {
    localSequence: origin === 'local' ? sequence : 0,
    remoteSequence: origin === 'remote' ? sequence : 0,
    detectionCount: duplicate?.moves ?? 0,
    isDuplicate: duplicate !== undefined,
  };
}

/** What a command has for each of several VNIs. */
export interface PerVni<Value> {
  readonly vni: unknown;
  readonly value: Value;
}

/** Returns the value of one VNI, or of all by their number. */
export const jsonOf = (perVni: readonly PerVni<Item>[], all: boolean): Item =>
  all ? Object.fromEntries(perVni.map(({ vni, value }) => [String(vni), value])) : (perVni[0]?.value ?? {});
