import type { Operation } from '../../dataplane/index.js';
import { vxlanDefault } from './flood-codec.js';
import { bridge, encodeBridgeRow, fdb, vxlan } from './mac-codec.js';
import { encodeNeighRow, neigh, neighProbe } from './neigh-table-codec.js';
import type { OperationCodec, OperationOn } from './operation-codec.js';
import { nexthop, nexthopGroup, route } from './route-codec.js';

type Codecs = { readonly [Table in Operation['table']]: OperationCodec<OperationOn<Table>> };

const byHand: OperationCodec<OperationOn<'by-hand'>> = {
  encode: (words, word, operation, sequence, extraFlags) =>
    operation.of === 'bridge'
      ? encodeBridgeRow(words, word, operation.row, operation, sequence, extraFlags)
      : encodeNeighRow(words, word, operation.row, operation, sequence, extraFlags),
  // It carries no mark
  echo: undefined,
};

const CODECS: Codecs = {
  bridge,
  vxlan,
  fdb,
  'vxlan-default': vxlanDefault,
  neigh,
  nexthop,
  'nexthop-group': nexthopGroup,
  route,
  'by-hand': byHand,
  'neigh-probe': neighProbe,
};

/** What was asked for last: of a bulk it is mostly the same, and V8 is slow to find a field by a name that varies. */
let latestTable: Operation['table'] = 'fdb';
let latest: OperationCodec<Operation> = fdb;

/** Returns how the operation is written, and which notifications follow it. */
export function codecOf({ table }: Operation): OperationCodec<Operation> {
  if (table !== latestTable) {
    latestTable = table;
    latest = CODECS[table];
  }
  return latest;
}

/**
 * Encodes one operation at `word` and returns the word behind it. `extraFlags` is NLM_F_ACK for the last of a batch.
 * Rows have the shape that FRR's have.
 */
export function encodeOperation(
  words: Uint32Array,
  word: number,
  operation: Operation,
  sequence: number,
  extraFlags: number,
): number {
  return codecOf(operation).encode(words, word, operation, sequence, extraFlags);
}
