import type { Ip, Mac, Vni } from '../types/index.js';

/** Where an address is: behind a remote VTEP, or behind a port of ours, whose name is not always known. */
export type EventPlace = { readonly vtep: Ip } | { readonly device: string | undefined };

/** A MAC or an IP, in the VNI that the event is of. */
export type EventAddress = { readonly mac: Mac } | { readonly ip: Ip };

/** What happens to neighbors and sessions. */
type NeighborEvent =
  | { readonly kind: 'neighbor-up'; readonly neighbor: string; readonly remoteAs: number }
  | { readonly kind: 'neighbor-down'; readonly neighbor: string; readonly reason: string };

type VniEvent =
  | { readonly kind: 'vni-served'; readonly vni: Vni }
  | { readonly kind: 'vni-not-served'; readonly vni: Vni };

/** What happens to the addresses of hosts. */
type HostEvent = { readonly vni: Vni } & (
  | {
      readonly kind: 'mac-moved';
      readonly mac: Mac;
      readonly from: EventPlace;
      readonly to: EventPlace;
      readonly sequence: number;
    }
  | {
      readonly kind: 'ip-moved';
      readonly ip: Ip;
      /** The MAC that has it now; undefined if unknown. */
      readonly mac: Mac | undefined;
      readonly from: EventPlace;
      readonly to: EventPlace;
      readonly sequence: number;
    }
  | {
      readonly kind: 'duplicate-found';
      readonly address: EventAddress;
      readonly from: EventPlace;
      readonly to: EventPlace;
      /** Moves within the window. */
      readonly moves: number;
      readonly frozen: boolean;
    }
  | { readonly kind: 'duplicate-over'; readonly address: EventAddress }
);

/** What keeps a device or a VNI from forwarding. */
interface ProblemEvent<Kind extends 'problem-found' | 'problem-over'> {
  readonly kind: Kind;
  readonly vni: Vni | undefined;
  readonly device: string;
  readonly severity: string;
  readonly problem: string;
  readonly fix: string | undefined;
}

/** A row of the kernel that is not as wanted. */
interface DriftEvent {
  readonly kind: 'drift';
  readonly vni: Vni | undefined;
  readonly table: string;
  readonly key: string;
  /** Whose row it is, where the table has rows of addresses. */
  readonly mac?: Mac;
  readonly ip?: Ip;
  readonly cause: string;
  readonly found: string;
  readonly wanted: string;
}

/** A reload took over other settings. */
interface SettingsEvent {
  readonly kind: 'settings-changed';
  /** As the file would have the values; undefined where it has none. */
  readonly changes: readonly {
    readonly key: string;
    readonly before: string | undefined;
    readonly after: string | undefined;
  }[];
  /** How many more there are. */
  readonly more?: number;
}

/** Something that happened, as the room says it where it happens. */
export type LeafEvent =
  | NeighborEvent
  | VniEvent
  | HostEvent
  | ProblemEvent<'problem-found'>
  | ProblemEvent<'problem-over'>
  | DriftEvent
  | SettingsEvent;

export type EventKind = LeafEvent['kind'];

/** The events of one kind. */
export type EventOf<Kind extends EventKind> = Extract<LeafEvent, { readonly kind: Kind }>;

/** Which events share their room in the memory. */
export type EventClass = 'leaf' | 'hosts' | 'rows';

/** Each kind, whose room it shares, and what it means. */
export const EVENT_KINDS: Readonly<Record<EventKind, { readonly of: EventClass; readonly meaning: string }>> =
  {
    'neighbor-up': { of: 'leaf', meaning: 'a BGP session was established' },
    'neighbor-down': { of: 'leaf', meaning: 'an established BGP session ended' },
    'vni-served': { of: 'leaf', meaning: 'evpnd began to serve a VNI' },
    'vni-not-served': { of: 'leaf', meaning: 'evpnd serves a VNI no longer' },
    'problem-found': {
      of: 'leaf',
      meaning: 'a device or a VNI does not forward as it should, for a second now',
    },
    'problem-over': { of: 'leaf', meaning: 'what was found is no longer so' },
    'settings-changed': { of: 'leaf', meaning: 'a reload took over other settings' },
    'mac-moved': { of: 'hosts', meaning: 'a MAC is behind another leaf or another port' },
    'ip-moved': { of: 'hosts', meaning: 'an IP has another MAC, or is behind another leaf' },
    'duplicate-found': {
      of: 'hosts',
      meaning: 'an address keeps moving: it is in two places (RFC 7432 §15.1)',
    },
    'duplicate-over': { of: 'hosts', meaning: 'an address is taken for a duplicate no longer' },
    drift: { of: 'rows', meaning: 'a row of the kernel is not as wanted, and evpnd did not do it' },
  };

/** Takes events where they happen. Must not throw, and costs little: there may be thousands a second. */
export interface EventSink {
  push(event: LeafEvent): void;
}

/** Keeps none. */
export const NO_EVENTS: EventSink = { push() {} };
