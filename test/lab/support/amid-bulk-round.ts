/** One leaf whose routes a scripted peer tells in bulks, and rounds of something that changes amid them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fabric, Leaf, Segment } from '../../../lab/index.js';
import type { Explain, Status } from '../../../src/api/index.js';
import { ESI_ZERO, parseIp, parseMac, RouteDistinguisher, type Vni } from '../../../src/types/index.js';
import {
  type EvpnNlri,
  ExtendedCommunity,
  type OriginatedAttributes,
  RouteType,
} from '../../../src/wire/index.js';
import { AMID_BULK, overrun, type Place, type Remote } from './amid-bulk-events.js';
import { type Random, randomOf } from './random.js';
import { floodRow, hostRows } from './rows.js';
import type { ScriptedPeer } from './scripted-peer.js';

const VTEPS = ['10.9.9.1', '10.9.9.2'] as const;
/** Hosts of a VNI that are there throughout, and that come, go or move in bulks. */
const STAYING = 300;
const PASSING = 500;
/** How soon the kernel must be as the routes want it, in milliseconds; behind that it is only seen how long it takes. */
const PROMISED = 2_000;
const PATIENCE = 90_000;
/** A row that a hand removes more often than so within so many milliseconds is put back ever more slowly (contests.ts). */
const HANDS = 3;
/** How much later they may be back then. */
const SLOWED = 30_000;
const PEACE = 5_100;

/** What a round came to. */
export interface RoundResult {
  readonly story: string;
  /** Milliseconds until the kernel was as wanted. */
  readonly took: number;
  /** What was wrong, a line each. */
  readonly faults: readonly string[];
}

interface Happening {
  readonly name: string;
  readonly byHand: number;
  happen(): Promise<unknown>;
}

function remoteOf(vlan: number, group: number, n: number): Remote {
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  const low = `${hex(n >> 8)}:${hex(n & 255)}`;
  return {
    mac: `02:b${group}:${hex(vlan)}:00:${low}`,
    ipv4: `10.7${group}.${(vlan % 16) * 8 + (n >> 8)}.${n & 255}`,
    ipv6: `fd77:${vlan}::${group}:${n.toString(16)}`,
  };
}

const many = (vlan: number, group: number, count: number) =>
  Array.from({ length: count }, (_, n) => remoteOf(vlan, group, n));

export class BulkLeaf {
  private readonly leaf: Leaf;
  private readonly staying: ReadonlyMap<Segment, readonly Remote[]>;
  private readonly passing: ReadonlyMap<Segment, readonly Remote[]>;
  /** Where each passing host is, by VNI; in none where it is not. */
  private readonly where = new Map<Segment, Map<Remote, string>>();
  private hands = 0;

  constructor(
    readonly fabric: Fabric,
    readonly name: string,
    private readonly peer: ScriptedPeer,
    /** The receive buffer is so small that it can be overrun. */
    private readonly overruns: boolean,
  ) {
    this.leaf = fabric.leaf(name);
    const { segments } = this.leaf;
    this.staying = new Map(segments.map((at) => [at, many(at.vlan, 1, STAYING)]));
    this.passing = new Map(segments.map((at) => [at, many(at.vlan, 2, PASSING)]));
    for (const at of segments) this.where.set(at, new Map());
  }

  /** Announces the hosts that stay and the VTEPs. */
  async begin(): Promise<void> {
    for (const at of this.leaf.segments) {
      for (const vtep of VTEPS) {
        const pmsiTunnel = { endpoint: parseIp(vtep), vni: at.vni };
        this.peer.say(
          { ...attributes(at, vtep), pmsiTunnel },
          {
            type: RouteType.INCLUSIVE_MULTICAST,
            rd: rdOf(at),
            ethernetTag: 0,
            originator: parseIp(vtep),
          },
        );
      }
      this.peer.say(attributes(at, VTEPS[0]), ...this.routes(at, this.staying.get(at) ?? []));
    }
    const { faults } = await this.settled();
    if (faults.length > 0) throw new Error(`${this.name} has no base: ${faults.join('\n')}`);
  }

