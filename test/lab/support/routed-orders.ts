import {
  HOST_VLANS,
  type HostVlan,
  L3VNIS,
  type L3vni,
  type LeafKind,
  type Line,
  PLACES,
  type Place,
  routerRow,
} from './leaf-kinds.js';
import type { Random } from './random.js';

/* The devices of a leaf's VRFs as a test makes, moves and deletes them at random, and what must become of them in the end. */

export const VRFS = ['red', 'blue'] as const;
export type VrfName = (typeof VRFS)[number];
const TABLES = [1001, 1002, 1003];

/** A network of a VRF on a leaf, by an address of the VRF device. */
export const ownNetworks = (vrf: VrfName, leaf: number) => {
  const n = 16 + VRFS.indexOf(vrf);
  return {
    address: `172.${n}.${leaf}.1`,
    address6: `fd${n}:${leaf}::1`,
    prefixes: [`172.${n}.${leaf}.0/24`, `fd${n}:${leaf}::/64`],
  };
};

/** What makes a VRF with its own networks. */
export const vrfLines = (vrf: VrfName, table: number, leaf: number): Line[] => {
  const { address, address6 } = ownNetworks(vrf, leaf);
  return [
    `ip link add ${vrf} type vrf table ${table}`,
    `ip link set ${vrf} up`,
    `ip addr add ${address}/24 dev ${vrf}`,
    `ip addr add ${address6}/64 dev ${vrf} nodad`,
  ];
};

/** How a VRF routes: by which VNI, in which place, and with which MAC. */
export interface Routing {
  readonly vrf: VrfName;
  readonly table: number;
  readonly l3vni: L3vni;
  readonly place: Place;
  readonly mac: string;
}

/** An operation that the devices allow now. */
type Operation = () => Line[];

/** The devices of one leaf's VRFs. Nothing of it is there at the beginning. */
export class RoutedDevices {
  readonly #vrfs = new Map<VrfName, { table: number; up: boolean }>();
  readonly #svis = new Map<Place, { mac: string; up: boolean; vrf: VrfName | undefined }>();
  readonly #vnis = new Map<L3vni, { place: Place | undefined; up: boolean }>();
  /** The VRFs that the SVIs of hosts are in. */
  readonly #hosts = new Map<HostVlan, VrfName>();
  readonly #dead = new Set<HostVlan>();

  constructor(
    readonly random: Random,
    readonly kind: LeafKind,
    readonly leaf: number,
    readonly vtep: string,
  ) {}

