import type { Drift, DriftLog, Failure } from '../../dataplane/index.js';
import type { Duplicate, DuplicateDetector, Subject } from '../../evpn/index.js';
import { compareIp, formatIp, formatMac, isVni, toVni } from '../../types/index.js';
import { ipOrder, macOrder, numberOrder } from '../orders.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import { timeText } from '../present.js';
import type { DriftFilter } from '../read-model.js';
import type { DriftItem, DuplicateItem, EventLoopItem, FailureItem } from '../trouble-schemas.js';
import type { EventLoopDelay } from './rooms.js';

/** A refusal of the kernel as the API shows it. */
export function failureItem(failure: Failure | undefined): FailureItem | null {
  if (!failure) return null;
  const { name, message, attempts, at, retryAt } = failure;
  return {
    errno: name,
    kernel: message ?? null,
    attempts,
    at: timeText(at) ?? '',
    retryAt: timeText(retryAt) ?? '',
  };
}

/** A drift as the API shows it. */
export function driftItem(drift: Drift): DriftItem {
  const { which } = drift;
  return {
    id: drift.id,
    vni: drift.vni,
    table: which.table,
    mac: which.table === 'mac' ? formatMac(which.key) : null,
    ip: which.table === 'mac' ? null : formatIp(which.key),
    cause: drift.cause,
    since: timeText(drift.since) ?? '',
    found: drift.found,
    wanted: drift.wanted,
    action: drift.action,
    mend: drift.mend ?? null,
    failure: failureItem(drift.failure),
    mendedAt: timeText(drift.mendedAt),
  };
}

/** The latest first. */
const newestFirst: KeyOrder<number> = { ...numberOrder, compare: (a, b) => b - a };

export function driftPages(log: DriftLog, { vni, open }: DriftFilter): Pages<DriftItem> {
  const all = vni === undefined && open === undefined;
  return pagesByKey({
    total: all ? log.size : null,
    rows: () => log.drifts(),
    where: (drift) =>
      (vni === undefined || drift.vni === vni) &&
      (open === undefined || open === (drift.mendedAt === undefined)),
    key: (drift) => drift.id,
    order: newestFirst,
    item: driftItem,
  });
}

/** A duplicate as the API shows it. */
export function duplicateItem({ subject, since, frozen, moves, places }: Duplicate): DuplicateItem {
  return {
    vni: subject.vni,
    mac: 'mac' in subject ? formatMac(subject.mac) : null,
    ip: 'ip' in subject ? formatIp(subject.ip) : null,
    since: timeText(since) ?? '',
    frozen,
    moves,
    places: places.map((place) => ({
      device: 'device' in place ? (place.device ?? null) : null,
      vtep: 'vtep' in place ? formatIp(place.vtep) : null,
    })),
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

export function duplicatePages(duplicates: DuplicateDetector): Pages<DuplicateItem> {
  return pagesByKey({
    total: duplicates.size,
    rows: () => duplicates.list(),
    key: ({ subject }) => subject,
    order: subjectOrder,
    item: duplicateItem,
  });
}

/** The event loop's delay as the API shows it. */
export function eventLoopItem({ since, samples, delays }: EventLoopDelay): EventLoopItem {
  return {
    since: timeText(since) ?? '',
    samples,
    delays: delays
      ? { p50Ms: delays.p50, p99Ms: delays.p99, p999Ms: delays.p999, longestMs: delays.longest }
      : null,
  };
}
