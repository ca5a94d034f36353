import { RTPROT_EVPND } from '../ownership.js';
import type { OperationKind, OperationOn } from './operation-kind.js';

export const nexthop: OperationKind<OperationOn<'nexthop'>> = {
  flies: true,
  isWhole: true,
  enter({ verb, id, ifindex, gateway }, { mirror: { routes } }) {
    if (verb === 'delete') routes.dropNexthop(id);
    else routes.putNexthop({ id, protocol: RTPROT_EVPND, ifindex, gateway, members: undefined });
  },
};

export const nexthopGroup: OperationKind<OperationOn<'nexthop-group'>> = {
  flies: true,
  isWhole: true,
  pointsToRow: true,
  enter({ verb, id, members }, { mirror: { routes } }) {
    if (verb === 'delete') routes.dropNexthop(id);
    else routes.putNexthop({ id, protocol: RTPROT_EVPND, ifindex: 0, gateway: undefined, members });
  },
};

export const route: OperationKind<OperationOn<'route'>> = {
  flies: true,
  isWhole: true,
  pointsToRow: true,
  enter({ verb, tableId, prefix, metric, nexthopId }, { mirror: { routes } }) {
    if (verb === 'delete') routes.dropRoute({ tableId, metric, prefix });
    else routes.putRoute({ tableId, prefix, metric, protocol: RTPROT_EVPND, nexthopId });
  },
};
