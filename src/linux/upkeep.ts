import { errnoName, type Topology } from '../dataplane/index.js';
import { type Ip, isIpv4, isMartian, type Log, sameSet, type Vni } from '../types/index.js';
import { type CheckContext, NO_CONTEXT, type VrfWish } from './checks.js';
import * as K from './constants.js';
import { driverOf } from './devlink.js';
import type { LinkTable } from './link-table.js';
import type { Programmer } from './programmer.js';
import { NetlinkError } from './route-socket.js';
import type { Setting, Way } from './settings-codec.js';

/** What the operator wants of the kernel beyond routes. */
export interface KernelPolicy {
  /** Set what ports and devices of served VNIs need, and again when somebody changes it. */
  readonly managePortSettings: boolean;
  serves(vni: Vni): boolean;
  floods(vni: Vni): boolean;
  /** True if the configuration lists the VNI as one that is served. */
  lists(vni: Vni): boolean;
  /** True if the configuration has it among the VNIs of hosts, served or not. */
  names(vni: Vni): boolean;
  /** The VRFs that the configuration names. */
  readonly vrfs: ReadonlyMap<string, VrfWish>;
  /** Those that it does not name are the fabric's too. */
  readonly anyVrf: boolean;
}

export const DEFAULT_POLICY: KernelPolicy = {
  managePortSettings: false,
  serves: () => true,
  floods: () => true,
  lists: () => false,
  names: () => false,
  vrfs: new Map(),
  anyVrf: true,
};

/** Two who disagree about a flag change it once in this many milliseconds and not in a loop. */
const PAUSE_MS = 1000;
/** While something is under way it is looked so often whether that is over, */
const FLYING_MS = 50;
/** and so many times: under a bulk that goes on and on its end is waited for. */
const MOST_POSTPONED = 10;
/** Routes change without a word to us: the way to the VTEPs is asked for anew so often. */
const LOOK_AGAIN_MS = 30_000;
/** A few VTEPs show the underlay as well as a thousand. */
const SAMPLE = 64;
/** VTEPs that are held against this machine's own addresses: more than a fabric has. */
const MOST_VTEPS = 16_384;
/** VTEPs that a way is asked for in one look, of a few microseconds each. */
const MOST_WAYS = 1024;
/** As long as there is none to some VTEP it is asked for again so often, so that a warning ends soon after its cause. */
const UNREACHABLE_MS = 5000;

/**
 * Every flag that `manage-port-settings` sets, and no other: learning off on the port and on the device, suppression of
 * ARP and ND on. Pure; names only what is not as it should be.
 */
export function dueSettings(table: LinkTable, topology: Topology, serves: (vni: Vni) => boolean): Setting[] {
  const due: Setting[] = [];
  const seen = new Set<number>();
  for (const { vni, vxlanIfindex: ifindex } of topology.vnis.values()) {
    if (seen.has(ifindex) || !serves(vni)) continue;
    seen.add(ifindex);
    const link = table.links.get(ifindex);
    if (link?.port?.learning) due.push({ ifindex, of: 'port', attribute: K.IFLA_BRPORT_LEARNING, value: 0 });
    if (link?.port && !link.port.neighSuppress && !link.port.neighVlanSuppress)
      due.push({ ifindex, of: 'port', attribute: K.IFLA_BRPORT_NEIGH_SUPPRESS, value: 1 });
    if (link?.vxlan?.learning) due.push({ ifindex, of: 'vxlan', attribute: K.IFLA_VXLAN_LEARNING, value: 0 });
  }
  return due;
}

/**
 * VTEPs that the FIB delivers here, with the device that has the address. Only addresses that some device has are asked for
 * by `wayOf`, since those of a VRF are another table's. Pure.
 */
export function loopsAmong(
  vteps: ReadonlySet<Ip>,
  { links, addresses }: Pick<LinkTable, 'links' | 'addresses'>,
  wayOf: (vtep: Ip) => Way | undefined,
): Map<Ip, string> {
  const loops = new Map<Ip, string>();
  for (const [ifindex, its] of addresses)
    for (const { ip } of its)
      if (vteps.has(ip) && wayOf(ip)?.local) loops.set(ip, links.get(ifindex)?.name ?? `ifindex ${ifindex}`);
  return loops;
}

/**
 * VTEPs that the FIB has no way to, whatever address of `locals`, those of VXLAN devices, the packets come from: rules may look at the
 * source. Pure.
 */
