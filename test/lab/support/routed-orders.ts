import type { Random } from './random.js';

/* The devices of a leaf's VRFs as a test makes, moves and deletes them at random, and what must become of them in the end. */

export const VRFS = ['red', 'blue'] as const;
export type VrfName = (typeof VRFS)[number];
/** The VNIs of routed traffic: on the leaf that stays as it is, the first is red's and the second is blue's. */
export const L3VNIS = [4001, 4002] as const;
export type L3vni = (typeof L3VNIS)[number];
/** The bridges of the VNIs of hosts, which have an SVI's address. */
const SVIS = ['br10', 'br20'] as const;
type Svi = (typeof SVIS)[number];
/** Bridges that an L3VNI may be in. */
type L3Bridge = `br${L3vni}`;
const L3_BRIDGES: readonly L3Bridge[] = ['br4001', 'br4002'];
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
export const vrfLines = (vrf: VrfName, table: number, leaf: number): string[] => {
  const { address, address6 } = ownNetworks(vrf, leaf);
  return [
    `link add ${vrf} type vrf table ${table}`,
    `link set ${vrf} up`,
    `addr add ${address}/24 dev ${vrf}`,
    `addr add ${address6}/64 dev ${vrf} nodad`,
  ];
};

export const bridgeLines = (bridge: string, mac: string): string[] => [
  `link add ${bridge} address ${mac} type bridge mcast_snooping 0`,
  `link set ${bridge} up`,
];

export const vxlanLines = (vni: L3vni, vtep: string): string[] => [
  `link add vx${vni} mtu 1550 type vxlan id ${vni} local ${vtep} dstport 4789 nolearning ttl 64`,
  `link set vx${vni} addrgenmode none up`,
];

export const portLines = (vxlan: string, bridge: string): string[] => [
  `link set ${vxlan} master ${bridge}`,
  `link set ${vxlan} type bridge_slave learning off`,
];

/** How a VRF routes: by which VNI, and with which MAC. */
export interface Routing {
  readonly vrf: VrfName;
  readonly table: number;
  readonly l3vni: L3vni;
  readonly svi: string;
  readonly mac: string;
}

/** An operation that the devices allow now: it returns what `ip -batch` reads. */
type Operation = () => string[];

/** The devices of one leaf's VRFs. Nothing of it is there at the beginning. */
export class RoutedDevices {
  readonly #vrfs = new Map<VrfName, { table: number; up: boolean }>();
  readonly #bridges = new Map<L3Bridge, { mac: string; up: boolean; vrf: VrfName | undefined }>();
  readonly #vxlans = new Map<L3vni, { bridge: L3Bridge | undefined; up: boolean }>();
  readonly #svis = new Map<Svi, VrfName>();
  readonly #deadVnis = new Set<Svi>();

  constructor(
    readonly random: Random,
    readonly leaf: number,
    readonly vtep: string,
  ) {}

