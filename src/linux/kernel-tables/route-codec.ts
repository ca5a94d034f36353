import { RTPROT_EVPND } from '../../dataplane/index.js';
import { isUnspecified, prefixAddress, prefixLength } from '../../types/index.js';
import * as K from '../constants.js';
import { familyOf, finish, putAddress, putNumber } from '../neigh-writer.js';
import type { OperationCodec, OperationOn } from './operation-codec.js';

/** Words of the header and `struct nhmsg`, and of the header and `struct rtmsg`. */
const NEXTHOP_WORDS = 6;
const ROUTE_WORDS = 7;

/** No group of ours has more members: `maximum-paths`. */
export const MOST_MEMBERS = 32;
/** Octets of the longest message here: a group's, 8 octets a member. */
export const ROUTE_MESSAGE_MAX = NEXTHOP_WORDS * 4 + 8 + 4 + MOST_MEMBERS * 8;

const NEW = K.NLM_F_REQUEST | K.NLM_F_CREATE | K.NLM_F_EXCL;
/** Without NLM_F_CREATE: what went meanwhile is heard of, and written as new. */
const STANDING = K.NLM_F_REQUEST | K.NLM_F_REPLACE;

function flagsOf(verb: 'add' | 'delete', replaces: boolean): number {
  if (verb === 'delete') return K.NLM_F_REQUEST;
  return replaces ? STANDING : NEW;
}

/** Begins a message with `struct nhmsg`. */
function putNexthopHeader(
  words: Uint32Array,
  word: number,
  family: number,
  protocol: number,
  flags = 0,
): number {
  words[word + 3] = 0;
  words[word + 4] = family | (protocol << 16);
  words[word + 5] = flags;
  return word + NEXTHOP_WORDS;
}

export const nexthop: OperationCodec<OperationOn<'nexthop'>> = {
  encode(words, word, { verb, id, ifindex, gateway, isOnlink, replaces }, sequence, extraFlags) {
    const gone = verb === 'delete';
    let end = gone
      ? putNexthopHeader(words, word, K.AF_UNSPEC, 0)
      : putNexthopHeader(words, word, familyOf(gateway), RTPROT_EVPND, isOnlink ? K.RTNH_F_ONLINK : 0);
    end = putNumber(words, end, K.NHA_ID, id, 4);
    if (!gone) {
      end = putNumber(words, end, K.NHA_OIF, ifindex, 4);
      if (!isUnspecified(gateway)) end = putAddress(words, end, K.NHA_GATEWAY, gateway);
    }
    const type = gone ? K.RTM_DELNEXTHOP : K.RTM_NEWNEXTHOP;
    return finish(words, word, end, type, flagsOf(verb, replaces) | extraFlags, sequence);
  },
  // There are few of them, and the kernel reports what it makes of one in the same order
  echo: undefined,
};

export const nexthopGroup: OperationCodec<OperationOn<'nexthop-group'>> = {
  encode(words, word, { verb, id, members, replaces }, sequence, extraFlags) {
    const gone = verb === 'delete';
    let end = putNexthopHeader(words, word, K.AF_UNSPEC, gone ? 0 : RTPROT_EVPND);
    end = putNumber(words, end, K.NHA_ID, id, 4);
    if (!gone) {
      words[end++] = (K.NHA_GROUP << 16) | (4 + members.length * 8);
      for (const member of members) {
        words[end++] = member;
        // The weight, less one
        words[end++] = 0;
      }
    }
    const type = gone ? K.RTM_DELNEXTHOP : K.RTM_NEWNEXTHOP;
    return finish(words, word, end, type, flagsOf(verb, replaces) | extraFlags, sequence);
  },
  echo: undefined,
};

export const route: OperationCodec<OperationOn<'route'>> = {
  encode(words, word, { verb, tableId, prefix, metric, nexthopId, replaces }, sequence, extraFlags) {
    const gone = verb === 'delete';
    const address = prefixAddress(prefix);
    words[word + 3] = 0;
    words[word + 4] = familyOf(address) | (prefixLength(prefix) << 8);
    // RTA_TABLE has the table. With its protocol a route of anybody else's is never deleted
    words[word + 5] =
      (RTPROT_EVPND << 8) | (gone ? K.RT_SCOPE_NOWHERE << 16 : 0) | ((gone ? 0 : K.RTN_UNICAST) << 24);
    words[word + 6] = 0;
    let end = word + ROUTE_WORDS;
    if (prefixLength(prefix) > 0) end = putAddress(words, end, K.RTA_DST, address);
    end = putNumber(words, end, K.RTA_TABLE, tableId, 4);
    end = putNumber(words, end, K.RTA_PRIORITY, metric, 4);
    if (!gone) end = putNumber(words, end, K.RTA_NH_ID, nexthopId, 4);
    const type = gone ? K.RTM_DELROUTE : K.RTM_NEWROUTE;
    return finish(words, word, end, type, flagsOf(verb, replaces) | extraFlags, sequence);
  },
  echo: undefined,
};
