import type { EventSink } from '../events/index.js';
import type { Log } from '../types/index.js';
import type { SpeakerConfig } from './config.js';
import type { LocalInterface } from './connected.js';
import type { Rib } from './evpn-rib.js';
import type { FamilyRibs } from './family-ribs.js';
import type { LocalRib } from './local-rib.js';
import type { NeighborStatus } from './neighbor-status.js';
import { Speaker } from './speaker.js';
import type { NeighborOutcome, SpeakerDeps } from './speaker-deps.js';
import { neighborIn, splitNeighbor } from './vrf-neighbor.js';

/** An interface, and the ifindex of the VRF that it is in, or is. */
interface PlacedInterface extends LocalInterface {
  readonly vrf?: number;
}

interface InVrf {
  readonly speaker: Speaker;
  /** The ifindex of the device; undefined while there is none. */
  ifindex: number | undefined;
}

interface SpeakersDeps extends SpeakerDeps {
  /** The RIBs of unicast of a VRF; asked once for each. */
  readonly ribsOfVrf: (vrf: string) => readonly FamilyRibs[];
}

/**
 * The speaker of the fabric, and one of each VRF whose neighbors are in it, with listeners and RIBs of its own, so that one address may be
 * a neighbor's in each. A VRF's neighbor has `@` and the VRF behind its name wherever all of them are seen together.
 */
export class Speakers {
  readonly #deps: SpeakersDeps;
  readonly #main: Speaker;
  /** Of a VRF that has no neighbors any more it stays, and listens nowhere. */
  readonly #vrfs = new Map<string, InVrf>();
  #config: SpeakerConfig;
  #isStarted = false;
  #hasRestarted = false;
  /** The interfaces that are in a VRF, by its ifindex. */
  #interfaces: ReadonlyMap<number, readonly PlacedInterface[]> = new Map();
  #devices: ReadonlyMap<string, number> = new Map();

  /** As the constructor of Speaker. */
  constructor(config: SpeakerConfig, deps: SpeakersDeps) {
    this.#deps = deps;
    this.#config = config;
    this.#main = new Speaker(config, { ...deps, elsewhere: () => this.#othersThan(this.#main) });
    for (const [vrf, its] of config.vrfs ?? []) this.#add(vrf, its);
  }

  /** Of L2VPN/EVPN. */
  get rib(): Rib {
    return this.#main.rib;
  }

  get localRib(): LocalRib {
    return this.#main.localRib;
  }

  get #all(): readonly Speaker[] {
    return [this.#main, ...[...this.#vrfs.values()].map(({ speaker }) => speaker)];
  }

