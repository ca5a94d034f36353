import test from 'ava';
import fc from 'fast-check';
import {
  decide,
  decideSeveral,
  FamilyRib,
  type Multipath,
  nextHopAddress,
  nextHopZone,
  type Path,
  type PathSource,
  plainRoutes,
  selectSeveral,
} from '../../src/bgp/index.js';
import { formatIp, type Ipv6, parseIp } from '../../src/types/index.js';
import { IPV4_UNICAST, type PathAttributes, type Prefix, type Update } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { macRoute } from './fabric.js';

const prefix: Prefix = { type: 0, prefix: parseIp('10.1.0.0') as Prefix['prefix'], prefixLength: 16 };
const sourceOf = (n: number): PathSource => ({ neighbor: `10.0.0.${n}`, routerId: n, internal: false });
const via = (n: number, extra: Partial<PathAttributes> = {}): PathAttributes =>
  pathAttributes({
    nextHop: parseIp(`192.0.2.${n}`),
    asPath: [{ type: 2, asns: [65000 + n, 65100] }],
    ...extra,
  });
const path = (n: number, attributes = via(n), source: Partial<PathSource> = {}): Path<Prefix> => ({
  source: { ...sourceOf(n), ...source },
  attributes,
  nlri: prefix,
  receivedAt: 0,
  stale: false,
});

const upTo = (most: number): Multipath => ({ external: most, internal: most, isRelaxed: true });
const chosenOf = (paths: Path<Prefix>[], most: number, usable?: (path: Path<Prefix>) => boolean) =>
  selectSeveral(paths, upTo(most), { usable });

test('equally good paths are chosen whatever their ASes, the tie-breakers’ order among them', (t) => {
  const [a, b, c] = [path(1), path(2), path(3)];
  t.deepEqual(chosenOf([c, a, b], 8), [a, b, c]);
  t.deepEqual(chosenOf([c, a, b], 2), [a, b]);
  t.deepEqual(chosenOf([b], 8), [b]);
  t.deepEqual(chosenOf([], 8), []);
});

for (const [rule, worse] of [
  ['LOCAL_PREF', path(2, via(2, { localPref: 99 }))],
  ['AS_PATH', path(2, via(2, { asPath: [{ type: 2, asns: [1, 2, 3] }] }))],
  ['ORIGIN', path(2, via(2, { origin: 1 }))],
  ['MULTI_EXIT_DISC of one AS', path(2, via(2, { med: 1, asPath: via(1).asPath }))],
  ['external over internal', path(2, via(2), { internal: true })],
] as const)
  test(`a path that is worse by ${rule} is not chosen beside the best`, (t) => {
    t.deepEqual(chosenOf([worse, path(1), path(3)], 8), [path(1), path(3)]);
  });

test('of a MAC the paths with the highest number are chosen, and none beside the lowest next hop', (t) => {
  const mac = (n: number, sequence: number) => ({
    ...path(n, via(n, { macMobility: { sequence, sticky: false } })),
    nlri: macRoute(1),
  });
  t.deepEqual(selectSeveral([mac(1, 1), mac(2, 2), mac(3, 2)], upTo(8)), [mac(2, 2)]);
});

test('equally good paths are in the order of each tie-breaker', (t) => {
  const ordered = [
    path(1, via(1, { clusterList: [1] }), { routerId: 1, neighbor: '10.0.0.9' }),
    path(2, via(2, { clusterList: [1] }), { routerId: 1, neighbor: '10.0.0.10' }),
    path(3, via(3, { clusterList: [1, 2] }), { routerId: 1, neighbor: '10.0.0.1' }),
    path(4, via(4), { routerId: 2 }),
  ];
  t.deepEqual(chosenOf(ordered.toReversed(), 8), ordered);
  t.deepEqual(chosenOf([ordered[2], ordered[0], ordered[3], ordered[1]], 8), ordered);
});

test('MULTI_EXIT_DISC of another AS is no reason', (t) => {
  t.is(chosenOf([path(1), path(2, via(2, { med: 9 }))], 8).length, 2);
});

test('of paths with one next hop the one that the tie-breakers prefer is chosen', (t) => {
  t.deepEqual(chosenOf([path(3, via(1)), path(2), path(1)], 8), [path(1), path(2)]);
});

