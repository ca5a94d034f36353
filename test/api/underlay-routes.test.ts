import test from 'ava';
import { Problem } from '../../src/api/errors.js';
import { type UnderlayRouteItem, underlayRoutes } from '../../src/api/resources/underlay-routes.js';
import type { Rooms } from '../../src/api/rooms/rooms.js';
import { EACH_TURN } from '../../src/api/turnstile.js';
import { toJson } from '../../src/api/written.js';
import type { PathSource } from '../../src/bgp/index.js';
import { type Interface, OtherRoutes } from '../../src/dataplane/index.js';
import { parseIp, parsePrefix, parsePrefixRule, prefixAddress, prefixLength } from '../../src/types/index.js';
import { Underlay, UnicastRibs } from '../../src/underlay/index.js';
import type { PathAttributes } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { VirtualClock } from '../support/virtual-clock.js';

const device = (name: string, text: string): Interface => {
  const [ip, length] = text.split('/');
  return {
    name,
    running: true,
    addresses: [{ ip: parseIp(ip), prefixLength: Number(length), peer: undefined, state: 'usable' }],
  };
};

function leaf() {
  const clock = new VirtualClock();
  const ribs = new UnicastRibs(
    clock,
    { asn: 65001, routerId: 1 },
    { external: 2, internal: 2, isRelaxed: true },
  );
  const routes = {
    addGroup: (hops: object) => ({ hops }),
    removeGroup() {},
    changeGroup() {},
    set() {},
    clear() {},
    others: new OtherRoutes(),
    plane: { at: { tableId: 254, metric: 20 } },
  };
  const underlay = new Underlay(ribs, routes as never, clock, {
    networks: [],
    redistributeConnected: [],
    resolveViaDefault: false,
    accept: ['deny 30.0.0.0/8', '0.0.0.0/0 le 32', '::/0 le 128'].map(parsePrefixRule),
  });
  underlay.topologyChanged({
    interfaces: new Map([
      [2, device('up1', '10.1.1.1/31')],
      [3, device('up2', 'fe80::5/64')],
    ]),
  } as never);
  const tell = (
    n: number,
    prefix: string,
    nextHop: string,
    more: Partial<PathAttributes> = {},
    neighbor = `10.1.${n}.0`,
  ) => {
    const source: PathSource = { neighbor, routerId: n, internal: false };
    const key = parsePrefix(prefix);
    (prefix.includes(':') ? ribs.ipv6 : ribs.ipv4).update(source, {
      withdrawn: [],
      attributes: pathAttributes({ nextHop: parseIp(nextHop), ...more }),
      reachable: [{ type: 0, prefix: prefixAddress(key), prefixLength: prefixLength(key) }],
    } as never);
  };
  const { underlayRoutes: pages } = underlayRoutes.reads({ underlay } as Partial<Rooms> as Rooms);
  const read = async (over: Partial<Parameters<typeof pages>[0]> = {}) =>
    (await pages({ ip: undefined, neighbor: undefined, ...over }).page(undefined, 100)).items;
  return { tell, read, ribs, underlay };
}

test('every path is shown with the step by which it lost, or that it is chosen', async (t) => {
  const { tell, read } = leaf();
  tell(1, '20.0.0.0/8', '10.1.1.0', { med: 7 });
  tell(2, '20.0.0.0/8', '192.0.2.1');
  tell(3, '20.0.0.0/8', '10.1.1.0');
  tell(4, '20.0.0.0/8', '10.1.1.0', { asPath: [{ type: 2, asns: [1, 2, 3] }] });
  const [route] = await read();
  t.is(route.prefix, '20.0.0.0/8');
  t.is(route.unused, null);
  t.deepEqual(
    route.paths.map(({ neighbor, best, chosen, lostBy, unreachable }) => [
      neighbor,
      best,
      chosen,
      lostBy,
      unreachable,
    ]),
    [
      ['10.1.1.0', false, false, 'lower MULTI_EXIT_DISC', null],
      ['10.1.2.0', false, false, 'usable path', 'no-route'],
      ['10.1.3.0', true, true, null, null],
      ['10.1.4.0', false, false, 'shorter AS_PATH', null],
    ],
  );
});

