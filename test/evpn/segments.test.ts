import test from 'ava';
import {
  ESI_MAX,
  ESI_ZERO,
  type Esi,
  formatIp,
  formatMac,
  type Ip,
  type Ipv4,
  type Mac,
  parseIp,
  parseMac,
  toVni,
} from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf } from './support/leaf.js';
import { type Random, random } from './support/random.js';
import { SegmentMember } from './support/segment-routes.js';

const VNIS = [toVni(10010), toVni(10020)];
const [VNI] = VNIS;
const X = '03443839ff0000010001' as Esi;
const Y = '00112233445566778899' as Esi;
const HOST = parseMac('02:00:00:00:00:09');
const IP = parseIp('192.0.2.9');

const FAMILIES = {
  IPv4: ['10.0.0.1', '10.0.0.7', '10.0.0.8', '10.0.0.9'].map(parseIp),
  IPv6: ['fd00::1', 'fd00::7', 'fd00::8', 'fd00::9'].map(parseIp),
} as const;

/** A leaf with two VNIs, and three others that may be members of segments. */
async function scene(addresses: readonly Ip[] = FAMILIES.IPv4) {
  const clock = new VirtualClock();
  const [own, ...others] = addresses;
  const leaf = new Leaf(clock, own, 65001, { routerId: parseIp('10.0.0.1') as Ipv4 });
  const devices = VNIS.map((vni) => leaf.world.devices(vni));
  for (const each of devices) leaf.addVni(each);
  await leaf.start();
  leaf.dataPlane.sweep();
  clock.advance(1000);
  const members = others.map((vtep, i) => new SegmentMember(leaf, i + 7, vtep));
  const dst = (mac = HOST, i = 0) => leaf.rowsOf(devices[i], mac).dst;
  const neigh = (ip = IP, i = 0) => leaf.world.kernel.tables.neighRow(devices[i].bridgeIfindex, ip)?.mac;
  return { clock, leaf, devices, members, dst, neigh };
}

for (const [family, addresses] of Object.entries(FAMILIES)) {
  test(`${family}: of two leaves one is used, and the other when its Ethernet A-D per ES route goes, whose Type-2 stays`, async (t) => {
    const { clock, leaf, members, dst, neigh } = await scene(addresses);
    const [a, b] = members;
    for (const member of [a, b]) {
      member.perEs(X, [VNI]);
      member.perEvi(X, VNI);
      member.macIp(HOST, VNI, { esi: X });
      member.macIp(HOST, VNI, { esi: X, ip: IP });
    }
    clock.advance(1000);
    const used = dst();
    const [first, second] = used === a.vtep ? [a, b] : [b, a];
    t.is(used, first.vtep);
    first.perEs(X, [VNI], false);
    clock.advance(100);
    t.is(dst(), second.vtep);
    t.is(neigh(), HOST);
    t.deepEqual(
      leaf.evpn.vrf(VNI)!.macs.get(HOST)!.history,
      undefined,
      'between leaves of a segment it does not move',
    );
    second.perEs(X, [VNI], false);
    clock.advance(100);
    t.is(dst(), undefined);
    t.is(neigh(), undefined);
    first.perEs(X, [VNI]);
    clock.advance(100);
    t.is(dst(), first.vtep);
    t.is(neigh(), HOST);
  });
}

test('a Type-2 whose Ethernet A-D per ES route never came does not count, however high its number', async (t) => {
  const { clock, members, dst, neigh } = await scene();
  const [a, b] = members;
  a.macIp(HOST, VNI, { esi: X, ip: IP, sequence: 9 });
  clock.advance(100);
  t.is(dst(), undefined);
  t.is(neigh(), undefined);
  b.perEs(Y, [VNI]);
  b.macIp(HOST, VNI, { esi: Y, ip: IP });
  clock.advance(100);
  t.is(dst(), b.vtep);
  a.perEs(X, [VNI]);
  clock.advance(100);
  t.is(dst(), a.vtep);
});

