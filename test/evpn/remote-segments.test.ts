import test from 'ava';
import type { Destination } from '../../src/bgp/index.js';
import { RemoteSegments, SegmentLeaf } from '../../src/evpn/remote-segments.js';
import { type Esi, type Ip, parseIp, parseMac } from '../../src/types/index.js';
import { MAX_ETHERNET_TAG } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { vtepOf } from './support/leaf.js';

const X = '03443839ff0000010001' as Esi;
const Y = '03443839ff0000010002' as Esi;
const [A, B] = [11, 12].map(vtepOf);

const discovery = (ethernetTag: number) => ({ nlri: { ethernetTag } }) as unknown as Destination;
const macs = (count: number) => Array.from({ length: count }, (_, id) => ({ id }) as unknown as Destination);
const of = (nextHop: Ip) => pathAttributes({ nextHop });
/** With the ESI label extended community, of which bit 0 of the flags is single-active (RFC 7432 §7.5). */
const withLabel = (nextHop: Ip, flags: number) =>
  pathAttributes({ nextHop, extendedCommunities: [0x0601_0000_0000_0000n | (BigInt(flags) << 40n)] });

function visited(segments: RemoteSegments, max: number): [number, Destination[]] {
  const seen: Destination[] = [];
  return [segments.visitDirty(max, (destination) => seen.push(destination)), seen];
}

test('the routes of segments that changed are visited in slices, each once, from the first on when a segment changes again', (t) => {
  const segments = new RemoteSegments();
  const [m0, m1, m2, m3] = macs(4);
  for (const mac of [m0, m1, m2]) segments.move(mac, undefined, X);
  segments.move(m3, undefined, Y);
  t.false(segments.hasDirty);
  t.deepEqual(visited(segments, 9), [9, []]);
  const perEs = discovery(MAX_ETHERNET_TAG);
  segments.discover(perEs, X, of(A));
  segments.discover(discovery(MAX_ETHERNET_TAG), Y, of(A));
  t.deepEqual(visited(segments, 2), [0, [m0, m1]]);
  t.true(segments.hasDirty);
  t.deepEqual(visited(segments, 9), [7, [m2, m3]]);
  t.false(segments.hasDirty);
  segments.undiscover(perEs, X, A);
  t.deepEqual(visited(segments, 1), [0, [m0]]);
  segments.discover(perEs, X, of(A));
  t.deepEqual(visited(segments, 9), [6, [m0, m1, m2]]);
});

test('a segment is looked at where the choice of a leaf may be another, and not where a second route says the same', (t) => {
  const segments = new RemoteSegments();
  const [perEs, second, perEvi] = [MAX_ETHERNET_TAG, MAX_ETHERNET_TAG, 0].map(discovery);
  const [mac] = macs(1);
  segments.move(mac, undefined, X);
  const steps: readonly (readonly [() => void, boolean])[] = [
    [() => segments.discover(perEs, X, of(A)), true],
    [() => segments.discover(perEs, X, of(A)), false],
    [() => segments.discover(second, X, of(A)), false],
    [() => segments.discover(perEvi, X, of(A)), true],
    [() => segments.undiscover(perEvi, X, B), false],
    [() => segments.undiscover(perEvi, Y, A), false],
    [() => segments.undiscover(perEs, X, A), false],
    [() => segments.undiscover(second, X, A), true],
    [() => segments.undiscover(perEvi, X, A), true],
    [() => segments.undiscover(perEvi, X, A), false],
  ];
  for (const [does, isLookedAt] of steps) {
    does();
    t.is(segments.hasDirty, isLookedAt);
    visited(segments, 9);
  }
  t.true(segments.get(X)?.hasLeaf(A), 'a leaf without a route is remembered');
  t.false(segments.get(X)?.hasLeaf(B));
  segments.move(mac, X, undefined);
  t.deepEqual([...segments.values()], []);
});

test('a segment is single-active while one Ethernet A-D per ES route of a leaf says so, and is looked at as that changes', (t) => {
  const segments = new RemoteSegments();
  const [first, second, perEvi, other] = [MAX_ETHERNET_TAG, MAX_ETHERNET_TAG, 0, MAX_ETHERNET_TAG].map(
    discovery,
  );
  segments.move(macs(1)[0], undefined, X);
  const steps: readonly (readonly [string, () => void, boolean, boolean])[] = [
    ['all-active', () => segments.discover(first, X, withLabel(A, 0)), false, true],
    ['single-active', () => segments.discover(first, X, withLabel(A, 1)), true, true],
    ['the same again', () => segments.discover(first, X, withLabel(A, 1)), true, false],
    ['flags that nobody knows', () => segments.discover(first, X, withLabel(A, 0xff)), true, false],
    ['a second route that is all-active', () => segments.discover(second, X, withLabel(A, 0)), true, false],
    ['the second one too', () => segments.discover(second, X, withLabel(A, 1)), true, false],
    ['the first one no more', () => segments.discover(first, X, of(A)), true, false],
    ['nor the second', () => segments.discover(second, X, withLabel(A, 0xfe)), false, true],
    ['the second again', () => segments.discover(second, X, withLabel(A, 1)), true, true],
    ['which goes', () => segments.undiscover(second, X, A), false, true],
    ['a route per EVI has no flag', () => segments.discover(perEvi, X, withLabel(A, 1)), false, true],
    ['another leaf', () => segments.discover(other, X, withLabel(B, 1)), true, true],
    ['which goes', () => segments.undiscover(other, X, B), false, true],
  ];
  for (const [name, does, singleActive, isLookedAt] of steps) {
    does();
    t.deepEqual([segments.get(X)?.singleActive, segments.hasDirty], [singleActive, isLookedAt], name);
    visited(segments, 9);
  }
});

test('a segment that goes before it was looked at is not looked at; a route that left it neither', (t) => {
  const segments = new RemoteSegments();
  const [m0, m1] = macs(2);
  const perEs = discovery(MAX_ETHERNET_TAG);
  for (const mac of [m0, m1]) segments.move(mac, undefined, X);
  segments.discover(perEs, X, of(A));
  segments.move(m0, X, Y);
  t.deepEqual([...segments.get(X)!.discoveries()], [perEs]);
  t.deepEqual(visited(segments, 9), [8, [m1]]);
  segments.undiscover(perEs, X, A);
  segments.move(m1, X, undefined);
  t.is(segments.get(X), undefined);
  t.false(segments.hasDirty);
});

// Another number would have a leaf send its frames elsewhere than before the restart or the upgrade
for (const [address, share] of [
  ['10.0.0.11', 4021973101],
  ['10.0.0.12', 3624921418],
  ['2001:db8::11', 3286155189],
  ['2001:db8::12', 1835023750],
  ['2001:db8::1:11', 39946824],
] as const)
  test(`the share of ${address} in a MAC is the same number in every process`, (t) => {
    t.is(new SegmentLeaf(parseIp(address)).share(parseMac('02:00:00:00:00:01')), share);
  });