test('several chosen paths, a next hop with its link, and routes that are not installed with the reason', async (t) => {
  const { tell, read } = leaf();
  tell(1, '2001:db8::/32', 'fe80::1', {}, 'fe80::1%up2');
  tell(2, '2001:db8::/32', 'fe80::1', {}, 'fe80::1%up9');
  tell(1, '30.0.0.0/8', '10.1.1.0');
  tell(1, '10.1.1.0/31', '10.1.1.0');
  tell(1, '169.254.0.0/16', '10.1.1.0');
  tell(1, '40.0.0.0/8', '127.0.0.1');
  const routes = await read();
  t.deepEqual(
    routes.map(({ prefix, unused }) => [prefix, unused]),
    [
      ['10.1.1.0/31', 'connected'],
      ['30.0.0.0/8', 'not-accepted'],
      ['40.0.0.0/8', 'next-hop'],
      ['169.254.0.0/16', 'prefix'],
      ['2001:db8::/32', null],
    ],
  );
  t.deepEqual(
    routes[4].paths.map(({ nextHop, chosen, unreachable }) => [nextHop, chosen, unreachable]),
    [
      ['fe80::1%up2', true, null],
      ['fe80::1%up9', false, 'no-route'],
    ],
  );
});

test('routes that hold an address, and those of a neighbor; none of the last path of which has gone, and none without an underlay', async (t) => {
  const { tell, read, ribs } = leaf();
  tell(1, '20.0.0.0/8', '10.1.1.0');
  tell(2, '20.1.0.0/16', '10.1.1.0');
  tell(2, '::/0', 'fe80::1', {}, 'fe80::1%up2');
  const prefixes = async (...filter: Parameters<typeof read>) =>
    (await read(...filter)).map(({ prefix }) => prefix);
  t.deepEqual(await prefixes({ ip: parseIp('20.1.2.3') }), ['20.0.0.0/8', '20.1.0.0/16']);
  t.deepEqual(await prefixes({ ip: parseIp('20.2.2.3') }), ['20.0.0.0/8']);
  t.deepEqual(await prefixes({ neighbor: '10.1.2.0' }), ['20.1.0.0/16']);
  t.deepEqual(await prefixes({ neighbor: 'fe80::1' }), ['::/0']);
  ribs.ipv4.subscribe();
  await ribs.ipv4.neighborDown({ neighbor: '10.1.1.0' });
  t.deepEqual(await prefixes(), ['20.1.0.0/16', '::/0']);
  const none = underlayRoutes.reads({} as Rooms).underlayRoutes({ ip: undefined, neighbor: undefined });
  t.deepEqual((await none.page(undefined, 9)).items, []);
});

/** What a leaf reads that has these routes in VRF red alone. */
const readsIn = (red: () => Underlay | undefined) =>
  underlayRoutes.reads({
    vrfUnderlays: { of: (vrf: string) => (vrf === 'red' ? red() : undefined) },
  } as unknown as Rooms);
const asked = async (underlay: Underlay, query: object): Promise<UnderlayRouteItem[]> => {
  const [{ handle }] = underlayRoutes.endpoints;
  const answer = await handle(
    readsIn(() => underlay),
    { query: { limit: 9, ...query } } as never,
    EACH_TURN,
  );
  return JSON.parse(toJson(answer)).items;
};

test("a neighbor's name says which VRF is meant, and paths of a VRF have it", async (t) => {
  const { tell, underlay } = leaf();
  tell(1, '20.0.0.0/8', '10.1.1.0', {}, '192.0.2.1');
  tell(2, '30.0.0.0/8', '10.1.1.0', {}, '192.0.2.3');
  const senders = async (query: object) =>
    (await asked(underlay, query)).map(({ vrf, prefix, paths }) => [vrf, prefix, paths[0].neighbor]);
  const [of1, of3] = [
    ['red', '20.0.0.0/8', '192.0.2.1@red'],
    ['red', '30.0.0.0/8', '192.0.2.3@red'],
  ];
  t.deepEqual(await senders({ neighbor: '192.0.2.1@red' }), [of1]);
  t.deepEqual(await senders({ neighbor: '192.0.2.1@red', vrf: 'red' }), [of1]);
  t.deepEqual(await senders({ neighbor: '192.0.2.3', vrf: 'red' }), [of3]);
  t.deepEqual(await senders({ vrf: 'red' }), [of1, of3]);
  t.deepEqual(await senders({ neighbor: '192.0.2.1' }), [], "the underlay's");
  t.deepEqual(await senders({ neighbor: '192.0.2.1@blue' }), []);
  await t.throwsAsync(() => asked(underlay, { neighbor: '192.0.2.1@red', vrf: 'blue' }), {
    instanceOf: Problem,
    message: /a neighbor in VRF blue/,
  });
});

test('a VRF that goes while its routes are read has none any more', async (t) => {
  const { tell, underlay } = leaf();
  for (let i = 0; i < 5000; i++) tell(1, `20.${i >> 8}.${i & 255}.0/24`, '10.1.1.0');
  let its: Underlay | undefined = underlay;
  const pages = readsIn(() => its).underlayRoutes({ ip: undefined, neighbor: undefined, vrf: 'red' });
  let turns = 0;
  const next = async () => {
    turns++;
    its = undefined;
  };
  t.deepEqual((await pages.page(undefined, 100, { ...EACH_TURN, next })).items, []);
  t.true(turns > 0);
});