test('ESI 0 and MAX-ESI need no Ethernet A-D route', async (t) => {
  for (const esi of [ESI_ZERO, ESI_MAX]) {
    const { clock, members, dst } = await scene();
    members[0].macIp(HOST, VNI, { esi });
    clock.advance(100);
    t.is(dst(), members[0].vtep);
  }
});

test('a route that changes its segment in place follows the new one', async (t) => {
  const { clock, members, dst } = await scene();
  const [a] = members;
  a.perEs(X, [VNI]);
  a.macIp(HOST, VNI, { esi: X });
  clock.advance(100);
  t.is(dst(), a.vtep);
  a.macIp(HOST, VNI, { esi: Y });
  clock.advance(100);
  t.is(dst(), undefined);
  a.macIp(HOST, VNI);
  clock.advance(100);
  t.is(dst(), a.vtep);
});

test('a MAC/IP route that is said again stays with its segment; withdrawn, it leaves it, and the segment goes with its last route', async (t) => {
  const { clock, leaf, members, dst } = await scene();
  const { segments } = leaf.evpn.vrf(VNI)!;
  const [a] = members;
  a.perEs(X, [VNI]);
  for (const sequence of [0, 1]) {
    a.macIp(HOST, VNI, { esi: X, sequence });
    clock.advance(100);
    t.is(segments.get(X)!.routes.size, 1);
  }
  t.is(dst(), a.vtep);
  a.perEs(X, [VNI], false);
  clock.advance(100);
  t.is(dst(), undefined);
  t.is(segments.get(X)!.routes.size, 1);
  a.macIp(HOST, VNI, { stands: false });
  clock.advance(100);
  t.deepEqual([...segments.values()], []);
});

test('a leaf that announces no MAC takes it over only with Ethernet A-D per ES and per EVI', async (t) => {
  const { clock, members, dst } = await scene();
  const [a, b] = members;
  a.perEs(X, [VNI]);
  a.macIp(HOST, VNI, { esi: X });
  b.perEs(X, [VNI]);
  clock.advance(100);
  t.is(dst(), a.vtep);
  a.perEs(X, [VNI], false);
  clock.advance(100);
  t.is(dst(), undefined);
  b.perEvi(X, VNI);
  clock.advance(100);
  t.is(dst(), b.vtep);
});

test('per ES counts in the VNIs that import it alone', async (t) => {
  const { clock, members, dst } = await scene();
  const [a] = members;
  for (const vni of VNIS) a.macIp(HOST, vni, { esi: X });
  a.perEs(X, [VNIS[1]]);
  clock.advance(100);
  t.deepEqual([dst(HOST, 0), dst(HOST, 1)], [undefined, a.vtep]);
  a.perEs(X, VNIS);
  clock.advance(100);
  t.deepEqual([dst(HOST, 0), dst(HOST, 1)], [a.vtep, a.vtep]);
});

test('single-active: who announces the MAC, then the one backup; none where there are two', async (t) => {
  const { clock, members, dst } = await scene();
  const [a, b, c] = members;
  for (const member of [a, b]) {
    member.perEs(X, [VNI], true, true);
    member.perEvi(X, VNI);
  }
  b.macIp(HOST, VNI, { esi: X });
  clock.advance(100);
  t.is(dst(), b.vtep);
  b.perEs(X, [VNI], false);
  clock.advance(100);
  t.is(dst(), a.vtep);
  c.perEs(X, [VNI], true, true);
  c.perEvi(X, VNI);
  clock.advance(100);
  t.is(dst(), undefined);
});

test('single-active: of several routes of a leaf one that says so is enough while it stands, whichever came last', async (t) => {
  const single = async (order: readonly boolean[]) => {
    const { clock, leaf, members } = await scene();
    const [{ vtep }] = members;
    // Of one leaf, under two route distinguishers
    const routes = new Map([true, false].map((says, i) => [says, new SegmentMember(leaf, i + 5, vtep)]));
    members[0].macIp(HOST, VNI, { esi: X });
    for (const says of order) routes.get(says)!.perEs(X, [VNI], true, says);
    clock.advance(100);
    const isSingle = () => leaf.evpn.vrf(VNI)!.segments.get(X)!.singleActive;
    const both = isSingle();
    routes.get(true)!.perEs(X, [VNI], false);
    clock.advance(100);
    return [both, isSingle()];
  };
  t.deepEqual(await single([true, false]), [true, false]);
  t.deepEqual(await single([false, true]), [true, false]);
});

