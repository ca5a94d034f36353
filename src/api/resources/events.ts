import { type Static, Type } from '@sinclair/typebox';
import type { EventKind, EventRecord } from '../../events/index.js';
import { parseIp, parseMac } from '../../types/index.js';
import { invalidParameter } from '../errors.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import { PageQuery, parsed, parseNeighborName, vniFilter } from '../parameters.js';
import { type EventItem, EventSchema, eventItem, KIND_WORDS, KINDS, subjectOf } from '../parts/event-item.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import type { Rooms } from '../rooms/rooms.js';
import { closed } from '../schema-words.js';

/** Which events are wanted. */
export const EventFilter = {
  kind: Type.Optional(
    Type.String({
      description: `Only these kinds, with commas between them. ${KIND_WORDS}.`,
      allowed: `a list of ${KINDS.join(', ')}`,
    }),
  ),
  vni: vniFilter('Only of this VNI.'),
  mac: Type.Optional(Type.String({ description: 'Only of this MAC address.' })),
  ip: Type.Optional(Type.String({ description: 'Only of this IP address.' })),
  neighbor: Type.Optional(Type.String({ description: 'Only of this neighbor, as configured.' })),
  since: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 31_536_000,
      description: 'Only of so many seconds until now.',
      allowed: 'seconds, from 1 to 31536000',
    }),
  ),
};

export type { EventItem } from '../parts/event-item.js';

export type EventQuery = Static<ReturnType<typeof eventQuery>>;
const eventQuery = () => Type.Object(EventFilter, closed);

/** Chooses events. */
export interface EventChoice {
  /** Wall time in milliseconds before which none is wanted. */
  readonly earliest: number;
  /** Of which kinds; undefined for all. */
  readonly kinds: ReadonlySet<EventKind> | undefined;
  readonly wants: (record: EventRecord) => boolean;
}

/** Returns which events a query asks for. Throws Problem invalid-parameter. */
export function eventChoice(query: EventQuery, now: number): EventChoice {
  const kinds = query.kind === undefined ? undefined : new Set(query.kind.split(',').map(kindOf));
  const mac = parsed('mac', query.mac, parseMac);
  const ip = parsed('ip', query.ip, parseIp);
  const neighbor = parsed('neighbor', query.neighbor, parseNeighborName);
  const earliest = query.since === undefined ? 0 : now - query.since * 1000;
  const wants = ({ at, event }: EventRecord): boolean => {
    const subject = subjectOf(event);
    return (
      at >= earliest &&
      (kinds?.has(event.kind) ?? true) &&
      (query.vni === undefined || query.vni === subject.vni) &&
      (mac === undefined || mac === subject.mac) &&
      (ip === undefined || ip === subject.ip) &&
      (neighbor === undefined || neighbor === subject.neighbor)
    );
  };
  return { earliest, kinds, wants };
}

function kindOf(text: string): EventKind {
  const kind = KINDS.find((one) => one === text.trim());
  if (kind === undefined) throw invalidParameter('kind', text, `a list of ${KINDS.join(', ')}`);
  return kind;
}

interface EventReads {
  events(choice: EventChoice): Pages<EventItem>;
  /** Follows them; see EventStream. */
  readonly eventLog: EventSource;
}

/** The events, for a stream. */
export interface EventSource {
  /** The number of the latest. */
  readonly lastId: number;
  after(id: number): Iterable<EventRecord>;
  lostAfter(id: number, kinds: ReadonlySet<EventKind> | undefined): EventRecord | undefined;
  follow(follower: () => void): () => void;
  /** The number that a text of `id` names; undefined where an earlier process gave it. */
  parse(id: string): number | undefined;
  item(record: EventRecord): EventItem;
  now(): number;
}

/** What happened lately. */
export const events: Resource<EventReads> = {
  schemas: [EventSchema],
  endpoints: [
    {
      path: '/events/recent',
      summary:
        'What happened lately, oldest first: sessions, VNIs, moves, duplicates, problems, drift, settings',
      query: Type.Object({ ...PageQuery.properties, ...EventFilter }, closed),
      answer: listOf('Event'),
      problems: [400],
      handle: (model, { query }, turns) =>
        pageOf(model.events(eventChoice(query as EventQuery, model.eventLog.now())), query, turns),
    },
  ],
  reads: eventReads,
};

/** What is read of the events. */
export function eventReads({
  events: log,
  clock,
  startedAt,
}: Pick<Rooms, 'events' | 'clock' | 'startedAt'>): EventReads {
  // Numbers begin anew with each process
  const process = Math.round(startedAt).toString(36);
  const item = (record: EventRecord) => eventItem(record, process);
  return {
    events: (choice) =>
      pagesByKey({
        total: null,
        rows: () => log.after(0),
        where: choice.wants,
        key: ({ id }) => id,
        order: idOrder,
        item,
      }),
    eventLog: {
      get lastId() {
        return log.lastId;
      },
      after: (id) => log.after(id),
      lostAfter: (id, kinds) => log.lostAfter(id, kinds),
      follow: (follower) => log.follow(follower),
      parse: (id) => parseEventId(id, process),
      item,
      now: () => clock.wallTime(),
    },
  };
}

const idOrder: KeyOrder<number> = {
  compare: (a, b) => a - b,
  encode: String,
  decode: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
};

function parseEventId(text: string, process: string): number | undefined {
  const [, of, number] = /^([0-9a-z]{1,12})-(\d{1,15})$/.exec(text) ?? [];
  return of === process ? Number(number) : undefined;
}
