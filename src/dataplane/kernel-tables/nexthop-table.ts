import { formatIp, IPV4_ANY, isUnspecified } from '../../types/index.js';
import type { Operation } from '../kernel.js';
import type { NexthopRow } from '../rows.js';
import type { NexthopIntent } from './intents.js';
import { NexthopKind } from './nexthop-kind.js';

/** Of a nexthop that is deleted, which its id names. */
const UNSAID = { ifindex: 0, gateway: IPV4_ANY, isOnlink: false } as const;

/** The nexthops that the routes of an owner take. Another nexthop has another id. */
export class Nexthops extends NexthopKind<NexthopIntent> {
  protected readonly isGroup = false;

  wanted(id: number, want: NexthopIntent | undefined): string {
    if (!want) return 'nothing';
    const { gateway, ifindex } = want;
    return `nexthop ${id} ${isUnspecified(gateway) ? `on device ${ifindex}` : `via ${formatIp(gateway)}`}`;
  }

  keyOf(operation: Operation): number | undefined {
    return operation.table === 'nexthop' ? operation.id : undefined;
  }

  protected isAsWanted(row: NexthopRow, { ifindex, gateway }: NexthopIntent): boolean {
    return (
      row.ifindex === ifindex && (row.gateway ?? (isUnspecified(gateway) ? gateway : undefined)) === gateway
    );
  }

  protected addition(
    id: number,
    { ifindex, gateway, isOnlink = false }: NexthopIntent,
    replaces: boolean,
  ): Operation {
    return { table: 'nexthop', verb: 'add', id, ifindex, gateway, isOnlink, replaces };
  }

  protected removal(id: number): Operation {
    return { table: 'nexthop', verb: 'delete', id, ...UNSAID, replaces: false };
  }
}