  #othersThan(speaker: Speaker): readonly Speaker[] {
    return this.#all.filter((each) => each !== speaker);
  }

  /** Of Speaker, as are the others that say nothing else. */
  set onEndOfRib(onEndOfRib: () => void) {
    this.#onEndOfRib = onEndOfRib;
    for (const speaker of this.#all) speaker.onEndOfRib = onEndOfRib;
  }
  #onEndOfRib: (() => void) | undefined;

  set onNoLongerAwaited(onNoLongerAwaited: () => void) {
    this.#onNoLongerAwaited = onNoLongerAwaited;
    for (const speaker of this.#all) speaker.onNoLongerAwaited = onNoLongerAwaited;
  }
  #onNoLongerAwaited: (() => void) | undefined;

  restarted(): void {
    this.#hasRestarted = true;
    for (const speaker of this.#all) speaker.restarted();
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    for (const speaker of this.#all) await speaker.start();
  }

  /**
   * Rejects as Speaker does, and takes back what it has changed by then. VRFs that are new come first: it is there that listening fails
   * while all other sessions are as they were.
   */
  async reconfigure(config: SpeakerConfig): Promise<void> {
    const before = this.#config;
    const known = [...this.#vrfs.keys()];
    const added = [...(config.vrfs?.keys() ?? [])].filter((vrf) => !this.#vrfs.has(vrf));
    const steps = [
      ...added.map((vrf) => (its: SpeakerConfig) => this.#reconfigureVrf(vrf, its)),
      (its: SpeakerConfig) => this.#main.reconfigure(its),
      ...known.map((vrf) => (its: SpeakerConfig) => this.#reconfigureVrf(vrf, its)),
    ];
    const done: typeof steps = [];
    try {
      for (const step of steps) {
        await step(config);
        done.unshift(step);
      }
    } catch (error) {
      for (const step of done) {
        try {
          await step(before);
        } catch (err) {
          // The others are taken back all the same, and what is wrong with the new configuration is what counts
          this.#deps.log.error(
            { event: 'bgp.listen', err },
            'what a failed reload had changed is not taken back',
          );
        }
      }
      throw error;
    }
    this.#config = config;
  }

  async #reconfigureVrf(vrf: string, { vrfs, asn, routerId }: SpeakerConfig): Promise<void> {
    const its = vrfs?.get(vrf) ?? { asn, routerId, listen: [], neighbors: [] };
    const known = this.#vrfs.get(vrf);
    if (known) return known.speaker.reconfigure(its);
    const speaker = this.#add(vrf, its);
    if (!this.#isStarted) return;
    try {
      await speaker.start();
    } catch (error) {
      // One that is known is taken to run: it would never be started
      this.#vrfs.delete(vrf);
      throw error;
    }
  }

  stop(reason = ''): Promise<unknown> {
    return Promise.all(this.#all.map((speaker) => speaker.stop(reason)));
  }

  leave(): Promise<unknown> {
    return Promise.all(this.#all.map((speaker) => speaker.leave()));
  }

  neighbors(): NeighborStatus[] {
    const all = this.#main.neighbors();
    for (const [vrf, { speaker }] of this.#vrfs)
      for (const status of speaker.neighbors()) all.push(named(vrf, status));
    return all;
  }

  /** As Speaker has it; one in a VRF may go without the VRF where no other has this address. */
  neighbor(text: string): NeighborStatus | undefined {
    const found = this.#find(text);
    const status = found?.speaker.neighbor(found.name);
    return status && found?.vrf !== undefined ? named(found.vrf, status) : status;
  }

  #find(text: string): { speaker: Speaker; name: string; vrf: string | undefined } | undefined {
    const { name, vrf } = splitNeighbor(text);
    if (vrf !== undefined) {
      const its = this.#vrfs.get(vrf);
      return its && { speaker: its.speaker, name, vrf };
    }
    if (this.#main.neighbor(name)) return { speaker: this.#main, name, vrf };
    const having = [...this.#vrfs].filter(([, { speaker }]) => speaker.neighbor(name) !== undefined);
    return having.length === 1 ? { speaker: having[0][1].speaker, name, vrf: having[0][0] } : undefined;
  }

  endOfRibReceivedFromAll(): boolean {
    return this.#all.every((speaker) => speaker.endOfRibReceivedFromAll());
  }

  resetNeighbor(name: string, words = ''): NeighborOutcome {
    const found = this.#find(name);
    return found?.speaker.resetNeighbor(found.name, words) ?? 'no neighbor';
  }

  refreshNeighbor(name: string, direction: 'in' | 'out'): NeighborOutcome {
    const found = this.#find(name);
    return found?.speaker.refreshNeighbor(found.name, direction) ?? 'no neighbor';
  }

  shutDownNeighbor(name: string, words = ''): NeighborOutcome {
    const found = this.#find(name);
    return found?.speaker.shutDownNeighbor(found.name, words) ?? 'no neighbor';
  }

  enableNeighbor(name: string): NeighborOutcome {
    const found = this.#find(name);
    return found?.speaker.enableNeighbor(found.name) ?? 'no neighbor';
  }

  /** As Speaker has it; `devices`: the VRFs that there are, by name, with their ifindex. A VRF's speaker knows what is in the VRF alone. */
  interfacesChanged(interfaces: readonly PlacedInterface[], devices: ReadonlyMap<string, number>): void {
    this.#interfaces = placed(interfaces);
    this.#devices = devices;
    this.#main.interfacesChanged(interfaces);
    for (const [vrf, its] of this.#vrfs) this.#place(vrf, its);
  }

  #place(vrf: string, its: InVrf): void {
    const before = its.ifindex;
    const now = this.#devices.get(vrf);
    its.ifindex = now;
    // A device that was made anew meanwhile has another number: sockets are bound to the one before
    if (before !== undefined && before !== now) its.speaker.deviceGone(`VRF ${vrf} is gone`);
    its.speaker.interfacesChanged((now !== undefined && this.#interfaces.get(now)) || []);
  }

  #add(vrf: string, config: SpeakerConfig): Speaker {
    const { log, events, ribsOfVrf, bfd: _, convergence: __, ...deps } = this.#deps;
    const speaker: Speaker = new Speaker(config, {
      ...deps,
      log: logOf(vrf, log),
      ...(events && { events: eventsOf(vrf, events) }),
      otherRibs: ribsOfVrf(vrf),
      elsewhere: () => this.#othersThan(speaker),
    });
    const its: InVrf = { speaker, ifindex: undefined };
    this.#vrfs.set(vrf, its);
    if (this.#onEndOfRib) speaker.onEndOfRib = this.#onEndOfRib;
    if (this.#onNoLongerAwaited) speaker.onNoLongerAwaited = this.#onNoLongerAwaited;
    if (this.#hasRestarted && !this.#isStarted) speaker.restarted();
    this.#place(vrf, its);
    return speaker;
  }
}

/** Sorted by VRF once for all of them: there may be hundreds, of thousands of interfaces. */
function placed(interfaces: readonly PlacedInterface[]): ReadonlyMap<number, readonly PlacedInterface[]> {
  const all = new Map<number, PlacedInterface[]>();
  for (const each of interfaces) {
    if (each.vrf === undefined) continue;
    const there = all.get(each.vrf);
    if (there) there.push(each);
    else all.set(each.vrf, [each]);
  }
  return all;
}

function named(vrf: string, status: NeighborStatus): NeighborStatus {
  return { ...status, address: neighborIn(vrf, status.address), vrf };
}

/** What is logged has the VRF, and the neighbor's whole name. */
function logOf(vrf: string, log: Log): Log {
  const level =
    (name: keyof Log) =>
    (facts: object, message: string): void =>
      log[name](withName(vrf, { ...facts, vrf }), message);
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
}

function eventsOf(vrf: string, events: EventSink): EventSink {
  return { push: (event) => events.push(withName(vrf, event)) };
}

function withName<Facts extends object>(vrf: string, facts: Facts): Facts {
  return 'neighbor' in facts && typeof facts.neighbor === 'string'
    ? { ...facts, neighbor: neighborIn(vrf, facts.neighbor) }
    : facts;
}