test('MACs of a segment are shared out, alike in each process, and one leaf gone moves only its own', async (t) => {
  const macs = Array.from({ length: 300 }, (_, i) => (HOST + 1 + i) as Mac);
  const run = async () => {
    const { clock, members, dst } = await scene();
    for (const member of members) {
      member.perEs(X, [VNI]);
      member.perEvi(X, VNI);
    }
    for (const mac of macs) members[1].macIp(mac, VNI, { esi: X });
    clock.advance(1000);
    const before = macs.map((mac) => dst(mac));
    members[0].perEs(X, [VNI], false);
    clock.advance(1000);
    return { members, before, after: macs.map((mac) => dst(mac)) };
  };
  const { members, before, after } = await run();
  for (const { vtep } of members) {
    const share = before.filter((dst) => dst === vtep).length;
    t.true(share > 60 && share < 140, `${formatIp(vtep)} has ${share} of 300`);
  }
  for (const [i, dst] of before.entries())
    if (dst === members[0].vtep) t.not(after[i], members[0].vtep);
    else t.is(after[i], dst);
  t.deepEqual((await run()).before, before);
});

test('10,000 MACs leave a leaf by one route, in slices', async (t) => {
  const { clock, leaf, members, dst } = await scene();
  const [a, b] = members;
  const macs = Array.from({ length: 10_000 }, (_, i) => (HOST + 1 + i) as Mac);
  a.perEs(X, [VNI]);
  for (const mac of macs) a.macIp(mac, VNI, { esi: X });
  clock.advance(10_000);
  t.true(macs.every((mac) => dst(mac) === a.vtep));
  b.perEs(X, [VNI]);
  b.perEvi(X, VNI);
  a.perEs(X, [VNI], false);
  const vrf = leaf.evpn.vrf(VNI)!;
  // Before anything was looked at, a walk of a few is a few
  for (const destination of leaf.evpn.importer.reader.takeDirty(10)) leaf.evpn.importer.update(destination);
  t.is(vrf.markSegments(64), 0);
  t.true(vrf.hasDirty);
  clock.advance(10_000);
  t.true(macs.every((mac) => dst(mac) === b.vtep));
  t.false(vrf.hasDirty);
});

/** Everything that the members say, for the oracle and to say it again. */
class World {
  readonly perEs = new Map<string, { esi: Esi; member: number; vnis: number[] }>();
  readonly perEvi = new Map<string, { esi: Esi; member: number; vni: number }>();
  readonly macs = new Map<
    string,
    { mac: Mac; ip: Ip; vni: number; member: number; esi: Esi; sequence: number }
  >();

  /** Where frames may go by RFC 7432 §8.2, §8.4, §14.1.1; `single`: the segments that are single-active. */
  allowed(vni: number, mac: Mac, vteps: readonly Ip[], single: readonly Esi[]): readonly Ip[] {
    const up = (esi: Esi, member: number) =>
      [...this.perEs.values()].some((r) => r.esi === esi && r.member === member && r.vnis.includes(vni));
    const evi = (esi: Esi, member: number) => this.perEvi.has(`${esi} ${member} ${vni}`);
    const placesOf = (esi: Esi, member: number): number[] => {
      if (esi === ESI_ZERO) return [member];
      const places = vteps.map((_, i) => i).filter((i) => up(esi, i) && (i === member || evi(esi, i)));
      if (!single.includes(esi)) return places;
      return places.includes(member) ? [member] : places.length === 1 ? places : [];
    };
    const [best] = [...this.macs.values()]
      .filter((route) => route.vni === vni && route.mac === mac)
      .map((route) => ({ ...route, places: placesOf(route.esi, route.member) }))
      .filter(({ places }) => places.length > 0)
      .sort((p, q) => q.sequence - p.sequence || p.member - q.member);
    return best?.places.map((i) => vteps[i]) ?? [];
  }
}

