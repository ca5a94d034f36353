import { type Static, Type } from '@sinclair/typebox';
import type { Duplicate, Subject } from '../../evpn/index.js';
import { compareIp, formatIp, formatMac, isVni, toVni } from '../../types/index.js';
import { ipOrder, macOrder } from '../orders.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import { PageQuery } from '../parameters.js';
import { Place, placeItem } from '../parts/place.js';
import { timeText } from '../present.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import { Address, Count, closed, MacText, nullable, Time, VniNumber } from '../schema-words.js';

export const DuplicateSchema = Type.Object(
  {
    vni: VniNumber(),
    mac: nullable(MacText('Exactly one of mac and ip is not null.')),
    ip: nullable(Address()),
    since: Time(),
    frozen: Type.Boolean({ description: 'True if it does not move to another leaf.' }),
    moves: Count('Number of moves within the window when it was detected.'),
    places: Type.Array(Place, { description: 'The two places of its last move, the later one second.' }),
  },
  { $id: 'Duplicate', ...closed },
);

export type DuplicateItem = Static<typeof DuplicateSchema>;

/** What the command that forgets duplicates answers. */
const ClearedSchema = Type.Object(
  { cleared: Count('Duplicates that were cleared.') },
  { $id: 'Cleared', ...closed },
);

interface DuplicateReads {
  duplicates(): Pages<DuplicateItem>;
}

/** Addresses that are in two places. */
export const duplicates: Resource<DuplicateReads> = {
  schemas: [DuplicateSchema, ClearedSchema],
  endpoints: [
    {
      path: '/duplicates',
      summary: 'Addresses that are in two places, by VNI and address',
      query: PageQuery,
      answer: listOf('Duplicate'),
      problems: [400],
      handle: (model, { query }, turns) => pageOf(model.duplicates(), query, turns),
    },
  ],
  reads: ({ evpn }) => ({
    duplicates: () =>
      pagesByKey({
        total: evpn.duplicates.size,
        rows: () => evpn.duplicates.list(),
        key: ({ subject }) => subject,
        order: subjectOrder,
        item: duplicateItem,
      }),
  }),
};

/** A duplicate as the API shows it. */
export function duplicateItem({ subject, since, frozen, moves, places }: Duplicate): DuplicateItem {
  return {
    vni: subject.vni,
    mac: 'mac' in subject ? formatMac(subject.mac) : null,
    ip: 'ip' in subject ? formatIp(subject.ip) : null,
    since: timeText(since) ?? '',
    frozen,
    moves,
    places: places.map(placeItem),
  };
}

/** By VNI, MACs before IPs, then by address. */
const subjectOrder: KeyOrder<Subject> = {
  compare(a, b) {
    if (a.vni !== b.vni) return a.vni - b.vni;
    if ('mac' in a) return 'mac' in b ? a.mac - b.mac : -1;
    return 'mac' in b ? 1 : compareIp(a.ip, b.ip);
  },
  encode: (subject) =>
    'mac' in subject
      ? `${subject.vni}/mac/${macOrder.encode(subject.mac)}`
      : `${subject.vni}/ip/${ipOrder.encode(subject.ip)}`,
  decode(text) {
    const [, number = '', kind, address] = /^(\d{1,8})\/(mac|ip)\/(.+)$/.exec(text) ?? [];
    if (!isVni(Number(number))) return undefined;
    const vni = toVni(Number(number));
    if (kind === 'mac') {
      const mac = macOrder.decode(address);
      return mac === undefined ? undefined : { vni, mac };
    }
    const ip = ipOrder.decode(address);
    return ip === undefined ? undefined : { vni, ip };
  },
};
