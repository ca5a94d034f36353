import type { Operation, RowKey } from '../../dataplane/index.js';
import type { Ip, Mac } from '../../types/index.js';
import { NLM_F_CREATE, NLM_F_REPLACE, NLM_F_REQUEST, RTM_DELNEIGH, RTM_NEWNEIGH } from '../constants.js';
import type { NeighMessage } from '../neigh-codec.js';

/** Takes the keys of rows that an operation wrote. */
export interface WrittenRows {
  /** A bridge's row; which bridge the port belongs to, an operation does not have. */
  bridgeRow(vlan: number, mac: Mac, operation: Operation): void;
  /** A row of a VXLAN device's own table. */
  deviceRow(ifindex: number, mac: Mac, operation: Operation): void;
  neighbor(ifindex: number, ip: Ip, operation: Operation): void;
}

/**
 * What hiding the echoes of an operation takes. Its notifications carry NTF_EXT_LEARNED (echo-filter.ts), but for what
 * `isEnd` knows.
 */
export interface EchoRule<Op extends Operation> {
  /** What the end of the rows is known by: the mark, whoever removes them; or that they have failed, and who made them fail. */
  readonly end: 'marked' | 'failed';
  /** `ndm_ifindex` of the notifications. */
  device(operation: Op): number;
  /** The rows that it wrote. */
  keys(operation: Op, into: WrittenRows): void;
  /** The rows to ask for where `row`, which was heard of a key that it wrote, may be older or newer than it. */
  doubtful(operation: Op, row: NeighMessage): RowKey[];
  /** A notification of a row that is there, which reports that it goes. */
  isEnd(row: NeighMessage): boolean;
}

/** How an operation is written, and what is heard of it. */
export interface OperationCodec<Op extends Operation> {
  /** Writes the message at `word` and returns the word behind it; `extraFlags` as for `encodeOperation`. */
  encode(words: Uint32Array, word: number, operation: Op, sequence: number, extraFlags: number): number;
  /** undefined where its echoes are heard like any other change. */
  readonly echo: EchoRule<Op> | undefined;
}

/** An operation on one kind of kernel row. */
export type OperationOn<Table extends Operation['table']> = Extract<Operation, { readonly table: Table }>;

/** `nlmsg_type` of what an operation does. */
export function messageType({ verb }: Operation): number {
  return verb === 'add' ? RTM_NEWNEIGH : RTM_DELNEIGH;
}

/** `nlmsg_flags` of an operation that makes or replaces a row, or deletes one. */
export function requestFlags({ verb }: Operation): number {
  return verb === 'add' ? NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE : NLM_F_REQUEST;
}