export function unreachableAmong(
  vteps: Iterable<Ip>,
  locals: ReadonlySet<Ip>,
  wayOf: (vtep: Ip, from?: Ip) => Way | undefined,
): Set<Ip> {
  const unreachable = new Set<Ip>();
  for (const vtep of vteps) {
    if (wayOf(vtep)) continue;
    const isOld = isIpv4(vtep);
    let found = false;
    for (const local of locals)
      if (!found && isIpv4(local) === isOld) found = wayOf(vtep, local) !== undefined;
    if (!found) unreachable.add(vtep);
  }
  return unreachable;
}

function sameLoops(a: ReadonlyMap<Ip, string>, b: ReadonlyMap<Ip, string>): boolean {
  return a.size === b.size && [...a].every(([vtep, device]) => b.get(vtep) === device);
}

/** Who is asked. */
type Asked = Pick<Programmer, 'isFlying' | 'isHeldUp' | 'set' | 'way'>;

/**
 * What evpnd looks after beside rows: settings of ports where the operator wants that, and what the checks need of the
 * routing table: the underlay's MTU, VTEP addresses that no device has, and VTEPs whose way ends here, or to which there is none. Its owner calls
 * `topologyTold` after each topology; `retell` asks for another one.
 */
export class Upkeep {
  policy: KernelPolicy = DEFAULT_POLICY;
  context: CheckContext = NO_CONTEXT;
  /** Of `#vteps` those by which the underlay is measured. */
  readonly #destinations = new Set<Ip>();
  readonly #vteps = new Set<Ip>();
  /** VTEPs without a way at the last look, and the performance.now() of the first such one: at a start their routes may be on their way. */
  #doubtful: ReadonlyMap<Ip, number> = new Map();
  #topology: Topology | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** performance.now() when the timer fires. */
  #dueAt = Number.POSITIVE_INFINITY;
  #setAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  #postponed = 0;
  /** The driver of some switch ASIC is not known, and it may be asked for so often in a hurry. */
  #isNameless = false;
  #hurries = 10;

  constructor(
    readonly table: LinkTable,
    readonly programmer: () => Asked | undefined,
    readonly retell: () => void,
    readonly log: Log,
  ) {}

  /** New wishes, from now on. */
  setPolicy(policy: KernelPolicy): void {
    this.policy = policy;
    this.context = {
      ...this.context,
      floods: (vni) => policy.floods(vni),
      lists: (vni) => policy.lists(vni),
      names: (vni) => policy.names(vni),
      vrfs: policy.vrfs,
      anyVrf: policy.anyVrf,
    };
    this.retell();
    this.#schedule(0);
  }

