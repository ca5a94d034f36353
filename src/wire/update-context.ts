import type { AnyFamily } from './families/index.js';

/** What the session has negotiated for UPDATE decoding, from both OPENs. */
export interface UpdateContext {
  /** Both sides speak 4-octet AS numbers: AS_PATH segments hold four octets each. */
  readonly fourOctetAs: boolean;
  /** The peer is in our AS: LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST count, else they are discarded (RFC 7606 §7). */
  readonly internal: boolean;
  /** The families that both sides speak; routes of others are passed over. L2VPN/EVPN alone if not given. */
  readonly families?: readonly AnyFamily[];
}

/** One fault of an UPDATE and what RFC 7606 makes of it. */
export interface UpdateFault {
  /** `skip`: a route of a type that is not used was passed over, the others of the UPDATE were taken. */
  readonly outcome: 'discard' | 'treat-as-withdraw' | 'skip';
  /** The attribute's name, or NLRI. */
  readonly field: string;
  /** What was found and what was expected, for the log; of several the first. */
  readonly detail: string;
  /** How many routes, or repetitions of the attribute, it stands for. */
  readonly count: number;
}