const MACS = [HOST, parseMac('02:00:00:00:00:0a'), parseMac('02:00:00:00:00:0b')];

async function life(random: Random, family: keyof typeof FAMILIES): Promise<string[]> {
  const { clock, leaf, members, dst, neigh } = await scene(FAMILIES[family]);
  const world = new World();
  const single = [[], [Y], [X, Y]][random.below(3)]!;
  const vteps = members.map(({ vtep }) => vtep);
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const toggle = <T>(map: Map<string, T>, key: string, value: T): boolean => {
    if (random.below(3) > 0) map.set(key, value);
    else map.delete(key);
    return map.has(key);
  };
  const steps: (() => void)[] = [
    () => {
      const [esi, member, vnis] = [pick([X, Y]), random.below(3), pick([VNIS, [VNIS[0]!], [VNIS[1]!]])];
      const stands = toggle(world.perEs, `${esi} ${member}`, { esi, member, vnis: [...vnis] });
      members[member]!.perEs(esi, vnis, stands, single.includes(esi));
    },
    () => {
      const [esi, member, vni] = [pick([X, Y]), random.below(3), pick(VNIS)];
      members[member]!.perEvi(
        esi,
        vni,
        toggle(world.perEvi, `${esi} ${member} ${vni}`, { esi, member, vni }),
      );
    },
    () => {
      const which = random.below(MACS.length);
      const [mac, member, vni] = [MACS[which]!, random.below(3), pick(VNIS)];
      const ip = parseIp(`192.0.2.${50 + which}`);
      const route = { mac, ip, vni, member, esi: pick([X, X, Y, ESI_ZERO]), sequence: random.below(3) };
      const stands = toggle(world.macs, `${mac} ${member} ${vni}`, route);
      members[member]!.macIp(mac, vni, { ...route, stands });
    },
    () => {
      if (random.below(5) > 0) return;
      const member = random.below(3);
      members[member]!.down();
      clock.runUntilIdle();
      for (const map of [world.perEs, world.perEvi, world.macs])
        for (const [key, value] of map) if (value.member === member) map.delete(key);
    },
    () => clock.runTurn(),
    () => clock.advance(random.below(500)),
  ];
  for (let step = 0; step < 60; step++) pick([...steps, steps[2]!, steps[2]!])();
  clock.advance(20_000);
  const faults: string[] = [];
  const text = (ip: Ip | undefined) => (ip === undefined ? 'nowhere' : formatIp(ip));
  for (const [i, vni] of VNIS.entries())
    for (const [which, mac] of MACS.entries()) {
      const allowed = world.allowed(vni, mac, vteps, single);
      const is = dst(mac, i);
      const name = `${formatMac(mac)} in ${vni}`;
      if (allowed.length === 0 ? is !== undefined : is === undefined || !allowed.includes(is))
        faults.push(`${name} goes to ${text(is)}, may go to ${allowed.map(text).join(', ') || 'nowhere'}`);
      const bound = neigh(parseIp(`192.0.2.${50 + which}`), i);
      if ((bound !== undefined) !== allowed.length > 0) faults.push(`neighbor of ${name}: ${bound}`);
    }
  for (const vni of VNIS) {
    const vrf = leaf.evpn.vrf(vni)!;
    const known = [...vrf.segments.values()].length;
    if (known > 0 && world.perEs.size + world.perEvi.size + world.macs.size === 0)
      faults.push(`${known} segments of nobody in ${vni}`);
  }
  return faults;
}

for (const family of ['IPv4', 'IPv6'] as const)
  test(`${family}: whatever the order of routes, withdrawals and lost sessions, the end state alone decides`, async (t) => {
    t.timeout(120_000);
    for (let seed = 1; seed <= 400; seed++) {
      const faults = await life(random(seed), family);
      if (faults.length > 0) {
        t.fail(`seed ${seed}: ${faults.join('; ')}`);
        return;
      }
    }
    t.pass();
  });