  /** A round; the same seed on the same leaf makes the same one. */
  async round(seed: number): Promise<RoundResult> {
    const random = randomOf(seed);
    const kind = random.of(['come', 'go', 'move', 'exchange', 'one by one'] as const);
    const segments = random.of([this.leaf.segments, [random.of(this.leaf.segments)]]);
    // What is to go or to move must be there before
    if (kind !== 'come')
      for (const at of segments)
        this.announce(at, kind === 'exchange' ? this.half(at, 0) : this.all(at), VTEPS[0]);
    const before = await this.settled();
    if (before.faults.length > 0) return { ...before, story: `${kind}, before anything happened` };
    const events: Happening[] = [];
    let hands = 0;
    for (let left = random.of([1, 1, 2]); left > 0; left--) {
      const event = this.choose(random);
      if (hands + event.byHand > HANDS) continue;
      hands += event.byHand;
      events.push(event);
    }
    await this.rest(hands);
    for (const at of segments) this.send(kind, at, random);
    let promised = PROMISED;
    for (const { byHand, happen } of events) {
      await sleep(random.below(90));
      const told = await happen();
      const removed = typeof told === 'number' ? told : byHand;
      if (removed > HANDS) promised = PROMISED + SLOWED;
      this.hands += removed - byHand;
    }
    const story = `${kind} in ${segments.map(({ vni }) => vni).join(' and ')} of ${this.name}; ${events.map(({ name }) => name).join('; then ')}`;
    const over = performance.now();
    const lies = await this.lies(random);
    const after = await this.settled(over);
    const late = after.took > promised ? [`not as wanted after ${after.took} ms`, ...after.seen] : [];
    for (const at of this.leaf.segments) this.withdraw(at, [...(this.where.get(at)?.keys() ?? [])]);
    return { story, took: after.took, faults: [...lies, ...late, ...after.faults] };
  }

  private send(kind: string, at: Segment, random: Random): void {
    if (kind === 'come') this.announce(at, this.all(at), random.of(VTEPS));
    else if (kind === 'go') this.withdraw(at, this.all(at));
    else if (kind === 'move') this.announce(at, this.all(at), VTEPS[1]);
    else if (kind === 'exchange') {
      this.withdraw(at, this.half(at, 0));
      this.announce(at, this.half(at, 1), VTEPS[1]);
    } else
      for (const remote of this.all(at))
        if (random.below(2) === 0) this.withdraw(at, [remote]);
        else this.announce(at, [remote], VTEPS[1]);
  }

  /** Something that can happen here. */
  private choose(random: Random): Happening {
    if (this.overruns && random.below(2) === 0)
      return { name: 'an overrun', byHand: 0, happen: () => overrun(this.fabric, this.name) };
    for (;;) {
      const at = random.of(this.leaf.segments);
      const remotes = this.staying.get(at) ?? [];
      const place: Place = { fabric: this.fabric, leaf: this.leaf, at, remotes, vteps: VTEPS, random };
      const name = random.of(Object.keys(AMID_BULK));
      const { byHand = 0, fits, happen } = AMID_BULK[name]!;
      if (!fits || fits(place)) return { name: `${name} (${at.vni})`, byHand, happen: () => happen(place) };
    }
  }

  /** Waits where what hands are about to do would be too often for this leaf. */
  private async rest(hands: number): Promise<void> {
    if (this.hands + hands > HANDS) {
      await sleep(PEACE);
      this.hands = 0;
    }
    this.hands += hands;
  }

  /** What `explain` says to fit, of hosts that nobody touches any more, and the kernel lacks. */
  private async lies(random: Random): Promise<string[]> {
    const claimed: string[] = [];
    for (const at of this.leaf.segments)
      for (let n = 0; n < 4; n++) {
        const host = random.of(this.staying.get(at) ?? []);
        const ip = random.of([host.ipv4, host.ipv6]);
        const { body } = await this.fabric.restApi<Explain>(
          this.name,
          `/api/v1/explain?vni=${at.vni}&mac=${host.mac}&ip=${ip}`,
        );
        const rows = this.rowsOf(at, host, VTEPS[0]);
        if (body.entry.kernel.fits) claimed.push(...rows.filter((row) => row.startsWith('fdb')));
        if (body.binding?.story.kernel.fits) claimed.push(...rows.filter((row) => row.includes(` ${ip} `)));
      }
    const there = new Set(await this.fabric.installedRows(this.name));
    return claimed.filter((row) => !there.has(row)).map((row) => `explain claims ${row}`);
  }

