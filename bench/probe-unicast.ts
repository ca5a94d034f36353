/** The kernel's unicast routes as the probe writes them, for the floor. */
import type { Operation } from '../src/dataplane/index.js';
import * as K from '../src/linux/constants.js';
import { parseIp, prefixKey } from '../src/types/index.js';
import { wayTo } from './probe-rows.js';
import { prefixAt } from './unicast-workload.js';

const METRIC = 20;
/** The nexthops have this number and those behind it, and the group one more than the last. */
const FIRST_NEXTHOP = 69_001;
/** A prime that divides no count of routes: so many numbers on is the next route, since the kernel likes any order better than that of the prefixes (docs/netlink.md). */
const STEP = 48_271;

/** A nexthop by each gateway, a group of all, and the first `count` prefixes by that group. */
export function routeOperations(
  count: number,
  gateways: readonly string[],
  verb: 'add' | 'delete',
): Operation[] {
  const ids = gateways.map((_, n) => FIRST_NEXTHOP + n);
  const nexthopId = FIRST_NEXTHOP + gateways.length;
  const operations: Operation[] = [];
  if (verb === 'add') {
    for (const [n, gateway] of gateways.map(parseIp).entries())
      operations.push({
        table: 'nexthop',
        verb,
        id: ids[n],
        ifindex: wayTo(gateway),
        gateway,
        isOnlink: false,
        replaces: false,
      });
    operations.push({ table: 'nexthop-group', verb, id: nexthopId, members: ids, replaces: false });
  }
  for (let n = 0; n < count; n++) {
    const { prefix: address, prefixLength } = prefixAt((n * STEP) % count);
    const prefix = prefixKey(address, prefixLength);
    operations.push({
      table: 'route',
      verb,
      tableId: K.RT_TABLE_MAIN,
      prefix,
      metric: METRIC,
      nexthopId,
      replaces: false,
    });
  }
  return operations;
}
