import type { Attempts } from './attempts.js';
import type { NeighborConfig } from './config.js';
import type { FsmTimer } from './fsm-types.js';
import type { Negotiated } from './open.js';

/** RFC 9687 §3.4 suggests eight minutes, or twice the hold time where that is more. */
const LEAST_SEND_HOLD_SECONDS = 480;

/**
 * Milliseconds from a timer's start to its end, jitter included: `random` is from 0 to below 1. Those of attempts are
 * counted as `attempts` has it, which takes note of a hold in Idle.
 */
export function timerPeriod(
  timer: Exclude<FsmTimer, 'HoldTimer'>,
  { connectRetryTime }: NeighborConfig,
  negotiated: Negotiated | undefined,
  attempts: Attempts,
  random: number,
): number {
  // RFC 4271 §10: 0.75 to 1 of the base value
  const jitter = 0.75 + random / 4;
  switch (timer) {
    case 'ConnectRetryTimer':
      return attempts.retryPeriod(connectRetryTime * 1000) * jitter;
    case 'KeepaliveTimer':
      // A neighbor with the same time shall come first, for ours to go along (link.ts); the spread is in that
      return (negotiated?.keepaliveTime ?? 0) * 1000 * (1 + (1 + random) / 32);
    case 'IdleHoldTimer':
      return attempts.holdPeriod(connectRetryTime * 1000, jitter);
  }
}

/** Milliseconds of the MinRouteAdvertisementInterval, jitter included (RFC 4271 §10); `random` is from 0 to below 1. */
export function advertisementPeriod(seconds = 0, random = 0): number {
  return seconds * 1000 * (0.75 + random / 4);
}

/** Milliseconds of the SendHoldTimer (RFC 9687); 0 for none, as with a session that has no hold time either. */
export function sendHoldPeriod(
  { sendHoldTime }: NeighborConfig,
  negotiated: { readonly holdTime: number } | undefined,
): number {
  if (negotiated?.holdTime === 0) return 0;
  return 1000 * (sendHoldTime ?? Math.max(LEAST_SEND_HOLD_SECONDS, 2 * (negotiated?.holdTime ?? 0)));
}
