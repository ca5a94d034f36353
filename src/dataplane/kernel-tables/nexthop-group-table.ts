import type { Operation } from '../kernel.js';
import { sameMembers } from '../route-rows.js';
import type { NexthopRow } from '../rows.js';
import type { NexthopGroupIntent } from './intents.js';
import { NexthopKind } from './nexthop-kind.js';

/**
 * The groups of nexthops over which the routes of an owner are spread: one for each set of BGP next hops, so that a change
 * of how they are reached, or of whether, is one write for all routes that have them.
 */
export class NexthopGroups extends NexthopKind<NexthopGroupIntent> {
  protected readonly isGroup = true;

  wanted(id: number, want: NexthopGroupIntent | undefined): string {
    return want ? `nexthop ${id} group ${want.members.join('/')}` : 'nothing';
  }

  keyOf(operation: Operation): number | undefined {
    return operation.table === 'nexthop-group' ? operation.id : undefined;
  }

  protected isAsWanted({ members }: NexthopRow, want: NexthopGroupIntent): boolean {
    return sameMembers(members, want.members);
  }

  protected addition(id: number, { members }: NexthopGroupIntent, replaces: boolean): Operation {
    return { table: 'nexthop-group', verb: 'add', id, members, replaces };
  }

  protected removal(id: number): Operation {
    return { table: 'nexthop-group', verb: 'delete', id, members: [], replaces: false };
  }
}
