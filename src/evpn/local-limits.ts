/** What local hosts may take of what all share. */
export interface LocalLimits {
  /** Local MACs and IPs of a VNI that are announced. */
  readonly macs: number;
  readonly ips: number;
  /** New or changed addresses a second that are announced of one port and VNI, after a burst of ten seconds' worth. */
  readonly rate: number;
}

export const DEFAULT_LOCAL_LIMITS: LocalLimits = { macs: 65_536, ips: 65_536, rate: 2_000 };