test('each path that is not chosen beside the best keeps why', (t) => {
  const [best, second, third] = [path(1), path(2), path(3)];
  const twin = path(4, via(1));
  const longer = path(5, via(5, { asPath: [{ type: 2, asns: [1, 2, 3] }] }));
  const { chosen, lost, rule } = decideSeveral([longer, twin, third, second, best], upTo(2));
  t.deepEqual(chosen, [best, second]);
  t.is(rule, 'lower BGP identifier');
  t.deepEqual(
    [third, twin, longer].map((each) => lost.get(each)),
    ['maximum-paths', 'next hop of its own', 'shorter AS_PATH'],
  );
  t.is(lost.size, 3);
  t.like(decideSeveral([best], upTo(2)), { best, chosen: [best], rule: 'only path' });
  t.like(decideSeveral([], upTo(2)), { best: undefined, chosen: [], rule: 'only path' });
});

test('without multipath-relax, external paths must be of one neighboring AS', (t) => {
  const strict = { ...upTo(8), isRelaxed: false };
  const same = via(2, { asPath: [{ type: 2, asns: [65001, 65200] }] });
  const paths = [path(1), path(2, same), path(3)];
  const { chosen, lost } = decideSeveral(paths, strict);
  t.deepEqual(chosen, [paths[0], paths[1]]);
  t.deepEqual([...lost], [[paths[2], 'multipath-relax']]);
});

test('without multipath-relax, internal paths must have one AS_PATH', (t) => {
  const strict = { ...upTo(8), isRelaxed: false };
  const internal = { internal: true };
  const same = via(2, { asPath: via(1).asPath });
  const other = via(3, { asPath: [{ type: 2, asns: [65001, 65200] }] });
  const paths = [path(1, via(1), internal), path(2, same, internal), path(3, other, internal)];
  t.deepEqual(selectSeveral(paths, strict), [paths[0], paths[1]]);
  t.deepEqual(selectSeveral(paths, upTo(8)), paths);
});

test('of internal neighbors as many paths are chosen as of them may be', (t) => {
  const paths = [1, 2, 3].map((n) => path(n, via(n), { internal: true }));
  const multipath = { external: 1, internal: 2, isRelaxed: true };
  t.deepEqual(selectSeveral(paths, multipath), paths.slice(0, 2));
  const external = [1, 2, 3].map((n) => path(n));
  t.deepEqual(selectSeveral(external, multipath), [external[0]]);
});

/** Of a neighbor that is on this link with a link-local address, as many are. */
const onLink = (device: string): PathSource => ({
  neighbor: `fe80::1%${device}`,
  routerId: 1,
  internal: false,
});
const LINK_LOCAL = via(1, { nextHop: parseIp('fe80::1') });

test('one link-local next hop on two links is two next hops, and one that is none is one', (t) => {
  const [a, b] = ['up1', 'up2'].map((device) => path(1, LINK_LOCAL, onLink(device)));
  t.deepEqual(chosenOf([b, a], 8), [a, b]);
  const [c, d] = ['up1', 'up2'].map((device) => path(1, via(1), onLink(device)));
  t.deepEqual(chosenOf([d, c], 8), [c]);
  const other = path(1, LINK_LOCAL, { ...onLink('up1'), neighbor: 'fe80::2%up1' });
  t.deepEqual(chosenOf([other, a], 8), [a]);
});

test('of a neighbor by interface the link-local next hop counts, on that link', (t) => {
  const both = via(1, { nextHop: parseIp('2001:db8::1'), linkLocalNextHop: parseIp('fe80::1') as Ipv6 });
  const [a, b] = ['up1', 'up2'].map((device) =>
    path(1, both, { ...onLink(device), neighbor: device, address: `fe80::1%${device}` }),
  );
  t.deepEqual(chosenOf([b, a], 8), [a, b]);
  t.deepEqual([a, b].map(nextHopAddress), [parseIp('fe80::1'), parseIp('fe80::1')]);
  t.deepEqual([a, b].map(nextHopZone), ['up1', 'up2']);
  // A session by address takes the global one
  t.is(nextHopAddress(path(1, both)), parseIp('2001:db8::1'));
});

