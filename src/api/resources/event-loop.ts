import { type Static, Type } from '@sinclair/typebox';
import { NoQuery } from '../parameters.js';
import { timeText } from '../present.js';
import { named, type Resource } from '../resource.js';
import type { EventLoopDelay } from '../rooms/rooms.js';
import { Count, closed, nullable, Time } from '../schema-words.js';

const Milliseconds = (description: string) => Type.Number({ minimum: 0, description });

const EventLoopSchema = Type.Object(
  {
    since: Time('When measuring began: at the first request after a minute without one.'),
    samples: Count('Samples since then, one every two milliseconds if the loop is free.'),
    delays: nullable(
      Type.Object(
        {
          p50Ms: Milliseconds('Half of the time between two looks is no longer.'),
          p99Ms: Milliseconds('99 of 100 are no longer.'),
          p999Ms: Milliseconds('999 of 1,000 are no longer.'),
          longestMs: Milliseconds('The longest of all.'),
        },
        { ...closed, description: 'null before the first sample.' },
      ),
    ),
  },
  { $id: 'EventLoop', ...closed },
);

export type EventLoopItem = Static<typeof EventLoopSchema>;

interface EventLoopReads {
  /** Returns how long turns of the event loop take. The first call starts measuring: see daemon.ts. */
  eventLoop(): EventLoopItem;
}

/** The event loop's delays. */
export const eventLoop: Resource<EventLoopReads> = {
  schemas: [EventLoopSchema],
  endpoints: [
    {
      path: '/event-loop',
      summary:
        'How long turns of the event loop take: watched from the first request until a minute without one',
      query: NoQuery,
      answer: named('EventLoop'),
      problems: [400],
      handle: (model) => model.eventLoop(),
    },
  ],
  reads: (rooms) => ({ eventLoop: () => eventLoopItem(rooms.eventLoop()) }),
};

/** The event loop's delay as the API shows it. */
function eventLoopItem({ since, samples, delays }: EventLoopDelay): EventLoopItem {
  return {
    since: timeText(since) ?? '',
    samples,
    delays: delays
      ? { p50Ms: delays.p50, p99Ms: delays.p99, p999Ms: delays.p999, longestMs: delays.longest }
      : null,
  };
}
