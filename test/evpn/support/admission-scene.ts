import { Admissions } from '../../../src/evpn/admission.js';
import type { LocalLimits } from '../../../src/evpn/local-limits.js';
import { type IpEntry, type MacEntry, MacVrf } from '../../../src/evpn/mac-vrf.js';
import { MoveMemory } from '../../../src/evpn/move-memory.js';
import type { Local } from '../../../src/evpn/port-share.js';
import { type Ipv4, LimitedLog, type Mac, parseMac, silentLog, toVni } from '../../../src/types/index.js';
import { VirtualClock } from '../../support/virtual-clock.js';

/** The MAC of number 0. */
export const FIRST = parseMac('02:00:00:00:00:00');

/** Addresses behind ports, which are announced as far as the admissions let them, and again when these say so. */
export class Scene {
  readonly clock = new VirtualClock();
  readonly lines: string[] = [];
  readonly facts: object[] = [];
  readonly vrf = new MacVrf(
    toVni(10),
    undefined as never,
    [],
    [],
    undefined as never,
    new MoveMemory(
      this.clock,
      new LimitedLog(this.clock, silentLog),
      () => 1_000,
      () => {},
    ),
  );
  readonly ports = new Map<Local, number>();
  readonly announced = new Set<Local>();
  readonly admissions: Admissions;
  news = 0;

  constructor(
    public limits: LocalLimits,
    isStarted = true,
  ) {
    const write = (facts: object, message: string) => {
      this.lines.push(message);
      this.facts.push(facts);
    };
    this.admissions = new Admissions(
      this.clock,
      new LimitedLog(new VirtualClock(), { ...silentLog, warn: write, info: write }),
      () => this.limits,
      (port) => `port${port}`,
      (_vrf, entry) => this.look(entry),
    );
    if (isStarted) this.admissions.started();
  }

  look(entry: Local, isNews = !this.announced.has(entry), isConfigured = false): void {
    const port = this.ports.get(entry);
    if (port === undefined) {
      this.admissions.leave(entry);
      this.announced.delete(entry);
      return;
    }
    const answer = this.admissions.ask(this.vrf, entry, port, isNews, isConfigured);
    if (answer === 'now') {
      if (isNews) this.news++;
      this.announced.add(entry);
    } else if (answer === 'out') this.announced.delete(entry);
  }

  mac(n: number, port: number): MacEntry {
    const entry = this.vrf.macEntry((FIRST + n) as Mac);
    this.ports.set(entry, port);
    this.look(entry);
    return entry;
  }

  ip(n: number, port: number): IpEntry {
    const entry = this.vrf.ipEntry(n as Ipv4);
    this.ports.set(entry, port);
    this.look(entry);
    return entry;
  }

  gone(entry: Local): void {
    this.ports.delete(entry);
    this.look(entry);
  }

  macs(first: number, count: number, port: number): MacEntry[] {
    return Array.from({ length: count }, (_, n) => this.mac(first + n, port));
  }

  moves(entry: Local, port: number): void {
    this.ports.set(entry, port);
    this.look(entry);
  }

  /** One round in which what waits may go on. */
  tick(): void {
    this.clock.advance(20);
  }

  get heldBack(): number {
    let heldBack = 0;
    for (const share of this.admissions.excesses()) heldBack += share.heldBack;
    return heldBack;
  }

  of(port: number): number {
    return [...this.announced].filter((entry) => this.ports.get(entry) === port).length;
  }
}