test('what is not usable is not chosen where something else is', (t) => {
  const usable = ({ attributes }: Path<Prefix>) => attributes.nextHop !== parseIp('192.0.2.1');
  t.deepEqual(chosenOf([path(1), path(2), path(3)], 8, usable), [path(2), path(3)]);
  t.deepEqual(chosenOf([path(1)], 8, usable), [path(1)]);
});

const wayOf = (each: Path<Prefix>) =>
  [formatIp(each.attributes.nextHop), nextHopZone(each)].filter((part) => part !== '').join('%');

function make(most: number) {
  const clock = new VirtualClock();
  const rib = new FamilyRib(
    clock,
    { asn: 64999, routerId: 9 },
    plainRoutes(IPV4_UNICAST, most === 1 ? undefined : upTo(most)),
  );
  const say = (n: number, attributes: PathAttributes | undefined, source = sourceOf(n)) => {
    const update: Update<Prefix> = {
      family: IPV4_UNICAST as Update<Prefix>['family'],
      reachable: attributes ? [prefix] : [],
      withdrawn: attributes ? [] : [prefix],
      attributes,
      endOfRib: false,
      unknownRouteTypes: 0,
      faults: [],
      also: [],
    };
    rib.update(source, update);
  };
  const nextHops = () => (rib.destination(prefix)?.chosen ?? []).map(wayOf);
  return { rib, reader: rib.subscribe(), say, nextHops };
}

test('a RIB of several paths has what comes beside the best, changes and goes among what changed', (t) => {
  const { reader, rib, say, nextHops } = make(2);
  const changed = () => reader.takeDirty(9).length === 1;
  say(2, via(2));
  t.true(changed());
  say(1, via(1));
  t.true(changed());
  t.deepEqual(nextHops(), ['192.0.2.1', '192.0.2.2']);
  say(3, via(3));
  t.false(changed(), 'no room for a third');
  say(2, via(7));
  t.true(changed());
  t.deepEqual(nextHops(), ['192.0.2.1', '192.0.2.7']);
  say(2, undefined);
  t.true(changed());
  t.deepEqual(nextHops(), ['192.0.2.1', '192.0.2.3']);
  const three = parseIp('192.0.2.3');
  rib.usable = ({ attributes }) => attributes.nextHop !== three;
  reader.lookAgain();
  t.deepEqual(reader.takeAgain(9), []);
  t.true(changed());
  t.deepEqual(nextHops(), ['192.0.2.1']);
  say(1, undefined);
  say(3, undefined);
  t.true(changed());
  t.deepEqual(nextHops(), []);
});

test('outside an UPDATE a look at two paths asks no more often than both comparisons need', (t) => {
  const { reader, rib, say, nextHops } = make(2);
  say(1, via(1));
  say(2, via(2));
  reader.takeDirty(9);
  let asked = 0;
  rib.usable = () => {
    asked++;
    return true;
  };
  reader.lookAgain();
  t.is(reader.takeAgain(9).length, 1);
  t.is(asked, 4, 'which is the better one, and whether the other is chosen beside it, asks both');
  t.deepEqual(nextHops(), ['192.0.2.1', '192.0.2.2']);
});

for (const most of [1, 8])
  test(`with ${most} paths, a link-local next hop that goes on by another link alone is a change`, (t) => {
    const { reader, rib, say } = make(most);
    const changed = () => reader.takeDirty(9).length === 1;
    const links = () => (rib.destination(prefix)?.chosen ?? []).map(({ source }) => source.neighbor);
    const [up1, up2] = [onLink('up1'), onLink('up2')];
    say(1, LINK_LOCAL, up1);
    t.true(changed());
    say(2, LINK_LOCAL, up2);
    t.is(changed(), most > 1);
    t.deepEqual(links(), ['fe80::1%up1', 'fe80::1%up2'].slice(0, most));
    say(1, undefined, up1);
    t.true(changed());
    t.deepEqual(links(), ['fe80::1%up2']);
    say(1, LINK_LOCAL, up1);
    t.true(changed());
    say(1, LINK_LOCAL, { ...up1, routerId: 7 });
    t.true(changed(), 'a session anew, which loses against up2');
    t.deepEqual(links(), ['fe80::1%up2', 'fe80::1%up1'].slice(0, most));
    say(2, undefined, up2);
    t.true(changed());
    t.deepEqual(links(), ['fe80::1%up1']);
  });

