import test from 'ava';
import type { Operation } from '../../src/dataplane/index.js';
import { KERNEL_TABLES, STAGES, TABLE_NAMES } from '../../src/dataplane/kernel-tables/index.js';
import type { Failure, Intent, Intents } from '../../src/dataplane/kernel-tables/intents.js';
import { pointedTo, stagesOf } from '../../src/dataplane/kernel-tables/order.js';
import { type KeyQueue, OwnedTable } from '../../src/dataplane/kernel-tables/owned-table.js';
import { KernelMirror } from '../../src/dataplane/mirror.js';
import { NexthopBook } from '../../src/dataplane/nexthop-book.js';
import { NO_MEMORY, OurDefaults } from '../../src/dataplane/our-defaults.js';
import { RouteRows } from '../../src/dataplane/route-rows.js';
import { RoutesPlane } from '../../src/dataplane/routes-plane.js';
import { VniPlane } from '../../src/dataplane/vni-plane.js';
import { IpQueue } from '../../src/tables/index.js';
import { formatIp, type Ip, parseIp, toVni } from '../../src/types/index.js';

/** What a table with nexthop groups would be: groups of nexthops, and MACs and prefixes behind groups. */
const WITH_GROUPS = {
  flood: { after: [], flies: false },
  nexthop: { after: [], flies: true },
  group: { after: ['nexthop'], flies: true },
  mac: { after: ['group'], flies: true },
  neigh: { after: [], flies: true },
  route: { after: ['nexthop', 'group'], flies: true },
};

const texts = (tables: Parameters<typeof stagesOf>[0]) =>
  stagesOf(tables).map(({ tables: names, removals }) => `${removals ? '-' : '+'} ${names.join(' ')}`);

test('a table is written behind those that its rows point to, and goes before them', (t) => {
  t.deepEqual(texts(WITH_GROUPS), [
    '+ flood',
    '+ nexthop',
    '+ group',
    '+ mac neigh route',
    '- group',
    '- nexthop',
  ]);
  t.deepEqual([...pointedTo(WITH_GROUPS)].sort(), ['group', 'nexthop']);
});

test('what does not fly comes first, nexthops and groups before all that fly, and go behind them', (t) => {
  t.deepEqual(texts(KERNEL_TABLES), [
    '+ flood',
    '+ nexthop',
    '+ nexthop-group',
    '+ mac neigh route',
    '- nexthop-group',
    '- nexthop',
  ]);
  t.deepEqual(
    STAGES.map(({ tables }) => tables),
    [['flood'], ['nexthop'], ['nexthop-group'], ['mac', 'neigh', 'route'], ['nexthop-group'], ['nexthop']],
  );
});

test('an order that cannot be is none', (t) => {
  t.throws(() => stagesOf({ mac: { after: ['group'], flies: true } }), {
    message: 'mac comes after group, which is no table',
  });
  t.throws(
    () =>
      stagesOf({ nexthop: { after: ['group'], flies: true }, group: { after: ['nexthop'], flies: true } }),
    { message: /there is no order/ },
  );
});

test('a table knows whether others come after it', (t) => {
  const plane = new VniPlane(toVni(10), new KernelMirror(), new OurDefaults(NO_MEMORY));
  const rows = new RouteRows();
  const routes = new RoutesPlane({ tableId: 254, metric: 20 }, rows, new NexthopBook(rows));
  const bases = pointedTo(KERNEL_TABLES);
  const tables = { ...plane.tables, ...routes.tables };
  t.deepEqual(Object.keys(tables).sort(), [...TABLE_NAMES].sort());
  for (const name of TABLE_NAMES) t.is(tables[name].isPointedTo, bases.has(name), name);
});

/** What is wanted, in a Set. */
class Wanted implements Intents<Ip> {
  readonly ips = new Set<Ip>();
  get size(): number {
    return this.ips.size;
  }
  has(ip: Ip): boolean {
    return this.ips.has(ip);
  }
  get(ip: Ip): Intent | undefined {
    return this.ips.has(ip) ? { settled: false, failure: undefined } : undefined;
  }
  peek(ip: Ip): Intent | undefined {
    return this.get(ip);
  }
  keys(): Iterable<Ip> {
    return this.ips;
  }
  clear(): void {
    this.ips.clear();
  }
  /** What was noted of a key last. */
  readonly noted: { settled?: boolean; failure?: Failure | undefined } = {};
  settle(_ip: Ip, settled: boolean): void {
    this.noted.settled = settled;
  }
  fail(_ip: Ip, failure: Failure | undefined): void {
    this.noted.failure = failure;
  }
}

/** Where the rows of the made-up table stand. */
class Place {
  at: object | undefined = {};
  isLive = true;
}

const rowOf = (verb: 'add' | 'delete', dst: Ip): Operation => ({
  table: 'vxlan-default',
  verb,
  ifindex: 1,
  srcVni: 0,
  dst,
});

