import { type Ip, isUnspecified, type PrefixKey } from '../types/index.js';
import { tablesOfRoutes } from './kernel-tables/index.js';
import type { RoutesPlace, RoutesPosition } from './kernel-tables/routes-place.js';
import type { NexthopBook } from './nexthop-book.js';
import { routesOwner } from './owner.js';
import { OwnerPlane } from './owner-plane.js';
import { RTPROT_EVPND } from './ownership.js';
import { type RouteRows, sameMembers } from './route-rows.js';

/** How a BGP next hop is reached: a neighbor on a device; or a device alone, such as that of another VRF. */
export interface Hop {
  readonly ifindex: number;
  /** Of either family, whatever the routes' is (RFC 8950). The unspecified address of the routes' family for a device alone. */
  readonly gateway: Ip;
  /** The gateway is on the device whatever networks that is in (RTNH_F_ONLINK). */
  readonly isOnlink?: boolean;
}

/** What routes spread their traffic over. Where it has no hop, no route that leads to it stands. */
export interface HopGroup {
  readonly hops: readonly Hop[];
}

class Group implements HopGroup {
  id = 0;
  routes = 0;
  number = 0;
  hops: readonly Hop[] = [];
}

/** A nexthop that groups have. */
interface Held {
  readonly hop: Hop;
  id: number;
  groups: number;
}

/**
 * What one routing table should have in the kernel: routes to groups of nexthops. Ids are given here: a nexthop or group
 * that stands, as an earlier process left it, keeps the one that it has.
 */
export class RoutesPlane extends OwnerPlane implements RoutesPlace {
  readonly tables = tablesOfRoutes(this);
  readonly #held = new Map<string, Held>();
  readonly #groups = new Set<Group>();

  constructor(
    readonly at: RoutesPosition,
    readonly rows: RouteRows,
    readonly book: NexthopBook<RoutesPlane>,
  ) {
    super(routesOwner(at));
  }

  get isUp(): boolean {
    return true;
  }

  get deviceName(): string {
    return '';
  }

  /** A group of these hops, each of which is there once. */
  addGroup(hops: readonly Hop[]): HopGroup {
    const group = new Group();
    this.#groups.add(group);
    this.#fill(group, hops);
    return group;
  }

  /** The group leads over these hops from now on. */
  changeGroup(to: HopGroup, hops: readonly Hop[]): void {
    this.#fill(to as Group, hops);
  }

  /** No route leads to the group any more. */
  removeGroup(of: HopGroup): void {
    this.#fill(of as Group, []);
    this.#groups.delete(of as Group);
  }

  /** Wants the route to lead to the group. */
  setRoute(prefix: PrefixKey, to: HopGroup): void {
    if (this.tables.route.intents.set(prefix, to as Group)) this.tables.route.mark(prefix);
  }

  clearRoute(prefix: PrefixKey): void {
    if (this.tables.route.intents.delete(prefix)) this.tables.route.mark(prefix);
  }

  /** The nexthop or group is wanted. */
  wantsNexthop(id: number): boolean {
    return this.tables.nexthop.intents.has(id) || this.tables['nexthop-group'].intents.has(id);
  }

  /** The id is wanted, or its row is about to go. */
  hasNexthop(id: number): boolean {
    return (
      this.wantsNexthop(id) || this.tables.nexthop.isMarked(id) || this.tables['nexthop-group'].isMarked(id)
    );
  }

  ownsNexthop(id: number): boolean {
    return this.book.ownerOf(id) === this;
  }

  /** Nothing of it stands, and nobody waits for a key of it. */
  get isEmpty(): boolean {
    for (const _ of this.ownedKeys()) return false;
    return Object.values(this.tables).every((table) => table.isIdle);
  }

  /** Somebody else has that id: what we had of it gets another one. */
  idTaken(id: number): void {
    for (const held of this.#held.values()) {
      if (held.id !== id) continue;
      this.tables.nexthop.intents.delete(id);
      this.#wantNexthop(held, this.book.take(this));
      for (const group of this.#groups) if (group.hops.includes(held.hop)) this.#wantMembers(group);
      return;
    }
    for (const group of this.#groups) {
      if (group.id !== id) continue;
      this.tables['nexthop-group'].intents.delete(id);
      group.id = 0;
      this.#wantMembers(group);
      this.#markRoutes(group);
      return;
    }
  }

  override clearIntents(): void {
    super.clearIntents();
    this.#held.clear();
    this.#groups.clear();
  }

  #fill(group: Group, hops: readonly Hop[]): void {
    const before = group.hops;
    group.hops = hops.map((hop) => this.#hold(hop));
    this.#wantMembers(group);
    for (const hop of before) this.#release(hop);
    if ((before.length === 0) !== (hops.length === 0)) this.#markRoutes(group);
  }

  #markRoutes(group: Group): void {
    for (const prefix of this.tables.route.intents.leadingTo(group)) this.tables.route.mark(prefix);
  }

  #wantMembers(group: Group): void {
    const table = this.tables['nexthop-group'];
    if (group.hops.length === 0) {
      if (group.id !== 0 && table.intents.delete(group.id)) table.mark(group.id);
      group.id = 0;
      return;
    }
    const members = group.hops.map((hop) => this.#held.get(hopKey(hop))?.id ?? 0).sort((a, b) => a - b);
    if (sameMembers(table.intents.peek(group.id)?.members, members)) return;
    if (group.id === 0) group.id = this.#standingGroup(members) ?? this.book.take(this);
    this.book.own(group.id, this);
    table.intents.set(group.id, { members });
    table.mark(group.id);
  }

  #hold(hop: Hop): Hop {
    const key = hopKey(hop);
    let held = this.#held.get(key);
    if (!held) {
      held = { hop, id: 0, groups: 0 };
      this.#held.set(key, held);
      this.#wantNexthop(held, this.#standingNexthop(hop) ?? this.book.take(this));
    }
    held.groups++;
    return held.hop;
  }

  #release(hop: Hop): void {
    const key = hopKey(hop);
    const held = this.#held.get(key);
    if (!held || --held.groups > 0) return;
    this.#held.delete(key);
    this.tables.nexthop.intents.delete(held.id);
    this.tables.nexthop.mark(held.id);
  }

  #wantNexthop(held: Held, id: number): void {
    held.id = id;
    this.book.own(id, this);
    this.tables.nexthop.intents.set(id, held.hop);
    this.tables.nexthop.mark(id);
  }

  /** A nexthop of ours that is the same and that nobody wants. */
  #standingNexthop({ ifindex, gateway }: Hop): number | undefined {
    // Without a gateway the rows of the families look alike
    if (isUnspecified(gateway)) return undefined;
    for (const row of this.rows.nexthopsOn(ifindex))
      if (row.protocol === RTPROT_EVPND && row.gateway === gateway && this.book.isFreeFor(this, row.id))
        return row.id;
    return undefined;
  }

  #standingGroup(members: readonly number[]): number | undefined {
    for (const row of this.rows.groupsOf(members[0]))
      if (
        row.protocol === RTPROT_EVPND &&
        sameMembers(row.members, members) &&
        this.book.isFreeFor(this, row.id)
      )
        return row.id;
    return undefined;
  }
}

function hopKey({ ifindex, gateway }: Hop): string {
  return `${ifindex} ${gateway}`;
}