  /** Waits until the kernel is exactly as wanted and no drift is open; `took` is when it was last seen to be not. */
  private async settled(
    since = performance.now(),
  ): Promise<{ took: number; faults: string[]; seen: string[] }> {
    const wanted = this.wanted();
    let seen: string[] = [];
    for (let took = 0; ; ) {
      const began = Math.round(performance.now() - since);
      const faults = await this.differences(wanted);
      if (faults.length === 0) return { took, faults, seen };
      if (began > PATIENCE) return { took: began, faults: faults.slice(0, 20), seen };
      took = began;
      seen = [`${faults.length} differences`, ...faults.slice(0, 4)];
      await sleep(20);
    }
  }

  private async differences(wanted: ReadonlySet<string>): Promise<string[]> {
    const now = (await this.fabric.installedRows(this.name)).filter(isOurs);
    const there = new Set(now);
    const faults = [...wanted].filter((row) => !there.has(row)).map((row) => `missing: ${row}`);
    faults.push(...now.filter((row) => !wanted.has(row)).map((row) => `too much: ${row}`));
    if (faults.length > 0) return faults;
    const { body } = await this.fabric.restApi<Status>(this.name, '/api/v1/status');
    return body.drifts.open === 0 ? [] : [`${body.drifts.open} drifts are open`];
  }

  private wanted(): Set<string> {
    const rows: string[] = [];
    for (const at of this.leaf.segments) {
      for (const vtep of VTEPS) rows.push(floodRow(this.leaf, at.vni, vtep));
      for (const host of this.staying.get(at) ?? []) rows.push(...this.rowsOf(at, host, VTEPS[0]));
      for (const [host, vtep] of this.where.get(at) ?? []) rows.push(...this.rowsOf(at, host, vtep));
    }
    return new Set(rows);
  }

  private rowsOf({ vni }: Segment, { mac, ipv4, ipv6 }: Remote, vtep: string): string[] {
    return hostRows(this.leaf, { vni, mac, address: { ipv4, ipv6 } }, vtep);
  }

  private all(at: Segment): readonly Remote[] {
    return this.passing.get(at) ?? [];
  }

  private half(at: Segment, which: 0 | 1): readonly Remote[] {
    return this.all(at).filter((_, n) => n % 2 === which);
  }

  private announce(at: Segment, remotes: readonly Remote[], vtep: string): void {
    for (const remote of remotes) this.where.get(at)?.set(remote, vtep);
    this.peer.say(attributes(at, vtep), ...this.routes(at, remotes));
  }

  private withdraw(at: Segment, remotes: readonly Remote[]): void {
    for (const remote of remotes) this.where.get(at)?.delete(remote);
    this.peer.unsay(...this.routes(at, remotes));
  }

  private routes(at: Segment, remotes: readonly Remote[]): EvpnNlri[] {
    return remotes.flatMap(({ mac, ipv4, ipv6 }) =>
      [ipv4, ipv6].map((ip) => ({
        type: RouteType.MAC_IP_ADVERTISEMENT,
        rd: rdOf(at),
        esi: ESI_ZERO,
        ethernetTag: 0,
        mac: parseMac(mac),
        ip: parseIp(ip),
        label1: at.vni as Vni,
        label2: undefined,
      })),
    );
  }
}

const rdOf = (at: Segment) => RouteDistinguisher.parse(`10.9.9.9:${at.vlan}`);

const kept = new Map<string, OriginatedAttributes>();

function attributes(at: Segment, vtep: string): OriginatedAttributes {
  const key = `${at.vni} ${vtep}`;
  const target = (2n << 48n) | (65000n << 32n) | BigInt(at.vni);
  const made = kept.get(key) ?? {
    nextHop: parseIp(vtep),
    extendedCommunities: [target, ExtendedCommunity.encapsulation()],
    pmsiTunnel: undefined,
  };
  kept.set(key, made);
  return made;
}

/** Rows of hosts and VTEPs that the peer tells, and of no leaf of the fabric. */
function isOurs(row: string): boolean {
  return / 02:b[12]:/.test(row) || VTEPS.some((vtep) => row.includes(` 00:00:00:00:00:00 self dst ${vtep} `));
}
