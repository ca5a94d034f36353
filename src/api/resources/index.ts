import type { TSchema } from '@sinclair/typebox';
import type { BoundHistogram, BoundMetric } from '../metrics/exposition.js';
import { HISTOGRAMS, METRICS } from '../metrics/index.js';
import type { Endpoint } from '../resource.js';
import type { Readiness, Rooms } from '../rooms/rooms.js';
import { arpCache } from './arp-cache.js';
import { drift } from './drift.js';
import { duplicates } from './duplicates.js';
import { eventLoop } from './event-loop.js';
import { events } from './events.js';
import { explain } from './explain.js';
import { explainRoute } from './explain-route.js';
import { macs } from './macs.js';
import { neighbors } from './neighbors.js';
import { pendingWrites } from './pending-writes.js';
import { routes } from './routes.js';
import { status } from './status.js';
import { underlayRoutes } from './underlay-routes.js';
import { vnis } from './vnis.js';
import { vrfs } from './vrfs.js';
import { vteps } from './vteps.js';

export type * from './arp-cache.js';
export type * from './drift.js';
export type * from './duplicates.js';
export type * from './event-loop.js';
export type * from './events.js';
export type * from './macs.js';
export type * from './neighbor-item.js';
export type * from './pending-writes.js';
export type * from './routes.js';
export type * from './status.js';
export type * from './underlay-routes.js';
export type * from './vnis.js';
export type * from './vrfs.js';
export type * from './vteps.js';

/** Every resource under /api/v1, in the order of the description. */
const RESOURCES = [
  status,
  neighbors,
  vnis,
  macs,
  arpCache,
  vrfs,
  explainRoute,
  routes,
  underlayRoutes,
  vteps,
  drift,
  pendingWrites,
  duplicates,
  events,
  eventLoop,
  explain,
] as const;

type All<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer Every) => void
  ? Every
  : never;

/**
 * Everything that the API reads of evpnd: plain data, created for each request; each resource declares its part. It must not
 * throw, and only pages may walk tables.
 */
export type ReadModel = All<ReturnType<(typeof RESOURCES)[number]['reads']>> & {
  /** Ready: the kernel's rows have been read, and every neighbor has sent End-of-RIB or the deferral is over. */
  readiness(): Readiness;
  /** What /metrics has: the tables of `metrics/`, read of these rooms. */
  readonly metrics: readonly BoundMetric[];
  readonly histograms: readonly BoundHistogram[];
};

/** Every URL that is read. */
export const ENDPOINTS: readonly Endpoint<ReadModel>[] = RESOURCES.flatMap<Endpoint<ReadModel>>(
  ({ endpoints }) => endpoints,
);

/** Every schema that others refer to by name. */
export const NAMED_SCHEMAS: readonly TSchema[] = RESOURCES.flatMap<TSchema>(({ schemas }) => schemas);

/** The read model over the running rooms; it is stateless. */
export function roomsModel(rooms: Rooms): ReadModel {
  const parts = RESOURCES.map(({ reads }) => reads(rooms));
  const metrics = METRICS.map(({ samples, ...metric }) => ({ ...metric, samples: () => samples(rooms) }));
  const histograms = HISTOGRAMS.map(({ samples, ...histogram }) => ({
    ...histogram,
    samples: () => samples(rooms),
  }));
  return Object.assign({ readiness: rooms.readiness, metrics, histograms }, ...parts);
}
