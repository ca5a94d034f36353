import { OUR_ROWS } from '../our-rows.js';
import { Ntf } from '../rows.js';
import type { OperationKind, OperationOn } from './operation-kind.js';

export const neigh: OperationKind<OperationOn<'neigh'>> = {
  flies: true,
  isWhole: true,
  enter({ verb, ifindex, ip, mac, router }, { mirror }) {
    if (verb === 'delete') {
      mirror.forgetNeigh(ifindex, ip);
      return;
    }
    const { state, flags, protocol } = OUR_ROWS.neigh;
    mirror.enterNeigh(ifindex, ip, mac, state, flags | (router ? Ntf.ROUTER : 0), protocol);
  },
};

export const neighProbe: OperationKind<OperationOn<'neigh-probe'>> = {
  flies: true,
  isWhole: false,
  // Only the kernel knows the result of the question
  enter() {},
};