  /** A VTEP that BUM traffic goes to. */
  destination(vtep: Ip): void {
    const isNew = this.#vteps.size < MOST_VTEPS && !this.#vteps.has(vtep);
    const isSampled = this.#destinations.size < SAMPLE && !this.#destinations.has(vtep);
    if (isNew) this.#vteps.add(vtep);
    if (isSampled) this.#destinations.add(vtep);
    // VTEPs that come one after the other must not put off the look
    if ((isNew || isSampled) && this.#dueAt > performance.now() + PAUSE_MS) this.#schedule(PAUSE_MS);
  }

  topologyTold(topology: Topology): void {
    this.#topology = topology;
    const wait = this.#setAt + PAUSE_MS - performance.now();
    this.#schedule(Math.max(0, wait));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(delay: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#dueAt = performance.now() + delay;
    this.#timer = setTimeout(() => this.#work(), delay);
    this.#timer.unref();
  }

  #work(): void {
    // A question would wait for what is under way: for a moment, but where others hold the kernel's lock for as long as they do
    const programmer = this.programmer();
    if (programmer?.isFlying && (programmer.isHeldUp || this.#postponed < MOST_POSTPONED)) {
      this.#postponed++;
      this.#schedule(FLYING_MS);
      return;
    }
    this.#postponed = 0;
    try {
      this.#measure();
      this.#set();
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.log.warn({ err: error }, 'ports and the underlay could not be looked after; tried again');
    }
    // A port that is being renamed or moved has no such file for a moment
    const soon = this.#isNameless && this.#hurries-- > 0;
    const { unreachable } = this.context;
    const isNews = [...this.#doubtful.keys()].some((vtep) => !unreachable.has(vtep));
    this.#schedule(soon || isNews ? PAUSE_MS : this.#doubtful.size > 0 ? UNREACHABLE_MS : LOOK_AGAIN_MS);
  }

  #set(): void {
    const programmer = this.programmer();
    const { managePortSettings, serves } = this.policy;
    if (!managePortSettings || !programmer || !this.#topology) return;
    const due = dueSettings(this.table, this.#topology, serves);
    if (due.length > 0) this.#setAt = performance.now();
    for (const setting of due) {
      const { errno, message } = programmer.set(setting);
      const facts = {
        device: this.table.links.get(setting.ifindex)?.name,
        setting: settingName(setting),
      };
      if (errno === 0) this.log.info(facts, 'set what the VNI needs');
      else this.log.warn({ ...facts, error: message ?? errnoName(errno) }, 'the kernel refused a setting');
    }
  }

  #measure(): void {
    const programmer = this.programmer();
    if (!programmer) return;
    const least: Record<'ipv4' | 'ipv6', number | undefined> = { ipv4: undefined, ipv6: undefined };
    for (const vtep of this.#destinations) {
      const way = programmer.way(vtep);
      if (!way) {
        this.#destinations.delete(vtep);
        continue;
      }
      const mtu = way.mtu || this.table.links.get(way.device)?.mtu;
      const family = isIpv4(vtep) ? 'ipv4' : 'ipv6';
      if (mtu) least[family] = Math.min(mtu, least[family] ?? Number.POSITIVE_INFINITY);
    }
    const localRoutes = this.#localRoutes(programmer);
    const loops = loopsAmong(this.#vteps, this.table, (vtep) => programmer.way(vtep));
    const unreachable = this.#unreachable(programmer);
    const drivers = this.#drivers();
    const { underlayMtu } = this.context;
    if (
      drivers === this.context.drivers &&
      underlayMtu.ipv4 === least.ipv4 &&
      underlayMtu.ipv6 === least.ipv6 &&
      sameSet(this.context.localRoutes, localRoutes) &&
      sameSet(this.context.unreachable, unreachable) &&
      sameLoops(this.context.loops, loops)
    )
      return;
    this.context = {
      ...this.context,
      underlayMtu: least,
      localRoutes,
      drivers,
      loops: sameLoops(this.context.loops, loops) ? this.context.loops : loops,
      unreachable: sameSet(this.context.unreachable, unreachable) ? this.context.unreachable : unreachable,
    };
    this.retell();
  }

  /** Returns the VTEPs that have been without a way for a while. */
  #unreachable(programmer: Asked): Set<Ip> {
    const locals = new Set<Ip>();
    // The packets of a device that is bound to another one go by it alone, or by the table of its VRF
    let isBound = false;
    for (const { vxlan } of this.table.links.values()) {
      if (vxlan?.local !== undefined) locals.add(vxlan.local);
      if (vxlan && vxlan.tunnel.link !== 0) isBound = true;
    }
    const before = this.#doubtful;
    const asked = isBound ? [] : [...this.#vteps].slice(0, MOST_WAYS);
    const now = performance.now();
    const found = unreachableAmong(asked, locals, (vtep, from) => programmer.way(vtep, from));
    this.#doubtful = new Map([...found].map((vtep) => [vtep, before.get(vtep) ?? now]));
    return new Set([...found].filter((vtep) => now - (before.get(vtep) ?? now) >= PAUSE_MS));
  }

  /** The driver of each switch ASIC, which stays once it is found: the same object where no other was. */
  #drivers(): ReadonlyMap<string, string> {
    let found = this.context.drivers;
    this.#isNameless = false;
    for (const { switchId, name } of this.table.links.values()) {
      const driver = switchId === '' || found.has(switchId) ? '' : driverOf(name);
      if (driver !== '') found = new Map(found).set(switchId, driver);
      else if (switchId !== '' && !found.has(switchId)) this.#isNameless = true;
    }
    return found;
  }

  /** Returns which `local` addresses of VXLAN devices a route alone delivers here (`ip route add local … dev lo`). */
  #localRoutes(programmer: Asked): Set<Ip> {
    const locals = new Set<Ip>();
    for (const { vxlan } of this.table.links.values())
      if (vxlan?.local !== undefined && !isMartian(vxlan.local)) locals.add(vxlan.local);
    for (const addresses of this.table.addresses.values()) for (const { ip } of addresses) locals.delete(ip);
    for (const local of locals) if (!programmer.way(local)?.local) locals.delete(local);
    return locals;
  }
}

function settingName({ of, attribute, value }: Setting): string {
  if (of === 'vxlan') return 'nolearning';
  return `${attribute === K.IFLA_BRPORT_LEARNING ? 'learning' : 'neigh_suppress'} ${value === 1 ? 'on' : 'off'}`;
}
