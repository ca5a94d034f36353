import test from 'ava';
import { Admissions } from '../../src/evpn/admission.js';
import type { LocalLimits } from '../../src/evpn/local-limits.js';
import { IpEntry, type MacEntry, MacVrf } from '../../src/evpn/mac-vrf.js';
import { MoveMemory } from '../../src/evpn/move-memory.js';
import type { Local } from '../../src/evpn/port-share.js';
import { type Ipv4, LimitedLog, type Mac, parseMac, silentLog, toVni } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FIRST = parseMac('02:00:00:00:00:00');

/** Addresses behind ports, which are announced as far as the admissions let them, and again when these say so. */
class Scene {
  readonly clock = new VirtualClock();
  readonly lines: string[] = [];
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

  constructor(public limits: LocalLimits) {
    const write = (_facts: object, message: string) => this.lines.push(message);
    this.admissions = new Admissions(
      this.clock,
      new LimitedLog(this.clock, { ...silentLog, warn: write, info: write }),
      () => this.limits,
      (port) => `port${port}`,
      (_vrf, entry) => this.look(entry),
    );
    this.admissions.started();
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

  of(port: number): number {
    return [...this.announced].filter((entry) => this.ports.get(entry) === port).length;
  }
}

test('a port with new addresses faster than its rate waits for all of them in their order, another does not wait', (t) => {
  const s = new Scene({ macs: 100_000, ips: 100_000, rate: 100 });
  for (let n = 0; n < 3_000; n++) s.mac(n, 1);
  t.is(s.announced.size, 1_000, "ten seconds' worth");
  s.mac(5_000, 2);
  t.is(s.of(2), 1);
  s.clock.advance(10_000);
  t.true(Math.abs(s.of(1) - 2_000) <= 2, String(s.of(1)));
  t.true(s.announced.has(s.vrf.macEntry((FIRST + 1_500) as Mac)));
  t.false(s.announced.has(s.vrf.macEntry((FIRST + 2_500) as Mac)));
  s.clock.advance(11_000);
  t.is(s.of(1), 3_000, 'nothing is lost');
  t.is(s.admissions.waiting, 0);
  s.clock.advance(120_000);
  t.deepEqual(s.lines, [
    'a port has more local addresses, or new ones faster, than are announced: the rest waits',
    'a port has no more local addresses than are announced',
  ]);
  t.is(s.clock.timersPending, 0);
});

test('what waits and changes is told once, and what has gone meanwhile is not told', (t) => {
  const s = new Scene({ macs: 100_000, ips: 100_000, rate: 10 });
  const macs = Array.from({ length: 100 }, (_, n) => s.mac(n, 1));
  t.is(s.news, 100);
  for (let round = 0; round < 50; round++) for (const entry of macs) s.look(entry, true);
  t.is(s.news, 100);
  t.is(s.admissions.waiting, 100);
  t.is(s.announced.size, 100, 'what was told before stays until then');
  for (const entry of macs.slice(50)) s.gone(entry);
  t.is(s.admissions.waiting, 50);
  s.clock.advance(6_000);
  t.is(s.news, 100, 'looked at again, there was nothing to tell');
  t.is(s.admissions.waiting, 0);
});

test('MACs leave half of the rate to IPs', (t) => {
  const s = new Scene({ macs: 100_000, ips: 100_000, rate: 100 });
  for (let n = 0; n < 5_000; n++) s.mac(n, 1);
  for (let n = 0; n < 5_000; n++) s.ip(n, 1);
  const ips = () => [...s.announced].filter((entry) => entry instanceof IpEntry).length;
  t.is(ips(), 0);
  s.clock.advance(10_000);
  t.true(Math.abs(ips() - 500) < 20, String(ips()));
  t.true(Math.abs(s.announced.size - 2_000) < 20, String(s.announced.size));
});

test('in a VNI that is full the port with the most makes room for others, down to what they have', (t) => {
  const s = new Scene({ macs: 1_000, ips: 10, rate: 100_000 });
  for (let n = 0; n < 5_000; n++) s.mac(n, 1);
  t.is(s.of(1), 1_000);
  t.is(s.ip(1, 1) && s.announced.size, 1_001, 'IPs have a limit of their own');
  s.mac(6_000, 2);
  t.is(s.of(2), 1);
  for (let n = 1; n < 3_000; n++) s.mac(6_000 + n, 2);
  s.clock.advance(1_000);
  t.true(Math.abs(s.of(2) - s.of(1)) <= 64, `${s.of(1)} and ${s.of(2)}`);
  t.true(s.of(1) + s.of(2) <= 1_001);
  t.true(s.of(1) >= 450);
  s.mac(20_000, 3);
  t.is(s.of(3), 1);
  // Room that comes is taken by those that wait
  for (const [entry, port] of [...s.ports]) if (port === 2) s.gone(entry);
  s.clock.advance(2_000);
  t.true(s.of(1) >= 930);
});

test('an address that moves to another port of the leaf takes its place along, and costs nothing', (t) => {
  const s = new Scene({ macs: 100, ips: 100, rate: 1 });
  const entry = s.mac(1, 1);
  for (let i = 0; i < 1_000; i++) {
    s.ports.set(entry, 1 + (i % 2));
    s.look(entry);
  }
  t.true(s.announced.has(entry));
  t.is(s.news, 1);
  s.gone(entry);
  for (let n = 2; n < 11; n++) s.mac(n, 1);
  t.is(s.announced.size, 9, 'the rest of the burst');
});

test('what an operator configured never waits and takes no room', (t) => {
  const s = new Scene({ macs: 2, ips: 2, rate: 1 });
  for (let n = 0; n < 50; n++) {
    const entry = s.vrf.macEntry((FIRST + n) as Mac);
    s.ports.set(entry, 1);
    s.look(entry, true, true);
  }
  t.is(s.announced.size, 50);
  s.mac(100, 1);
  t.is(s.announced.size, 51);
  t.deepEqual(s.lines, []);
});

test('addresses that were there when the VNI began to forward are no news', (t) => {
  const s = new Scene({ macs: 1_000, ips: 10, rate: 1 });
  s.admissions.stands(s.vrf, 500);
  for (let n = 0; n < 600; n++) s.mac(n, 1);
  t.is(s.announced.size, 510);
});

test('a lower limit takes the surplus back, of the port with the most, and a higher one lets it go on', (t) => {
  const s = new Scene({ macs: 1_000, ips: 10, rate: 100_000 });
  for (let n = 0; n < 900; n++) s.mac(n, 1);
  for (let n = 900; n < 950; n++) s.mac(n, 2);
  s.limits = { ...s.limits, macs: 200 };
  s.admissions.reconfigure();
  t.deepEqual([s.of(1), s.of(2)], [150, 50]);
  s.limits = { ...s.limits, macs: 2_000 };
  s.admissions.reconfigure();
  s.clock.advance(1_000);
  t.deepEqual([s.of(1), s.of(2)], [900, 50]);
});