/** A made-up table, of nexthops: every look writes or deletes one. */
class Nexthops extends OwnedTable<Ip> {
  readonly wantedIps: Wanted;
  readonly where: Place;
  /** What the kernel holds of each key. */
  holds = { fits: true, own: true, byHand: false };

  constructor(isPointedTo: boolean) {
    const wanted = new Wanted();
    const queue: KeyQueue<Ip> = new IpQueue();
    const place = new Place();
    super(place, wanted, queue, isPointedTo);
    this.wantedIps = wanted;
    this.where = place;
  }
  difference(dst: Ip, want: Intent | undefined, out: Operation[]): void {
    out.push(rowOf(want ? 'add' : 'delete', dst));
  }
  fits(): boolean {
    return this.holds.fits;
  }
  holdsOwn(): boolean {
    return this.holds.own;
  }
  isSetByHand(): boolean {
    return this.holds.byHand;
  }
  ownedKeys(): Iterable<Ip> {
    return [];
  }
  found(): string {
    return '';
  }
  wanted(_ip: Ip, want: Intent | undefined): string {
    return want ? 'a row' : 'none';
  }
  keyOf(operation: Operation): Ip | undefined {
    return operation.table === 'vxlan-default' && operation.ifindex === 1 ? operation.dst : undefined;
  }

  strays(): void {}
  want(ip: Ip): void {
    this.wantedIps.ips.add(ip);
    this.mark(ip);
  }
  unwant(ip: Ip): void {
    this.wantedIps.ips.delete(ip);
    this.mark(ip);
  }
  /** Takes and releases all there is. */
  all(removals: boolean): string[] {
    const out: Operation[] = [];
    for (let ip = this.take(removals, out); ip !== undefined; ip = this.take(removals, out)) this.release(ip);
    return out.map((each) => `${each.verb} ${'dst' in each ? formatIp(each.dst) : ''}`);
  }
}

const ONE = parseIp('192.0.2.1');
const TWO = parseIp('192.0.2.2');

test('what is wanted no longer of a table that others come after waits for its stage', (t) => {
  const nexthops = new Nexthops(true);
  nexthops.want(ONE);
  nexthops.unwant(TWO);
  t.is(nexthops.dirty, 2);
  t.true(nexthops.waits(false));
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1']);
  t.true(nexthops.isMarked(TWO));
  t.is(nexthops.dirty, 1);
  t.true(nexthops.waits(true));
  t.false(nexthops.waits(false));
  t.deepEqual(nexthops.all(true), ['delete 192.0.2.2']);
  t.is(nexthops.dirty, 0);
  t.true(nexthops.isIdle);
});

test('what is wanted again before it went comes with what is wanted', (t) => {
  const nexthops = new Nexthops(true);
  nexthops.unwant(ONE);
  t.deepEqual(nexthops.all(false), []);
  nexthops.want(ONE);
  t.is(nexthops.dirty, 1);
  t.deepEqual(nexthops.all(true), []);
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1']);
  t.true(nexthops.isIdle);
});

test('what is marked while its removal is written is looked at again', (t) => {
  const nexthops = new Nexthops(true);
  nexthops.unwant(ONE);
  t.deepEqual(nexthops.all(false), []);
  const out: Operation[] = [];
  t.is(nexthops.take(true, out), ONE);
  nexthops.want(ONE);
  t.deepEqual(nexthops.all(false), []);
  t.true(nexthops.release(ONE));
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1']);
});

test('a table that none comes after removes as it writes', (t) => {
  const nexthops = new Nexthops(false);
  nexthops.want(ONE);
  nexthops.unwant(TWO);
  t.deepEqual(nexthops.all(true), []);
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1', 'delete 192.0.2.2']);
});

/** Whether the key is wanted and its owner served, what the kernel holds, and whether that agrees, or another's row is why not. */
const STANDINGS: readonly (readonly [boolean, boolean, Nexthops['holds'], boolean, boolean])[] = [
  [true, true, { fits: true, own: true, byHand: false }, true, false],
  [true, true, { fits: false, own: true, byHand: false }, false, false],
  [true, true, { fits: false, own: false, byHand: true }, false, true],
  [true, true, { fits: true, own: false, byHand: true }, true, false],
  [false, true, { fits: true, own: false, byHand: false }, true, false],
  [false, true, { fits: true, own: true, byHand: false }, false, false],
  [false, true, { fits: false, own: false, byHand: true }, true, false],
  // Nothing is to stand of an owner that is not served, whatever is wanted
  [true, false, { fits: true, own: true, byHand: false }, false, false],
  [true, false, { fits: false, own: false, byHand: true }, true, false],
];

