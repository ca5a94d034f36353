import { type Static, Type } from '@sinclair/typebox';
import {
  EVENT_KINDS,
  type EventAddress,
  type EventKind,
  type EventOf,
  type EventRecord,
  type LeafEvent,
} from '../../events/index.js';
import { placeText } from '../../evpn/index.js';
import { formatIp, formatMac, type Ip, type Mac, type Vni } from '../../types/index.js';
import { timeText } from '../present.js';
import {
  Address,
  Count,
  closed,
  literals,
  MacText,
  nullable,
  Text,
  Time,
  VniNumber,
} from '../schema-words.js';
import { Place, placeItem } from './place.js';

export const KINDS = Object.keys(EVENT_KINDS) as EventKind[];
/** Each kind with its meaning. */
export const KIND_WORDS = KINDS.map((kind) => `${kind}: ${EVENT_KINDS[kind].meaning}`).join('; ');

export const EventSchema = Type.Object(
  {
    id: Text('Names it until evpnd restarts: what follows it is asked for with `after`.'),
    at: Time(),
    kind: literals(KINDS, KIND_WORDS),
    vni: nullable(VniNumber()),
    neighbor: nullable(Text('As configured.')),
    mac: nullable(MacText()),
    ip: nullable(Address()),
    from: nullable(Place),
    to: nullable(Place),
    sequence: nullable(Count('The MAC mobility sequence number (RFC 7432 §15).')),
    text: Text('The event in words.'),
    details: Type.Record(Type.String(), Type.Unknown(), { description: 'What else is known of it.' }),
  },
  { $id: 'Event', ...closed },
);

export type EventItem = Static<typeof EventSchema>;

/** What filters ask an event for. */
interface Subject {
  readonly vni?: Vni | undefined;
  readonly mac?: Mac | undefined;
  readonly ip?: Ip | undefined;
  readonly neighbor?: string | undefined;
}

/** Returns what an event is about. */
export function subjectOf(event: LeafEvent): Subject {
  return 'address' in event ? { vni: event.vni, ...event.address } : (event as Subject);
}

/** An event as the API shows it; `process` tells its number from those of other processes. */
export function eventItem({ id, at, event }: EventRecord, process: string): EventItem {
  const { vni, mac, ip, neighbor } = subjectOf(event);
  const { from, to } = 'from' in event ? event : {};
  const { text, details } = LOOKS[event.kind] as Look<LeafEvent>;
  return {
    id: `${process}-${id}`,
    at: timeText(at) ?? '',
    kind: event.kind,
    vni: vni ?? null,
    neighbor: neighbor ?? null,
    mac: mac === undefined ? null : formatMac(mac),
    ip: ip === undefined ? null : formatIp(ip),
    from: from ? placeItem(from) : null,
    to: to ? placeItem(to) : null,
    sequence: 'sequence' in event ? event.sequence : null,
    text: text(event),
    details: details?.(event) ?? {},
  };
}

type SettingChange = EventOf<'settings-changed'>['changes'][number];

interface Look<Event> {
  readonly text: (event: Event) => string;
  /** What no field of every event has. */
  readonly details?: (event: Event) => Record<string, unknown>;
}

const PROBLEM_DETAILS = ({ device, severity, problem, fix }: EventOf<'problem-found' | 'problem-over'>) => ({
  device,
  severity,
  problem,
  fix: fix ?? null,
});

const LOOKS: { readonly [Kind in EventKind]: Look<EventOf<Kind>> } = {
  'neighbor-up': {
    text: ({ neighbor, remoteAs }) => `session with ${neighbor} (AS ${remoteAs}) established`,
    details: ({ remoteAs }) => ({ remoteAs }),
  },
  'neighbor-down': {
    text: ({ neighbor, reason }) => `session with ${neighbor} ended: ${reason}`,
    details: ({ reason }) => ({ reason }),
  },
  'vni-served': { text: ({ vni }) => `VNI ${vni} is served` },
  'vni-not-served': { text: ({ vni }) => `VNI ${vni} is served no longer` },
  'mac-moved': {
    text: ({ mac, from, to }) => `MAC ${formatMac(mac)} moved from ${placeText(from)} to ${placeText(to)}`,
  },
  'ip-moved': {
    text: ({ ip, mac, from, to }) =>
      `IP ${formatIp(ip)} moved from ${placeText(from)} to ${placeText(to)}, MAC ${mac === undefined ? 'unknown' : formatMac(mac)}`,
  },
  'duplicate-found': {
    text: ({ address, from, to }) =>
      `${addressText(address)} keeps moving between ${placeText(from)} and ${placeText(to)}`,
    details: ({ moves, frozen }) => ({ moves, frozen }),
  },
  'duplicate-over': { text: ({ address }) => `${addressText(address)} is no duplicate any more` },
  'problem-found': {
    text: ({ device, problem }) => `${device}: ${problem}`,
    details: PROBLEM_DETAILS,
  },
  'problem-over': {
    text: ({ device, problem }) => `${device}: no longer so: ${problem}`,
    details: PROBLEM_DETAILS,
  },
  drift: {
    text: ({ table, key, wanted, found }) => `${table} ${key}: wanted ${wanted}, found ${found}`,
    details: ({ table, key, cause, found, wanted }) => ({ table, key, cause, found, wanted }),
  },
  'settings-changed': {
    text: ({ changes }) => `settings changed: ${changes.map(changeText).join(', ')}`,
    details: ({ changes, more = 0 }) => ({
      changes: changes.map(({ key, before = null, after = null }) => ({ key, before, after })),
      more,
    }),
  },
};

/** What is longer is in the details alone. */
const LONGEST_CHANGE = 60;

/** A value that came or went has none on the one side; of an item that came or went the other says no more than that. */
function changeText({ key, before = 'absent', after = 'absent' }: SettingChange): string {
  const change = `${before} -> ${after}`;
  return change.length > LONGEST_CHANGE ? key : `${key}: ${change}`;
}

function addressText(address: EventAddress): string {
  return 'mac' in address ? `MAC ${formatMac(address.mac)}` : `IP ${formatIp(address.ip)}`;
}
