import { isUnspecified } from '../../types/index.js';
import { RTPROT_EVPND } from '../ownership.js';
import { EINVAL } from '../retry.js';
import type { OperationKind, OperationOn } from './operation-kind.js';

export const nexthop: OperationKind<OperationOn<'nexthop'>> = {
  flies: true,
  isWhole: true,
  enter({ verb, id, ifindex, gateway }, { mirror: { routes } }) {
    if (verb === 'delete') routes.dropNexthop(id);
    else {
      const its = isUnspecified(gateway) ? undefined : gateway;
      routes.putNexthop({ id, protocol: RTPROT_EVPND, ifindex, gateway: its, members: undefined });
    }
  },
};

export const nexthopGroup: OperationKind<OperationOn<'nexthop-group'>> = {
  flies: true,
  isWhole: true,
  passesOver: wantsItsNexthop,
  enter({ verb, id, members }, { mirror: { routes } }) {
    if (verb === 'delete') routes.dropNexthop(id);
    else routes.putNexthop({ id, protocol: RTPROT_EVPND, ifindex: 0, gateway: undefined, members });
  },
};

export const route: OperationKind<OperationOn<'route'>> = {
  flies: true,
  isWhole: true,
  passesOver: wantsItsNexthop,
  enter(operation, { mirror: { routes } }) {
    if (operation.verb === 'delete') routes.dropRoute(operation);
    else routes.putOurs(operation);
  },
};

/** The kernel may just be taking away what it leads to with a device, which is heard only behind that. */
function wantsItsNexthop(_operation: unknown, errno: number): boolean {
  return errno === EINVAL;
}