for (const [isWanted, isLive, holds, agrees, isBlocked] of STANDINGS)
  test(`${isWanted ? 'wanted' : 'not wanted'}, ${isLive ? 'served' : 'not served'}, ${JSON.stringify(holds)}`, (t) => {
    const nexthops = new Nexthops(false);
    if (isWanted) nexthops.want(ONE);
    nexthops.where.isLive = isLive;
    nexthops.holds = holds;
    t.is(nexthops.agrees(ONE), agrees);
    t.is(nexthops.isBlocked(ONE), isBlocked);
    t.is(nexthops.isOnlyBlocked(ONE), isBlocked);
    const stands = isWanted && isLive;
    t.deepEqual(nexthops.operations(ONE), [rowOf(stands ? 'add' : 'delete', ONE)]);
    t.is(nexthops.wantedText(ONE), stands ? 'a row' : 'none');
  });

const FAILURE: Failure = { errno: 1, name: 'EPERM', message: undefined, attempts: 1, at: 0, retryAt: 0 };

/** How an attempt ended, whether its rows are known to stand, whether the owner is served and the kernel fits, and if it is settled. */
for (const [failure, stands, isLive, fits, settled] of [
  [undefined, false, true, true, true],
  [undefined, false, true, false, false],
  [undefined, true, true, false, true],
  [undefined, true, false, true, false],
  [FAILURE, false, true, true, false],
  [FAILURE, true, true, true, false],
] as const)
  test(`an attempt that ${failure ? 'failed' : 'succeeded'}: stands ${stands}, served ${isLive}, fits ${fits}`, (t) => {
    const nexthops = new Nexthops(false);
    nexthops.want(ONE);
    nexthops.where.isLive = isLive;
    nexthops.holds = { ...nexthops.holds, fits };
    nexthops.settle(ONE, failure, stands);
    t.deepEqual(nexthops.wantedIps.noted, { settled, failure });
  });

test('what is put back comes once, in the place of what is wanted, where the owner was then', (t) => {
  const nexthops = new Nexthops(false);
  const back = [rowOf('delete', ONE), rowOf('add', TWO)];
  nexthops.want(ONE);
  nexthops.all(false);
  nexthops.mark(TWO);
  nexthops.putBack(ONE, back);
  t.deepEqual(nexthops.all(false), ['delete 192.0.2.2', 'delete 192.0.2.1', 'add 192.0.2.2']);
  nexthops.mark(ONE);
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1'], 'once');
  nexthops.putBack(ONE, back);
  nexthops.mark(ONE);
  t.deepEqual(
    nexthops.all(false),
    ['delete 192.0.2.1', 'add 192.0.2.2', 'add 192.0.2.1'],
    'and what came since',
  );
  nexthops.putBack(ONE, back);
  nexthops.where.at = {};
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1'], 'not where the owner is now');
  nexthops.mark(ONE);
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1']);
});

test('what is put back twice does not make forget what the key was marked for before or in between', (t) => {
  const nexthops = new Nexthops(false);
  const back = [rowOf('add', TWO)];
  nexthops.want(ONE);
  nexthops.putBack(ONE, back);
  nexthops.wantedIps.ips.delete(ONE);
  nexthops.mark(ONE);
  nexthops.putBack(ONE, back);
  t.deepEqual(nexthops.all(false), ['add 192.0.2.2', 'delete 192.0.2.1']);
  nexthops.mark(ONE);
  nexthops.putBack(ONE, back);
  t.deepEqual(nexthops.all(false), ['add 192.0.2.2', 'delete 192.0.2.1']);
});

test('a new place has every intent looked at', (t) => {
  const nexthops = new Nexthops(false);
  for (const ip of [ONE, TWO]) nexthops.want(ip);
  nexthops.all(false);
  nexthops.markIntents();
  t.deepEqual(nexthops.all(false), ['add 192.0.2.1', 'add 192.0.2.2']);
});

test('a row is wanted where it is one of the table and its key is wanted', (t) => {
  const nexthops = new Nexthops(false);
  nexthops.want(ONE);
  t.true(nexthops.wantsRowOf(rowOf('delete', ONE)));
  t.false(nexthops.wantsRowOf(rowOf('delete', TWO)));
  const elsewhere: Operation = { table: 'vxlan-default', verb: 'add', ifindex: 2, srcVni: 0, dst: ONE };
  t.false(nexthops.wantsRowOf(elsewhere));
});

test('what a table does not say of itself is nothing, and nothing waits in a new one', (t) => {
  const nexthops = new Nexthops(true);
  t.deepEqual(nexthops.rowKeys(ONE), []);
  t.deepEqual(
    nexthops.removalCommands(ONE, () => 'dev'),
    [],
  );
  t.is(nexthops.protocolOf(ONE), undefined);
  t.true(nexthops.hasPlace);
  t.deepEqual([nexthops.waits(false), nexthops.waits(true)], [false, false]);
  nexthops.unwant(ONE);
  t.deepEqual([nexthops.waits(false), nexthops.waits(true)], [true, false]);
  nexthops.all(false);
  nexthops.all(true);
  t.deepEqual([nexthops.waits(false), nexthops.waits(true), nexthops.dirty], [false, false, 0]);
});