test('a next hop that needs no link is no other one by another neighbor', (t) => {
  const { reader, say } = make(1);
  say(1, via(1), onLink('up1'));
  say(2, via(1), onLink('up2'));
  reader.takeDirty(9);
  const same = via(1);
  say(1, same, onLink('up1'));
  say(2, same, onLink('up2'));
  reader.takeDirty(9);
  say(1, undefined, onLink('up1'));
  t.is(reader.takeDirty(9).length, 0);
});

test('a RIB of one path tells nothing of what comes beside it', (t) => {
  const { reader, say, nextHops } = make(1);
  say(1, via(1));
  reader.takeDirty(9);
  say(2, via(2));
  t.is(reader.takeDirty(9).length, 0);
  t.deepEqual(nextHops(), ['192.0.2.1']);
});

test('any history: the reader of the dirty set knows all that is chosen, and the first is the best', (t) => {
  const kinds = [
    undefined,
    via(1),
    via(2),
    via(1, { localPref: 99 }),
    via(3, { med: 1 }),
    via(3, { origin: 2 }),
    LINK_LOCAL,
  ];
  const step = fc.record({ n: fc.integer({ min: 1, max: 4 }), kind: fc.nat(6), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (steps, most) => {
      const { reader, rib, say, nextHops } = make(most);
      const said = new Map<number, PathAttributes>();
      let known: string[] = [];
      for (const { n, kind, take } of steps) {
        const attributes = kinds[kind];
        say(n, attributes, onLink(`up${n}`));
        if (attributes) said.set(n, attributes);
        else said.delete(n);
        if (take && reader.takeDirty(9).length > 0) known = nextHops();
      }
      if (reader.takeDirty(9).length > 0) known = nextHops();
      const paths = [...said].map(([n, attributes]) => path(n, attributes, onLink(`up${n}`)));
      const expected = chosenOf(paths, most);
      t.deepEqual(known, expected.map(wayOf));
      t.deepEqual(nextHops(), known);
      const { best } = decide(paths);
      t.true(expected[0]?.source.neighbor === best?.source.neighbor);
      t.is(rib.destination(prefix)?.best?.source.neighbor, best?.source.neighbor);
      t.is(rib.destination(prefix)?.chosen[0], rib.destination(prefix)?.best);
    }),
    { numRuns: 400 },
  );
});

test('any UPDATEs of several routes each: every destination has the choice of its own paths', (t) => {
  const prefixes = [0, 1, 2, 3, 4].map((n) => ({ ...prefix, prefix: parseIp(`10.${n}.0.0`) }) as Prefix);
  const sources = [1, 2, 3].map(sourceOf);
  const kinds = [via(1), via(2), via(2, { localPref: 99 }), via(3), via(4, { med: 1 })];
  const rejected = { before: kinds[0], accepted: false, policy: 'p', rule: 'r' };
  const sets = [...kinds, via(1, { verdict: rejected })];
  const step = fc.record({
    n: fc.integer({ min: 0, max: 2 }),
    set: fc.option(fc.nat(sets.length - 1), { nil: undefined }),
    routes: fc.subarray(prefixes, { minLength: 1 }),
    without: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const { rib, reader } = make(2);
      for (const { n, set, routes, without } of steps) {
        const lost = without && parseIp(`192.0.2.${without}`);
        rib.usable = ({ attributes }) => attributes.nextHop !== lost;
        reader.lookAgain();
        while (reader.takeAgain(9).length > 0 || reader.takeDirty(9).length > 0);
        rib.update(sources[n], {
          family: IPV4_UNICAST as Update<Prefix>['family'],
          reachable: set === undefined ? [] : routes,
          withdrawn: set === undefined ? routes : [],
          attributes: set === undefined ? undefined : sets[set],
          endOfRib: false,
          unknownRouteTypes: 0,
          faults: [],
          also: [],
        });
        for (const destination of rib.destinations()) {
          const { best, chosen } = rib.decision(destination);
          t.is(destination.best, best);
          t.deepEqual(destination.chosen, chosen);
        }
      }
    }),
    { numRuns: 500 },
  );
});