  /** Does something that the devices allow; three of four times something that makes or joins. */
  change(): string[] {
    const { random } = this;
    const makes = random.below(4) > 0;
    const allowed = makes ? [...this.#making()] : [...this.#moving(), ...this.#breaking()];
    return allowed.length === 0 ? this.change() : random.of(allowed)();
  }

  /** Takes everything away, in an order by chance. */
  end(): string[] {
    const lines: string[] = [];
    for (;;) {
      const left: Operation[] = [
        ...[...this.#vrfs.keys()].map((vrf) => () => this.#deleteVrf(vrf)),
        ...[...this.#bridges.keys()].map((bridge) => () => this.#deleteBridge(bridge)),
        ...[...this.#vxlans.keys()].map((vni) => () => this.#deleteVxlan(vni)),
        ...[...this.#svis.keys()].map((svi) => () => this.#free(svi)),
        ...[...this.#deadVnis].map((svi) => () => this.#revive(svi)),
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
        const vxlan = this.#vxlans.get(l3vni);
        const bridge = vxlan?.bridge && this.#bridges.get(vxlan.bridge);
        if (!vxlan?.bridge || bridge?.vrf !== vrf) continue;
        if (!its.up || !vxlan.up || !bridge.up) return [];
        return [{ vrf, table: its.table, l3vni, svi: vxlan.bridge, mac: bridge.mac }];
      }
      return [];
    });
  }

  /** The VNI by which the VRF of a host's SVI routes; undefined where nothing leads out. */
  l3vniOf(svi: Svi): L3vni | undefined {
    return this.routing().find(({ vrf }) => vrf === this.#svis.get(svi))?.l3vni;
  }

  /** The VNI of hosts carries frames; hosts of one that does not are announced nowhere, so that no answer finds them. */
  isAlive(svi: Svi): boolean {
    return !this.#deadVnis.has(svi);
  }

  *#making(): Iterable<Operation> {
    const { random } = this;
    for (const vrf of VRFS)
      if (!this.#vrfs.has(vrf))
        yield () => {
          const used = [...this.#vrfs.values()].map(({ table }) => table);
          const table = random.of(TABLES.filter((each) => !used.includes(each)));
          this.#vrfs.set(vrf, { table, up: true });
          return vrfLines(vrf, table, this.leaf);
        };
    for (const bridge of L3_BRIDGES)
      if (!this.#bridges.has(bridge))
        yield () => {
          const mac = this.#mac(bridge);
          this.#bridges.set(bridge, { mac, up: true, vrf: undefined });
          return bridgeLines(bridge, mac);
        };
    for (const vni of L3VNIS)
      if (!this.#vxlans.has(vni))
        yield () => {
          this.#vxlans.set(vni, { bridge: undefined, up: true });
          return vxlanLines(vni, this.vtep);
        };
    for (const [vni, vxlan] of this.#vxlans) {
      if (vxlan.bridge === undefined) yield* this.#joining(vni);
      if (!vxlan.up)
        yield () => {
          vxlan.up = true;
          return [`link set vx${vni} up`];
        };
    }
    for (const [name, bridge] of this.#bridges) {
      if (bridge.vrf === undefined) yield* this.#enslaving(name);
      if (!bridge.up)
        yield () => {
          bridge.up = true;
          return [`link set ${name} up`];
        };
    }
    for (const [name, vrf] of this.#vrfs)
      if (!vrf.up)
        yield () => {
          vrf.up = true;
          // They go when a device goes down (net/ipv6/addrconf.c addrconf_ifdown)
          return [
            `link set ${name} up`,
            `addr replace ${ownNetworks(name, this.leaf).address6}/64 dev ${name} nodad`,
          ];
        };
    for (const svi of SVIS) {
      if (!this.#svis.has(svi)) yield* this.#movingSvi(svi);
      if (this.#deadVnis.has(svi)) yield () => this.#revive(svi);
    }
  }

  *#moving(): Iterable<Operation> {
    for (const vni of this.#vxlans.keys()) yield* this.#joining(vni);
    for (const name of this.#bridges.keys()) yield* this.#enslaving(name);
    for (const svi of SVIS) yield* this.#movingSvi(svi);
    for (const [name, bridge] of this.#bridges)
      yield () => {
        bridge.mac = this.#mac(name);
        return [`link set ${name} address ${bridge.mac}`];
      };
  }

  *#breaking(): Iterable<Operation> {
    for (const vrf of this.#vrfs.keys()) yield () => this.#deleteVrf(vrf);
    for (const bridge of this.#bridges.keys()) yield () => this.#deleteBridge(bridge);
    for (const vni of this.#vxlans.keys()) yield () => this.#deleteVxlan(vni);
    for (const svi of this.#svis.keys()) yield () => this.#free(svi);
    for (const [vni, vxlan] of this.#vxlans) {
      if (vxlan.bridge !== undefined)
        yield () => {
          vxlan.bridge = undefined;
          return [`link set vx${vni} nomaster`];
        };
      yield () => {
        vxlan.up = false;
        return [`link set vx${vni} down`];
      };
    }
    for (const [name, bridge] of this.#bridges) {
      if (bridge.vrf !== undefined)
        yield () => {
          bridge.vrf = undefined;
          return [`link set ${name} nomaster`];
        };
      yield () => {
        bridge.up = false;
        return [`link set ${name} down`];
      };
    }
    for (const [name, vrf] of this.#vrfs)
      yield () => {
        vrf.up = false;
        return [`link set ${name} down`];
      };
    for (const svi of SVIS)
      if (!this.#deadVnis.has(svi))
        yield () => {
          this.#deadVnis.add(svi);
          return [`link set ${svi.replace('br', 'vx')} down`];
        };
  }

  /** A bridge without VLANs has one VNI. */
  *#joining(vni: L3vni): Iterable<Operation> {
    for (const bridge of this.#bridges.keys()) {
      if ([...this.#vxlans.values()].some((other) => other.bridge === bridge)) continue;
      yield () => {
        this.#vxlans.set(vni, { bridge, up: this.#vxlans.get(vni)?.up ?? true });
        return portLines(`vx${vni}`, bridge);
      };
    }
  }

  *#enslaving(name: L3Bridge): Iterable<Operation> {
    for (const vrf of this.#vrfs.keys())
      yield () => {
        const bridge = this.#bridges.get(name);
        if (bridge) bridge.vrf = vrf;
        return [`link set ${name} master ${vrf}`];
      };
  }

  *#movingSvi(svi: Svi): Iterable<Operation> {
    for (const vrf of this.#vrfs.keys())
      yield () => {
        this.#svis.set(svi, vrf);
        return [`link set ${svi} master ${vrf}`];
      };
  }

  #free(svi: Svi): string[] {
    this.#svis.delete(svi);
    return [`link set ${svi} nomaster`];
  }

  #revive(svi: Svi): string[] {
    this.#deadVnis.delete(svi);
    return [`link set ${svi.replace('br', 'vx')} up`];
  }

  #deleteVrf(vrf: VrfName): string[] {
    this.#vrfs.delete(vrf);
    for (const bridge of this.#bridges.values()) if (bridge.vrf === vrf) bridge.vrf = undefined;
    for (const [svi, its] of this.#svis) if (its === vrf) this.#svis.delete(svi);
    return [`link del ${vrf}`];
  }

  #deleteBridge(name: L3Bridge): string[] {
    this.#bridges.delete(name);
    for (const vxlan of this.#vxlans.values()) if (vxlan.bridge === name) vxlan.bridge = undefined;
    return [`link del ${name}`];
  }

  #deleteVxlan(vni: L3vni): string[] {
    this.#vxlans.delete(vni);
    return [`link del vx${vni}`];
  }

  #mac(bridge: L3Bridge): string {
    return `02:ff:0${this.leaf}:00:${bridge.slice(-2)}:0${this.random.below(4)}`;
  }
}

/** What one leaf's kernel has of ours for VRFs, a line a row, sorted. */
export function ownRows(text: string): string[] {
  const rows: string[] = [];
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    const after = (word: string) => words[words.indexOf(word) + 1];
    if (words[0] === 'id') rows.push('nexthop');
    else if (words.includes('nhid') && words.includes('table'))
      rows.push(`route ${after('table')} ${words[0]}`);
    else if (words.includes('lladdr') && words.includes('extern_learn') && /^br400/.test(after('dev')))
      rows.push(`neigh ${after('dev')} ${words[0]} ${after('lladdr')}`);
    // The kernel has a row without a VLAN in each of the port's, too (net/bridge/br_fdb.c br_fdb_add)
    else if (words.includes('extern_learn') && !words.includes('vlan') && /^vx400/.test(after('dev')))
      rows.push(
        `fdb ${after('dev')} ${words[0]} ${words.includes('dst') ? after('dst') : `in ${after('master')}`}`,
      );
  }
  return rows.sort();
}

/** The rows of a VRF that routes to one leaf, whose router has that MAC, by prefixes that this leaf announced. */
export function rowsOf(
  { table, svi, l3vni }: Routing,
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
    ...gateways.flatMap((gateway) => ['nexthop', 'nexthop', `neigh ${svi} ${gateway} ${mac}`]),
    `fdb vx${l3vni} ${mac} ${vtep}`,
    `fdb vx${l3vni} ${mac} in ${svi}`,
  ];
}
