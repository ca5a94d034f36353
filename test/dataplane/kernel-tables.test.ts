import test from 'ava';
import type { Operation } from '../../src/dataplane/index.js';
import { KERNEL_TABLES, STAGES, TABLE_NAMES } from '../../src/dataplane/kernel-tables/index.js';
import type { Failure, Intent, Intents } from '../../src/dataplane/kernel-tables/intents.js';
import { pointedTo, stagesOf } from '../../src/dataplane/kernel-tables/order.js';
import { type KeyQueue, OwnedTable } from '../../src/dataplane/kernel-tables/owned-table.js';
import { KernelMirror } from '../../src/dataplane/mirror.js';
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
  const routes = new RoutesPlane({ tableId: 254, metric: 20 }, new RouteRows());
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
  settle(_ip: Ip, _settled: boolean): void {}
  fail(_ip: Ip, _failure: Failure | undefined): void {}
}

/** A made-up table, of nexthops: every look writes or deletes one. */
class Nexthops extends OwnedTable<Ip> {
  readonly wantedIps: Wanted;

  constructor(isPointedTo: boolean) {
    const wanted = new Wanted();
    const queue: KeyQueue<Ip> = new IpQueue();
    super({ at: {}, isLive: true }, wanted, queue, isPointedTo);
    this.wantedIps = wanted;
  }
  difference(dst: Ip, want: Intent | undefined, out: Operation[]): void {
    out.push({ table: 'vxlan-default', verb: want ? 'add' : 'delete', ifindex: 1, srcVni: 0, dst });
  }
  fits(): boolean {
    return true;
  }
  holdsOwn(): boolean {
    return true;
  }
  isSetByHand(): boolean {
    return false;
  }
  ownedKeys(): Iterable<Ip> {
    return [];
  }
  found(): string {
    return '';
  }
  wanted(): string {
    return '';
  }
  keyOf() {
    return undefined;
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
