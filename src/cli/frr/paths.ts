import type { Item } from '../client.js';

/* What paths of every family have, in FRR's words. */

/** Returns an AS_PATH as FRR writes it: AS_SETs in braces, confederations in parentheses and brackets. */
export const asPathText = (segments: readonly Item[]) =>
  segments
    .map(({ type, asns }) => {
      const list = asns as number[];
      switch (type) {
        case 'set':
          return `{${list.join(',')}}`;
        case 'confed-sequence':
          return `(${list.join(' ')})`;
        case 'confed-set':
          return `[${list.join(',')}]`;
        default:
          return list.join(' ');
      }
    })
    .join(' ');

export const asnsOf = (path: Item) => (path.asPath as Item[]).flatMap(({ asns }) => asns as number[]);

/** FRR's names of ORIGIN, and its letters. */
export const originText = ({ origin }: Item) =>
  origin === 'igp' ? 'IGP' : origin === 'egp' ? 'EGP' : 'incomplete';
export const originLetter = (origin: unknown) => (origin === 'IGP' ? 'i' : origin === 'EGP' ? 'e' : '?');

export const familyName = (address: unknown) => (String(address).includes(':') ? 'ipv6' : 'ipv4');

/** Items of /neighbors by name. */
export type Peers = ReadonlyMap<unknown, Item>;
export const peersOf = (neighbors: readonly Item[]): Peers =>
  new Map(neighbors.map((neighbor) => [neighbor.name, neighbor]));

/** FRR calls a path of its own external; here it is local. */
export const pathFrom = ({ neighbor }: Item, peers: Peers) =>
  neighbor === null ? 'local' : (peers.get(neighbor)?.type ?? 'external');

/** Policies keep what they reject, and FRR has no word for that but not valid. */
export const isValid = ({ importPolicy }: Item) => (importPolicy as Item | null)?.accepted !== false;

/** Returns a community of the API's words in FRR's; what has no other name stays. */
function communityText(community: string): string {
  const [, name, value = ''] = /^([^:]+):?(.*)$/.exec(community) ?? [];
  switch (name) {
    case 'rt':
      return `RT:${value}`;
    case 'soo':
      return `SoO:${value}`;
    case 'encapsulation':
      return `ET:${value === 'VXLAN' ? 8 : value}`;
    case 'mac-mobility':
      return value.endsWith(',sticky') ? 'MM:0, sticky MAC' : `MM:${value}`;
    case 'router-mac':
      return `Rmac:${value}`;
    case 'default-gateway':
      return 'Default Gateway';
    default:
      return community;
  }
}

/** Returns extended communities as FRR's line of them. */
export const communitiesText = (communities: readonly string[]) => communities.map(communityText).join(' ');
