/**
 * What an errno means for the operation that got it:
 * `done` – the kernel is already as wanted; `wait` – a device is missing: its appearance tries again at once, and time does where no news of it comes;
 * `soon` – resources or a lock, try again shortly; `late` – refused, try again rarely and report it.
 */
export type RetryClass = 'done' | 'wait' | 'soon' | 'late';

interface Row {
  readonly name: string;
  readonly add: RetryClass;
  readonly delete: RetryClass;
}

export const EINVAL = 22;

/** asm-generic/errno-base.h and errno.h; what is not listed is `late`. */
const ERRNOS: Readonly<Record<number, Row>> = {
  1: { name: 'EPERM', add: 'late', delete: 'late' },
  2: { name: 'ENOENT', add: 'wait', delete: 'done' },
  3: { name: 'ESRCH', add: 'wait', delete: 'done' },
  4: { name: 'EINTR', add: 'soon', delete: 'soon' },
  6: { name: 'ENXIO', add: 'wait', delete: 'done' },
  11: { name: 'EAGAIN', add: 'soon', delete: 'soon' },
  12: { name: 'ENOMEM', add: 'soon', delete: 'soon' },
  16: { name: 'EBUSY', add: 'soon', delete: 'soon' },
  17: { name: 'EEXIST', add: 'late', delete: 'late' },
  19: { name: 'ENODEV', add: 'wait', delete: 'done' },
  [EINVAL]: { name: 'EINVAL', add: 'late', delete: 'late' },
  28: { name: 'ENOSPC', add: 'late', delete: 'soon' },
  95: { name: 'EOPNOTSUPP', add: 'late', delete: 'late' },
  97: { name: 'EAFNOSUPPORT', add: 'late', delete: 'late' },
  99: { name: 'EADDRNOTAVAIL', add: 'wait', delete: 'done' },
  100: { name: 'ENETDOWN', add: 'wait', delete: 'soon' },
  101: { name: 'ENETUNREACH', add: 'wait', delete: 'done' },
  105: { name: 'ENOBUFS', add: 'soon', delete: 'soon' },
  110: { name: 'ETIMEDOUT', add: 'soon', delete: 'soon' },
  113: { name: 'EHOSTUNREACH', add: 'wait', delete: 'done' },
};

/** The symbol of an errno, or its number. */
export function errnoName(errno: number): string {
  return ERRNOS[errno]?.name ?? `errno ${errno}`;
}

/** Returns how to go on after `errno` (positive). */
export function retryClass(errno: number, verb: 'add' | 'delete'): RetryClass {
  return ERRNOS[errno]?.[verb] ?? 'late';
}

type Failing = Exclude<RetryClass, 'done'>;

const FIRST_MS: Readonly<Record<Failing, number>> = { soon: 100, wait: 1_000, late: 5_000 };
const LAST_MS: Readonly<Record<Failing, number>> = { soon: 10_000, wait: 60_000, late: 300_000 };

/** Milliseconds until attempt `attempts + 1`, doubling to a bound. */
export function retryDelay(kind: Failing, attempts: number): number {
  return Math.min(LAST_MS[kind], FIRST_MS[kind] * 2 ** Math.min(attempts - 1, 16));
}
