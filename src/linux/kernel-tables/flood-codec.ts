import { Ntf, Nud } from '../../dataplane/index.js';
import { MAC_ZERO } from '../../types/index.js';
import { AF_BRIDGE, NDA_SRC_VNI, NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST } from '../constants.js';
import { finish, putHeader, putIp, putMac, putNumber } from '../neigh-writer.js';
import { messageType, type OperationCodec, type OperationOn } from './operation-codec.js';

/** A default destination: one more of the all-zero MAC. */
export const vxlanDefault: OperationCodec<OperationOn<'vxlan-default'>> = {
  encode(words, word, operation, sequence, extraFlags) {
    const { verb, ifindex, srcVni, dst } = operation;
    let end = putHeader(words, word, AF_BRIDGE, ifindex, Nud.NOARP | Nud.PERMANENT, Ntf.SELF);
    end = putMac(words, end, MAC_ZERO);
    end = putIp(words, end, dst);
    if (srcVni !== 0) end = putNumber(words, end, NDA_SRC_VNI, srcVni, 4);
    const flags = NLM_F_REQUEST | (verb === 'add' ? NLM_F_CREATE | NLM_F_APPEND : 0);
    return finish(words, word, end, messageType(operation), flags | extraFlags, sequence);
  },
  // The row has no mark to hide it by
  echo: undefined,
};
