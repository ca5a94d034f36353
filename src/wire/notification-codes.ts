/** NOTIFICATION error codes (RFC 4271 §4.5; 7 is RFC 7313 §5, 8 RFC 9687 §3). */
export const NotificationCode = {
  MESSAGE_HEADER_ERROR: 1,
  OPEN_MESSAGE_ERROR: 2,
  UPDATE_MESSAGE_ERROR: 3,
  HOLD_TIMER_EXPIRED: 4,
  FSM_ERROR: 5,
  CEASE: 6,
  ROUTE_REFRESH_ERROR: 7,
  SEND_HOLD_TIMER_EXPIRED: 8,
} as const;
export type NotificationCode = (typeof NotificationCode)[keyof typeof NotificationCode];

/** RFC 4271 §6.1. */
export const HeaderSubcode = {
  CONNECTION_NOT_SYNCHRONIZED: 1,
  BAD_MESSAGE_LENGTH: 2,
  BAD_MESSAGE_TYPE: 3,
} as const;

/** RFC 4271 §6.2; 7 is RFC 5492 §5, 11 RFC 9234 §4.2. 0 is for what has no subcode of its own. */
export const OpenSubcode = {
  UNSPECIFIC: 0,
  UNSUPPORTED_VERSION_NUMBER: 1,
  BAD_PEER_AS: 2,
  BAD_BGP_IDENTIFIER: 3,
  UNSUPPORTED_OPTIONAL_PARAMETER: 4,
  UNACCEPTABLE_HOLD_TIME: 6,
  UNSUPPORTED_CAPABILITY: 7,
  ROLE_MISMATCH: 11,
} as const;

/** RFC 4271 §6.3. */
export const UpdateSubcode = {
  MALFORMED_ATTRIBUTE_LIST: 1,
  UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE: 2,
  MISSING_WELL_KNOWN_ATTRIBUTE: 3,
  ATTRIBUTE_FLAGS_ERROR: 4,
  ATTRIBUTE_LENGTH_ERROR: 5,
  INVALID_ORIGIN_ATTRIBUTE: 6,
  INVALID_NEXT_HOP_ATTRIBUTE: 8,
  OPTIONAL_ATTRIBUTE_ERROR: 9,
  INVALID_NETWORK_FIELD: 10,
  MALFORMED_AS_PATH: 11,
} as const;
export type UpdateSubcode = (typeof UpdateSubcode)[keyof typeof UpdateSubcode];

/** RFC 6608 §3: the state in which the unexpected message came. */
export const FsmSubcode = {
  UNSPECIFIED: 0,
  UNEXPECTED_MESSAGE_IN_OPEN_SENT: 1,
  UNEXPECTED_MESSAGE_IN_OPEN_CONFIRM: 2,
  UNEXPECTED_MESSAGE_IN_ESTABLISHED: 3,
} as const;

/** RFC 4486 §3; 9 is RFC 8538 §3, 10 RFC 9384 §3. */
export const CeaseSubcode = {
  MAXIMUM_PREFIXES_REACHED: 1,
  ADMINISTRATIVE_SHUTDOWN: 2,
  PEER_DECONFIGURED: 3,
  ADMINISTRATIVE_RESET: 4,
  CONNECTION_REJECTED: 5,
  OTHER_CONFIGURATION_CHANGE: 6,
  CONNECTION_COLLISION_RESOLUTION: 7,
  OUT_OF_RESOURCES: 8,
  HARD_RESET: 9,
  BFD_DOWN: 10,
} as const;

/** RFC 7313 §5. */
export const RouteRefreshSubcode = { INVALID_MESSAGE_LENGTH: 1 } as const;

const NAMES: readonly { readonly name: string; readonly subcodes: Readonly<Record<string, number>> }[] = [
  { name: 'Reserved', subcodes: {} },
  { name: 'Message Header Error', subcodes: HeaderSubcode },
  { name: 'OPEN Message Error', subcodes: OpenSubcode },
  { name: 'UPDATE Message Error', subcodes: UpdateSubcode },
  { name: 'Hold Timer Expired', subcodes: {} },
  { name: 'Finite State Machine Error', subcodes: FsmSubcode },
  { name: 'Cease', subcodes: CeaseSubcode },
  { name: 'ROUTE-REFRESH Message Error', subcodes: RouteRefreshSubcode },
  { name: 'Send Hold Timer Expired', subcodes: {} },
];

// Words that the registry does not spell as a capital and small letters.
const SPELLING: Readonly<Record<string, string>> = {
  AS: 'AS',
  BGP: 'BGP',
  BFD: 'BFD',
  NEXT: 'NEXT',
  HOP: 'HOP',
  PATH: 'PATH',
  ORIGIN: 'ORIGIN',
  IN: 'in',
};

function titleOf(key: string): string {
  return key
    .split('_')
    .map((word) => SPELLING[word] ?? word[0] + word.slice(1).toLowerCase())
    .join(' ');
}

/** The registered names, such as `Cease (6), Administrative Shutdown (2)`; numbers alone where there is no name. */
export function describeNotification(code: number, subcode: number): string {
  const known = NAMES[code];
  if (known === undefined) return `code ${code}, subcode ${subcode}`;
  const key = Object.keys(known.subcodes).find((name) => known.subcodes[name] === subcode);
  if (key === undefined)
    return subcode === 0 ? `${known.name} (${code})` : `${known.name} (${code}), subcode ${subcode}`;
  return `${known.name} (${code}), ${titleOf(key)} (${subcode})`;
}
