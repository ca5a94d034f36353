import type { DecisionSettings, Multipath, RibIdentity } from '../bgp/index.js';
import type { DataPlane, Interface, Topology, VrfAttachment } from '../dataplane/index.js';
import { type Clock, parsePrefixRule } from '../types/index.js';
import { Underlay, type UnderlaySettings, UnicastRibs } from './underlay.js';

/**
 * Of our routes in VRFs that neighbors there have announced: lower than that of routes to other leaves, so that both may stand while one
 * takes the place of the other.
 */
const METRIC = 19;

/** A neighbor's import policy says what is not accepted. */
const EVERYTHING = ['0.0.0.0/0 le 32', '::/0 le 128'].map(parsePrefixRule);

type Interfaces = Topology['interfaces'];

const NONE: Interfaces = new Map();

/**
 * The RIBs of each VRF that neighbors are in, by its name: they are its speaker's, also while there is no such device. Of a VRF that has
 * no neighbors any more they stay, as its speaker does.
 */
export class VrfRibs {
  readonly #ribs = new Map<string, UnicastRibs>();
  /** Called with a VRF that is asked for the first time. */
  onAdded: ((vrf: string) => void) | undefined;

  constructor(
    readonly clock: Clock,
    readonly identity: () => RibIdentity,
    readonly multipath: Multipath,
    readonly decision: DecisionSettings,
  ) {}

  of(vrf: string): UnicastRibs {
    let ribs = this.#ribs.get(vrf);
    if (!ribs) {
      ribs = new UnicastRibs(this.clock, this.identity(), this.multipath, this.decision);
      this.#ribs.set(vrf, ribs);
      this.onAdded?.(vrf);
    }
    return ribs;
  }

  [Symbol.iterator](): Iterator<readonly [vrf: string, ribs: UnicastRibs]> {
    return this.#ribs.entries();
  }
}

/** What the neighbors of each VRF have announced, as routes of its table for as long as there is such a device. */
export class VrfUnderlays {
  readonly #standing = new Map<string, { readonly at: VrfAttachment; readonly underlay: Underlay }>();
  #topology: Topology | undefined;
  /** The interfaces of the topology that are in a VRF, by its ifindex. */
  #placed: ReadonlyMap<number, Interfaces> = new Map();

  constructor(
    readonly ribs: VrfRibs,
    readonly dataPlane: Pick<DataPlane, 'routeTables' | 'followed'>,
    readonly clock: Clock,
    private settings: Pick<UnderlaySettings, 'resolveViaDefault'>,
  ) {
    ribs.onAdded = () => {
      if (this.#topology) this.topologyChanged(this.#topology);
    };
  }

  /** That of a VRF; undefined where it has no neighbors, or there is no such device. */
  of(vrf: string): Underlay | undefined {
    return this.#standing.get(vrf)?.underlay;
  }

  *[Symbol.iterator](): Iterator<readonly [vrf: string, underlay: Underlay]> {
    for (const [vrf, { underlay }] of this.#standing) yield [vrf, underlay];
  }

  /** Devices have come, gone or changed. */
  topologyChanged(topology: Topology): void {
    if (topology.interfaces !== this.#topology?.interfaces)
      this.#placed = placed(topology.interfaces, this.#placed);
    this.#topology = topology;
    const devices = new Map([...topology.vrfs.values()].map((at) => [at.name, at]));
    for (const [vrf, { at }] of this.#standing) {
      const now = devices.get(vrf);
      if (now?.ifindex !== at.ifindex || now.tableId !== at.tableId) this.#remove(vrf);
    }
    for (const [vrf, ribs] of this.ribs) {
      const at = devices.get(vrf);
      if (at && !this.#standing.has(vrf)) this.#add(at, ribs);
      if (at)
        this.of(vrf)?.topologyChanged({ ...topology, interfaces: this.#placed.get(at.ifindex) ?? NONE });
    }
    // Once for all VRFs: each change of what is followed is a reading of all their tables
    this.#follow();
  }

  reconfigure(settings: Pick<UnderlaySettings, 'resolveViaDefault'>): void {
    this.settings = settings;
    for (const { underlay } of this.#standing.values()) underlay.reconfigure(settingsOf(settings));
  }

  /** Resolves once all that the neighbors have announced has been looked at. */
  async idle(): Promise<void> {
    await Promise.all([...this.#standing.values()].map(({ underlay }) => underlay.idle()));
  }

  close(): void {
    for (const { underlay } of this.#standing.values()) underlay.close();
  }

  #add(at: VrfAttachment, ribs: UnicastRibs): void {
    const position = { tableId: at.tableId, metric: METRIC };
    // A table that is somebody else's is left alone
    if (this.dataPlane.routeTables.has(position)) return;
    const routes = this.dataPlane.routeTables.give(position, 'own');
    const underlay = new Underlay(ribs, routes, this.clock, settingsOf(this.settings), at.ifindex);
    this.#standing.set(at.name, { at, underlay });
  }

  #remove(vrf: string): void {
    const { underlay } = this.#standing.get(vrf) ?? {};
    this.#standing.delete(vrf);
    if (!underlay) return;
    underlay.close();
    this.dataPlane.routeTables.drop(underlay.routes);
  }

  /** Other programs' routes may show how a next hop is reached. */
  #follow(): void {
    const tables = new Set([...this.#standing.values()].map(({ at }) => at.tableId));
    // Where they cannot be read they are read again
    void this.dataPlane.followed.want(this, tables).catch(() => {});
  }
}

/**
 * Sorts the interfaces by VRF once for all of them: there may be hundreds, of thousands of interfaces. A VRF whose interfaces are those of
 * `before` has that very map, so that nothing of it is looked at.
 */
function placed(
  interfaces: Interfaces,
  before: ReadonlyMap<number, Interfaces>,
): ReadonlyMap<number, Interfaces> {
  const all = new Map<number, Map<number, Interface>>();
  for (const [ifindex, each] of interfaces) {
    if (each.vrf === undefined) continue;
    const there = all.get(each.vrf) ?? new Map<number, Interface>();
    all.set(each.vrf, there.set(ifindex, each));
  }
  return new Map(
    [...all].map(([vrf, now]) => {
      const was = before.get(vrf);
      return [vrf, was && sameOrder(was, now) ? was : now];
    }),
  );
}

/** The order counts: of two devices in one network the first is taken. */
function sameOrder(a: Interfaces, b: Interfaces): boolean {
  if (a.size !== b.size) return false;
  const others = b.entries();
  for (const [ifindex, each] of a) {
    const [theirs, other] = others.next().value ?? [];
    if (theirs !== ifindex || other !== each) return false;
  }
  return true;
}

/** Nothing is announced to a VRF's neighbors: its networks go to other leaves, by its own settings. */
function settingsOf({ resolveViaDefault }: Pick<UnderlaySettings, 'resolveViaDefault'>): UnderlaySettings {
  return { networks: [], redistributeConnected: [], accept: EVERYTHING, resolveViaDefault };
}