  /** Does something that the devices allow; three of four times something that makes or joins. */
  change(): Line[] {
    const { random } = this;
    const makes = random.below(4) > 0;
    const allowed = makes ? [...this.#making()] : [...this.#moving(), ...this.#breaking()];
    return allowed.length === 0 ? this.change() : random.of(allowed)();
  }

  /** Takes everything away, in an order by chance. */
  end(): Line[] {
    const lines: Line[] = [];
    for (;;) {
      const left: Operation[] = [
        ...[...this.#vrfs.keys()].map((vrf) => () => this.#deleteVrf(vrf)),
        ...[...this.#svis.keys()].map((place) => () => this.#deleteSvi(place)),
        ...[...this.#vnis.keys()].map((vni) => () => this.#deleteVni(vni)),
        ...[...this.#hosts.keys()].map((vlan) => () => this.#free(vlan)),
        ...[...this.#dead].map((vlan) => () => this.#revive(vlan)),
      ];
      if (left.length === 0) return lines;
      lines.push(...this.random.of(left)());
    }
  }

  /** The VRFs that route to other leaves now: of several VNIs without hosts the lowest is a VRF's. */
  routing(): Routing[] {
    return VRFS.flatMap((vrf) => {
      const its = this.#vrfs.get(vrf);
      if (!its) return [];
      for (const l3vni of L3VNIS) {
        const vni = this.#vnis.get(l3vni);
        const svi = vni?.place && this.#svis.get(vni.place);
        if (!vni?.place || svi?.vrf !== vrf) continue;
        if (!its.up || !vni.up || !svi.up) return [];
        return [{ vrf, table: its.table, l3vni, place: vni.place, mac: svi.mac }];
      }
      return [];
    });
  }

  /** The VNI by which the VRF of a VLAN's hosts routes; undefined where nothing leads out. */
  l3vniOf(vlan: HostVlan): L3vni | undefined {
    return this.routing().find(({ vrf }) => vrf === this.#hosts.get(vlan))?.l3vni;
  }

  /** The VNI of hosts carries frames; hosts of one that does not are announced nowhere, so that no answer finds them. */
  isAlive(vlan: HostVlan): boolean {
    return !this.#dead.has(vlan);
  }

  *#making(): Iterable<Operation> {
    const { random, kind } = this;
    for (const vrf of VRFS)
      if (!this.#vrfs.has(vrf))
        yield () => {
          const used = [...this.#vrfs.values()].map(({ table }) => table);
          const table = random.of(TABLES.filter((each) => !used.includes(each)));
          this.#vrfs.set(vrf, { table, up: true });
          return vrfLines(vrf, table, this.leaf);
        };
    for (const place of PLACES)
      if (!this.#svis.has(place))
        yield () => {
          const mac = this.#mac(place);
          this.#svis.set(place, { mac, up: true, vrf: undefined });
          return kind.addSvi(place, mac);
        };
    for (const vni of L3VNIS)
      if (!this.#vnis.has(vni))
        yield () => {
          this.#vnis.set(vni, { place: undefined, up: true });
          return kind.addVni(vni, this.vtep);
        };
    for (const [name, vni] of this.#vnis) {
      if (vni.place === undefined) yield* this.#entering(name);
      if (!vni.up)
        yield () => {
          vni.up = true;
          return kind.setUp(name, true);
        };
    }
    for (const [place, svi] of this.#svis) {
      if (svi.vrf === undefined) yield* this.#enslaving(place);
      if (!svi.up)
        yield () => {
          svi.up = true;
          return [`ip link set ${kind.svi(place)} up`];
        };
    }
    for (const [name, vrf] of this.#vrfs)
      if (!vrf.up)
        yield () => {
          vrf.up = true;
          // They go when a device goes down (net/ipv6/addrconf.c addrconf_ifdown)
          return [
            `ip link set ${name} up`,
            `ip addr replace ${ownNetworks(name, this.leaf).address6}/64 dev ${name} nodad`,
          ];
        };
    for (const vlan of HOST_VLANS) {
      if (!this.#hosts.has(vlan)) yield* this.#movingHosts(vlan);
      if (this.#dead.has(vlan)) yield () => this.#revive(vlan);
    }
  }

  *#moving(): Iterable<Operation> {
    for (const vni of this.#vnis.keys()) yield* this.#entering(vni);
    for (const place of this.#svis.keys()) yield* this.#enslaving(place);
    for (const vlan of HOST_VLANS) yield* this.#movingHosts(vlan);
    for (const [place, svi] of this.#svis)
      yield () => {
        svi.mac = this.#mac(place);
        return [`ip link set ${this.kind.svi(place)} address ${svi.mac}`];
      };
  }

  *#breaking(): Iterable<Operation> {
    const { kind } = this;
    for (const vrf of this.#vrfs.keys()) yield () => this.#deleteVrf(vrf);
    for (const place of this.#svis.keys()) yield () => this.#deleteSvi(place);
    for (const vni of this.#vnis.keys()) yield () => this.#deleteVni(vni);
    for (const vlan of this.#hosts.keys()) yield () => this.#free(vlan);
    for (const [name, vni] of this.#vnis) {
      const { place } = vni;
      if (place !== undefined)
        yield () => {
          vni.place = undefined;
          return kind.leave(name, place);
        };
      if (vni.up)
        yield () => {
          vni.up = false;
          return kind.setUp(name, false);
        };
    }
    for (const [place, svi] of this.#svis) {
      if (svi.vrf !== undefined)
        yield () => {
          svi.vrf = undefined;
          return [`ip link set ${kind.svi(place)} nomaster`];
        };
      yield () => {
        svi.up = false;
        return [`ip link set ${kind.svi(place)} down`];
      };
    }
    for (const [name, vrf] of this.#vrfs)
      yield () => {
        vrf.up = false;
        return [`ip link set ${name} down`];
      };
    for (const vlan of HOST_VLANS)
      if (!this.#dead.has(vlan))
        yield () => {
          this.#dead.add(vlan);
          return kind.setHosts(vlan, false);
        };
  }

  /** A place has one VNI. */
  *#entering(name: L3vni): Iterable<Operation> {
    const vni = this.#vnis.get(name);
    for (const place of PLACES) {
      if (!vni || (!this.kind.outlivesSvi && !this.#svis.has(place))) continue;
      if ([...this.#vnis.values()].some((other) => other.place === place)) continue;
      yield () => {
        const from = vni.place;
        vni.place = place;
        return this.kind.enter(name, place, from);
      };
    }
  }

  *#enslaving(place: Place): Iterable<Operation> {
    for (const vrf of this.#vrfs.keys())
      yield () => {
        const svi = this.#svis.get(place);
        if (svi) svi.vrf = vrf;
        return [`ip link set ${this.kind.svi(place)} master ${vrf}`];
      };
  }

  *#movingHosts(vlan: HostVlan): Iterable<Operation> {
    for (const vrf of this.#vrfs.keys())
      yield () => {
        this.#hosts.set(vlan, vrf);
        return [`ip link set ${this.kind.hostSvi(vlan)} master ${vrf}`];
      };
  }

  #free(vlan: HostVlan): Line[] {
    this.#hosts.delete(vlan);
    return [`ip link set ${this.kind.hostSvi(vlan)} nomaster`];
  }

  #revive(vlan: HostVlan): Line[] {
    this.#dead.delete(vlan);
    return this.kind.setHosts(vlan, true);
  }

  #deleteVrf(vrf: VrfName): Line[] {
    this.#vrfs.delete(vrf);
    for (const svi of this.#svis.values()) if (svi.vrf === vrf) svi.vrf = undefined;
    for (const [vlan, its] of this.#hosts) if (its === vrf) this.#hosts.delete(vlan);
    return [`ip link del ${vrf}`];
  }

  #deleteSvi(place: Place): Line[] {
    this.#svis.delete(place);
    if (!this.kind.outlivesSvi)
      for (const vni of this.#vnis.values()) if (vni.place === place) vni.place = undefined;
    return this.kind.deleteSvi(place);
  }

  #deleteVni(name: L3vni): Line[] {
    const vni = this.#vnis.get(name);
    this.#vnis.delete(name);
    return this.kind.deleteVni(name, vni?.place, vni?.up === true);
  }

  #mac(place: Place): string {
    return `02:ff:0${this.leaf}:00:0${place}:0${this.random.below(4)}`;
  }
}

/** What one leaf's kernel has of ours for VRFs, a line a row, sorted. */
export function ownRows(text: string, { mode }: LeafKind): string[] {
  const rows: string[] = [];
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    const after = (word: string) => words[words.indexOf(word) + 1];
    const router = routerRow(words, mode !== 'traditional');
    if (router !== undefined) rows.push(`fdb ${router}`);
    else if (words[0] === 'id') rows.push('nexthop');
    else if (words.includes('nhid') && words.includes('table'))
      rows.push(`route ${after('table')} ${words[0]}`);
    // `ip neigh` shows rows of VXLAN devices, too, as those of a MAC
    else if (words[0].startsWith('02:ff:')) continue;
    else if (after('lladdr')?.startsWith('02:ff:') && words.includes('extern_learn'))
      rows.push(`neigh ${after('dev')} ${words[0]} ${after('lladdr')}`);
  }
  return rows.sort();
}

/** The rows of a VRF that routes to one leaf, whose router has that MAC, by prefixes that this leaf announced. */
export function rowsOf(
  { table, place, l3vni }: Routing,
  kind: LeafKind,
  prefixes: readonly string[],
  vtep: string,
  mac: string,
): string[] {
  if (prefixes.length === 0) return [];
  const gateways = [
    ...(prefixes.some((prefix) => !prefix.includes(':')) ? [vtep] : []),
    ...(prefixes.some((prefix) => prefix.includes(':')) ? [`::ffff:${vtep}`] : []),
  ];
  return [
    ...prefixes.map((prefix) => `route ${table} ${prefix.replace(/\/(32|128)$/, '')}`),
    ...gateways.flatMap((gateway) => ['nexthop', 'nexthop', `neigh ${kind.svi(place)} ${gateway} ${mac}`]),
    ...kind.routerRows(l3vni, place, mac, vtep).map((row) => `fdb ${row}`),
  ];
}
