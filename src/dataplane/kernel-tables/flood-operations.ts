import { OUR_ROWS } from '../our-rows.js';
import type { OperationKind, OperationOn } from './operation-kind.js';

export const vxlanDefault: OperationKind<OperationOn<'vxlan-default'>> = {
  // It is noted as ours when it stands, and should not stand for long before that
  flies: false,
  isWhole: false,
  enter(operation, { mirror, defaults }) {
    defaults.enter(operation);
    const { verb, ifindex, srcVni, dst } = operation;
    const { mac, state, flags } = OUR_ROWS.vxlanDefault;
    if (verb === 'delete') mirror.dropVxlan(ifindex, srcVni, mac, dst);
    else mirror.putVxlan({ ifindex, srcVni, mac, dst, nexthopId: 0, state, flags });
  },
};
