/** All times are in microseconds, as packets have them (RFC 5880 §4.1). */

/** The least interval of a session that is not up (RFC 5880 §6.8.3). */
export const SLOW_INTERVAL = 1_000_000;

/** Returns what a session sends by: the negotiation of RFC 5880 §6.8.7; undefined if the neighbor wants nothing periodic. */
export function transmitInterval(desiredMinTx: number, remoteMinRx: number): number | undefined {
  return remoteMinRx === 0 ? undefined : Math.max(desiredMinTx, remoteMinRx);
}

/** The detection time of a session in asynchronous mode (RFC 5880 §6.8.4). */
export function detectionTime(
  requiredMinRx: number,
  remoteDesiredMinTx: number,
  remoteDetectMultiplier: number,
): number {
  return remoteDetectMultiplier * Math.max(requiredMinRx, remoteDesiredMinTx);
}

/** Microseconds from one packet to the next. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/**
 * When the next packet is sent: after 75 to 100 % of `interval`, 90 % at most where one lost packet is a lost session
 * (RFC 5880 §6.8.7).
 */
export function jittered(interval: number, detectMultiplier: number): Range {
  const longest = detectMultiplier === 1 ? 0.9 : 1;
  return { least: Math.ceil(interval * 0.75), most: Math.floor(interval * longest) };
}
