import { type BridgeFdbRow, type BridgeForm, Ntf, Nud, type RowKey } from '../../dataplane/index.js';
import type { Mac } from '../../types/index.js';
import { AF_BRIDGE, NDA_SRC_VNI, NDA_VLAN, NLM_F_REPLACE, NLM_F_REQUEST } from '../constants.js';
import type { NeighMessage } from '../neigh-codec.js';
import { finish, putHeader, putIp, putMac, putNumber } from '../neigh-writer.js';
import { isDeviceRow } from '../row-set.js';
import { messageType, type OperationCodec, type OperationOn, requestFlags } from './operation-codec.js';

/* The rows of a remote MAC: the bridge's, the VXLAN device's, and both in one message. */

const FORM_FLAGS: Readonly<Record<BridgeForm, number>> = {
  marked: Ntf.EXT_LEARNED,
  pinned: Ntf.STICKY,
  unpinned: 0,
};

export const bridge: OperationCodec<OperationOn<'bridge'>> = {
  encode(words, word, operation, sequence, extraFlags) {
    const { port, vlan, mac, form } = operation;
    const state = form === 'pinned' ? Nud.NOARP : Nud.REACHABLE;
    let end = putHeader(words, word, AF_BRIDGE, port, state, Ntf.MASTER | FORM_FLAGS[form]);
    end = putMac(words, end, mac);
    if (vlan !== 0) end = putNumber(words, end, NDA_VLAN, vlan, 2);
    // Without NLM_F_CREATE: a row that went meanwhile must not come back without our mark
    const flags = form === 'marked' ? requestFlags(operation) : NLM_F_REQUEST | NLM_F_REPLACE;
    return finish(words, word, end, messageType(operation), flags | extraFlags, sequence);
  },
  echo: {
    end: 'marked',
    device: ({ port }) => port,
    keys: (operation, into) => into.bridgeRow(operation.vlan, operation.mac, operation),
    doubtful: ({ port }, row) => bridgeKeys(row, port),
    isEnd: () => false,
  },
};

export const vxlan: OperationCodec<OperationOn<'vxlan'>> = {
  encode(words, word, operation, sequence, extraFlags) {
    const { ifindex, srcVni, mac, dst } = operation;
    let end = putHeader(words, word, AF_BRIDGE, ifindex, Nud.REACHABLE, Ntf.SELF | Ntf.EXT_LEARNED);
    end = putMac(words, end, mac);
    end = putIp(words, end, dst);
    if (srcVni !== 0) end = putNumber(words, end, NDA_SRC_VNI, srcVni, 4);
    return finish(words, word, end, messageType(operation), requestFlags(operation) | extraFlags, sequence);
  },
  echo: {
    end: 'marked',
    device: ({ ifindex }) => ifindex,
    keys: (operation, into) => into.deviceRow(operation.ifindex, operation.mac, operation),
    doubtful: ({ ifindex, srcVni }, { mac }) => deviceKeys(ifindex, srcVni, mac),
    isEnd: () => false,
  },
};

export const fdb: OperationCodec<OperationOn<'fdb'>> = {
  encode(words, word, operation, sequence, extraFlags) {
    const { port, vlan, srcVni, mac, dst } = operation;
    const flags = Ntf.MASTER | Ntf.SELF | Ntf.EXT_LEARNED;
    let end = putHeader(words, word, AF_BRIDGE, port, Nud.REACHABLE, flags);
    end = putMac(words, end, mac);
    end = putIp(words, end, dst);
    if (vlan !== 0) end = putNumber(words, end, NDA_VLAN, vlan, 2);
    if (srcVni !== 0) end = putNumber(words, end, NDA_SRC_VNI, srcVni, 4);
    return finish(words, word, end, messageType(operation), requestFlags(operation) | extraFlags, sequence);
  },
  echo: {
    end: 'marked',
    device: ({ port }) => port,
    keys(operation, into) {
      into.bridgeRow(operation.vlan, operation.mac, operation);
      into.deviceRow(operation.port, operation.mac, operation);
    },
    doubtful: ({ port, srcVni }, row) =>
      isDeviceRow(row) ? deviceKeys(port, srcVni, row.mac) : bridgeKeys(row, port),
    isEnd: () => false,
  },
};

/** A bridge's row as somebody had set it. */
export function encodeBridgeRow(
  words: Uint32Array,
  word: number,
  row: BridgeFdbRow,
  operation: OperationOn<'by-hand'>,
  sequence: number,
  extraFlags: number,
): number {
  const { bridgeIfindex, port, vlan, mac, state, flags } = row;
  const whose = port === bridgeIfindex ? Ntf.SELF : Ntf.MASTER;
  let end = putHeader(words, word, AF_BRIDGE, port, state, whose | (flags & Ntf.STICKY));
  end = putMac(words, end, mac);
  if (vlan !== 0) end = putNumber(words, end, NDA_VLAN, vlan, 2);
  return finish(words, word, end, messageType(operation), requestFlags(operation) | extraFlags, sequence);
}

/** The row of the MAC that was heard of, on whichever of the two ports it is known to be. */
function bridgeKeys({ mac, master: bridgeIfindex, vlan, ifindex }: NeighMessage, port: number): RowKey[] {
  if (mac === undefined) return [];
  return [...new Set([ifindex, port])].map((each) => ({
    table: 'bridge',
    bridgeIfindex,
    vlan,
    mac,
    port: each,
  }));
}

function deviceKeys(ifindex: number, srcVni: number, mac: Mac | undefined): RowKey[] {
  return mac === undefined ? [] : [{ table: 'vxlan', ifindex, srcVni, mac }];
}
