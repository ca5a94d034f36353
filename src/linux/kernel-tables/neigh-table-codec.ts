import { type NeighRow, Ntf, Nud, RTPROT_BGP } from '../../dataplane/index.js';
import { NDA_PROTOCOL, NLM_F_CREATE, NLM_F_REQUEST } from '../constants.js';
import { familyOf, finish, putHeader, putIp, putMac, putNumber } from '../neigh-writer.js';
import { messageType, type OperationCodec, type OperationOn, requestFlags } from './operation-codec.js';

export const neigh: OperationCodec<OperationOn<'neigh'>> = {
  encode(words, word, operation, sequence, extraFlags) {
    const { verb, ifindex, ip, mac, router } = operation;
    const marks = Ntf.EXT_LEARNED | (router ? Ntf.ROUTER : 0);
    let end = putHeader(words, word, familyOf(ip), ifindex, Nud.NOARP, marks);
    end = putIp(words, end, ip);
    if (verb === 'add') {
      end = putMac(words, end, mac);
      // Marks the row as a routing daemon's own; FRR writes its zebra's number here
      end = putNumber(words, end, NDA_PROTOCOL, RTPROT_BGP, 1);
    }
    return finish(words, word, end, messageType(operation), requestFlags(operation) | extraFlags, sequence);
  },
  echo: {
    // One that a request deletes has lost its mark before (net/core/neighbour.c neigh_delete, neigh_update_flags)
    end: 'failed',
    device: ({ ifindex }) => ifindex,
    keys: (operation, into) => into.neighbor(operation.ifindex, operation.ip, operation),
    doubtful: ({ ip }, { ifindex }) => [{ table: 'neigh', ifindex, ip }],
    // Before the kernel deletes a neighbor it reports it as failed (net/core/neighbour.c, neigh_delete)
    isEnd: ({ state }) => state === Nud.FAILED,
  },
};

/** Makes the kernel ask the host. */
export const neighProbe: OperationCodec<OperationOn<'neigh-probe'>> = {
  encode(words, word, operation, sequence, extraFlags) {
    const { ifindex, ip, mac } = operation;
    let end = putHeader(words, word, familyOf(ip), ifindex, Nud.PROBE, 0);
    end = putIp(words, end, ip);
    if (mac !== undefined) end = putMac(words, end, mac);
    // Without NLM_F_REPLACE neither MAC nor router flag of what stands can change
    const create = mac === undefined ? 0 : NLM_F_CREATE;
    return finish(words, word, end, messageType(operation), NLM_F_REQUEST | create | extraFlags, sequence);
  },
  // What comes of the question is news
  echo: undefined,
};

/** A neighbor as somebody had set it. */
export function encodeNeighRow(
  words: Uint32Array,
  word: number,
  row: NeighRow,
  operation: OperationOn<'by-hand'>,
  sequence: number,
  extraFlags: number,
): number {
  const { ifindex, ip, mac, state, flags, protocol } = row;
  const marks = flags & (Ntf.ROUTER | Ntf.EXT_LEARNED);
  let end = putHeader(words, word, familyOf(ip), ifindex, state, marks);
  end = putIp(words, end, ip);
  if (mac !== undefined) end = putMac(words, end, mac);
  end = putNumber(words, end, NDA_PROTOCOL, protocol, 1);
  return finish(words, word, end, messageType(operation), requestFlags(operation) | extraFlags, sequence);
}
