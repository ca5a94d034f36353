import type { Path } from '../bgp/index.js';
import { formatIp, type LimitedLog } from '../types/index.js';
import { formatNlri } from '../wire/index.js';
import { UNUSED, type UnusedReason } from './unused-reasons.js';

/** Logs routes that are not used for a reason that wants an operator, so many of each reason a minute. */
export class UnusedLog {
  constructor(readonly log: LimitedLog) {}

  /** The path came, or is looked at, and is not used. */
  seen(reason: UnusedReason, { nlri, attributes, source }: Path): void {
    const { level, text } = UNUSED[reason];
    if (level !== 'warn') return;
    this.log.warn(`route not used: ${text}`, () => ({
      neighbor: source.neighbor,
      reason,
      route: formatNlri(nlri),
      rd: String(nlri.rd),
      nextHop: formatIp(attributes.nextHop),
    }));
  }
}
