import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import {
  FamilyLocalRib,
  FamilyRib,
  KeyedTable,
  ListenError,
  type NeighborConfig,
  plainRoutes,
  ribsOf,
  Speaker,
  type SpeakerConfig,
  Speakers,
  type Transport,
} from '../../src/bgp/index.js';
import type { LeafEvent } from '../../src/events/index.js';
import { type Clock, parseIp, parsePrefix, prefixAddress, prefixLength } from '../../src/types/index.js';
import { IPV4_UNICAST, type Prefix } from '../../src/wire/index.js';
import { MemoryNetwork } from '../doubles/memory-network.js';
import { Fabric, id, neighborConfig } from './fabric.js';

const THEIRS = '192.0.2.1';
const OURS = '192.0.2.0';
const VRFS = new Map([
  ['red', 10],
  ['blue', 11],
]);
const nlri = (text: string): Prefix => {
  const prefix = parsePrefix(text);
  return { type: 0, prefix: prefixAddress(prefix), prefixLength: prefixLength(prefix) };
};
const inVrf = (vrf: string, ifindex: number) => [
  { name: vrf, running: true, addresses: [], vrf: ifindex },
  {
    name: `swp-${vrf}`,
    running: true,
    addresses: [{ ip: parseIp(OURS), prefixLength: 31, peer: undefined, state: 'usable' as const }],
    vrf: ifindex,
  },
];
const INTERFACES = [...VRFS].flatMap(([vrf, ifindex]) => inVrf(vrf, ifindex));

const unicast = (clock: Clock) => ({
  rib: new FamilyRib(clock, { asn: 65001, routerId: 1 }, plainRoutes(IPV4_UNICAST)),
  local: new FamilyLocalRib(IPV4_UNICAST, new KeyedTable(IPV4_UNICAST)),
});

/** A leaf with two VRFs, each with a neighbor at the same address in a network of its own. */
async function leaf(
  neighborsOf: (vrf: string) => Partial<NeighborConfig> = () => ({}),
  configured: Iterable<string> = VRFS.keys(),
  routeMemory = Number.POSITIVE_INFINITY,
) {
  const fabric = new Fabric();
  const networks = new Map([...VRFS.keys()].map((vrf) => [vrf, new MemoryNetwork(fabric.clock)]));
  const by = (device: string | undefined): Transport =>
    device === undefined
      ? fabric.network.host('10.0.0.1')
      : (networks.get(device) as MemoryNetwork).host(OURS);
  /** Why nobody can listen on a device, by its name. */
  const refusals = new Map<string, string>();
  const transport: Transport = {
    connect: (target, handlers) => by(target.device).connect(target, handlers),
    listen: async (endpoint, accept, door) => {
      const code = refusals.get(endpoint.device ?? '');
      if (code !== undefined) throw new ListenError(endpoint, code, 'refused');
      return by(endpoint.device).listen(
        { ...endpoint, address: endpoint.device === undefined ? '10.0.0.1' : OURS },
        accept,
        door,
      );
    },
  };
  const config = (vrfs: Iterable<string>, neighbors: NeighborConfig[] = []): SpeakerConfig => ({
    asn: 65001,
    routerId: id('10.0.0.1'),
    listen: [{ address: '10.0.0.1', port: 179 }],
    neighbors,
    vrfs: new Map(
      [...vrfs].map((vrf) => [
        vrf,
        {
          asn: 65001,
          routerId: id('10.0.0.1'),
          listen: [{ address: OURS, port: 179, device: vrf }],
          neighbors: [
            neighborConfig(THEIRS, 'external', {
              device: vrf,
              families: [IPV4_UNICAST],
              connectRetryTime: 1,
              ...neighborsOf(vrf),
            }),
          ],
        },
      ]),
    ),
  });
  const ribs = new Map<string, ReturnType<typeof unicast>>();
  const events: LeafEvent[] = [];
  const speakers = new Speakers(config(configured), {
    clock: fabric.clock,
    transport,
    log: fabric.log,
    routeMemory,
    events: { push: (event) => events.push(event) },
    ribsOfVrf: (vrf) => {
      const made = unicast(fabric.clock);
      ribs.set(vrf, made);
      return [ribsOf(made.rib, made.local)];
    },
  });
  const attributes = { nextHop: parseIp(THEIRS), extendedCommunities: [], pmsiTunnel: undefined };
  const tell = new Map<string, (prefix: string) => void>();
  for (const [vrf, network] of networks) {
    const far = unicast(fabric.clock);
    const peer = new Speaker(
      {
        asn: 65100,
        routerId: id(THEIRS),
        listen: [{ address: THEIRS, port: 179 }],
        neighbors: [neighborConfig(OURS, 65001, { families: [IPV4_UNICAST], passive: true })],
      },
      {
        clock: fabric.clock,
        transport: network.host(THEIRS),
        log: fabric.log,
        otherRibs: [ribsOf(far.rib, far.local)],
      },
    );
    tell.set(vrf, (prefix) => far.local.originate(nlri(prefix), attributes));
    tell.get(vrf)?.(vrf === 'red' ? '198.51.100.0/24' : '203.0.113.0/24');
    await peer.start();
  }
  const states = () => speakers.neighbors().map(({ address, vrf, state }) => [address, vrf, state]);
  const routes = (vrf: string) =>
    [...(ribs.get(vrf)?.rib.destinations() ?? [])].map(({ nlri: { prefix } }) => prefix);
  return { fabric, speakers, config, states, routes, events, refusals, networks, tell };
}

test('two VRFs have a neighbor at the same address, each with its session, routes, name and commands', async (t) => {
  const { fabric, speakers, states, routes, events } = await leaf();
  speakers.interfacesChanged(INTERFACES, VRFS);
  await speakers.start();
  fabric.clock.advance(5000);
  t.deepEqual(states(), [
    ['192.0.2.1@red', 'red', 'Established'],
    ['192.0.2.1@blue', 'blue', 'Established'],
  ]);
  t.deepEqual([routes('red'), routes('blue')], [[parseIp('198.51.100.0')], [parseIp('203.0.113.0')]]);
  t.true(speakers.endOfRibReceivedFromAll());
  t.is(speakers.neighbor('192.0.2.1'), undefined);
  t.is(speakers.resetNeighbor('192.0.2.1'), 'no neighbor');
  t.is(speakers.shutDownNeighbor('192.0.2.1@red'), 'done');
  fabric.clock.advance(2000);
  t.is(speakers.neighbor('192.0.2.1@red')?.state, 'Idle');
  t.is(speakers.neighbor('192.0.2.1@blue')?.state, 'Established');
  t.deepEqual(routes('red'), []);
  t.deepEqual(
    events.map((event) => 'neighbor' in event && [event.kind, event.neighbor]),
    [
      ['neighbor-up', '192.0.2.1@red'],
      ['neighbor-up', '192.0.2.1@blue'],
      ['neighbor-down', '192.0.2.1@red'],
    ],
  );
  t.like(fabric.log.lines.find(({ message }) => message === 'BGP session established')?.facts, {
    neighbor: '192.0.2.1@red',
    vrf: 'red',
  });
  await Promise.all([speakers.stop(), Promise.resolve(fabric.clock.advance(5000))]);
  t.deepEqual(fabric.errors, []);
});

test('a VRF that goes ends its sessions with that reason, and they are back with it; others stay', async (t) => {
  const { fabric, speakers, states } = await leaf((vrf) => (vrf === 'red' ? { localAddress: OURS } : {}));
  speakers.interfacesChanged(INTERFACES, VRFS);
  await speakers.start();
  fabric.clock.advance(5000);
  // The port is in no VRF from now on
  const left = INTERFACES.filter(({ name }) => name !== 'red').map(({ vrf, ...each }) =>
    each.name === 'swp-red' ? each : { ...each, vrf },
  );
  speakers.interfacesChanged(left, new Map([['blue', 11]]));
  t.is(speakers.neighbor('192.0.2.1@red')?.lastDown?.reason, 'VRF red is gone');
  t.is(speakers.neighbor('192.0.2.1@blue')?.state, 'Established');
  speakers.interfacesChanged(
    [...left.slice(1), ...inVrf('red', 12)],
    new Map([
      ['blue', 11],
      ['red', 12],
    ]),
  );
  fabric.clock.advance(5000);
  t.deepEqual(
    states().map(([, , state]) => state),
    ['Established', 'Established'],
  );
});

test('a reload brings neighbors in a VRF and takes them away', async (t) => {
  const { fabric, speakers, config, states } = await leaf();
  speakers.interfacesChanged(INTERFACES, VRFS);
  await speakers.start();
  await speakers.reconfigure(config(['blue']));
  fabric.clock.advance(5000);
  t.deepEqual(states(), [['192.0.2.1@blue', 'blue', 'Established']]);
  await speakers.reconfigure(config(['red']));
  fabric.clock.advance(5000);
  t.deepEqual(states(), [['192.0.2.1@red', 'red', 'Established']]);
  t.like(speakers.neighbor('192.0.2.1'), { address: '192.0.2.1@red' });
});

test('a reload whose new VRF cannot listen leaves the sessions of all others, and the next one brings it', async (t) => {
  const { fabric, speakers, config, states, refusals } = await leaf(undefined, ['red']);
  const spine = neighborConfig('10.0.0.2', 65001);
  const far = new Speaker(
    {
      asn: 65001,
      routerId: id('10.0.0.2'),
      listen: [{ address: '10.0.0.2', port: 179 }],
      neighbors: [neighborConfig('10.0.0.1', 65001, { passive: true })],
    },
    { clock: fabric.clock, transport: fabric.network.host('10.0.0.2'), log: fabric.log },
  );
  await far.start();
  speakers.interfacesChanged(INTERFACES, VRFS);
  await speakers.start();
  await speakers.reconfigure(config(['red'], [spine]));
  fabric.clock.advance(5000);
  const both = [
    ['10.0.0.2', undefined, 'Established'],
    ['192.0.2.1@red', 'red', 'Established'],
  ];
  t.deepEqual(states(), both);

  refusals.set('blue', 'EADDRINUSE');
  await t.throwsAsync(speakers.reconfigure(config(['red', 'blue'])), { instanceOf: ListenError });
  fabric.clock.advance(5000);
  t.deepEqual(states(), both);
  t.is(speakers.neighbor('10.0.0.2')?.lastDown, undefined);
  t.true(speakers.endOfRibReceivedFromAll());

  refusals.delete('blue');
  await speakers.reconfigure(config(['red', 'blue'], [spine]));
  fabric.clock.advance(5000);
  t.deepEqual(states(), [...both, ['192.0.2.1@blue', 'blue', 'Established']]);
});

test('an address that a VRF has not keeps no session from coming up, and is listened on once it is there', async (t) => {
  const { fabric, speakers, states, refusals, networks } = await leaf();
  const warnings = () =>
    fabric.log.lines.flatMap(({ level, facts }) =>
      'event' in facts && facts.event === 'bgp.listen' && 'device' in facts ? [[level, facts.device]] : [],
    );
  const isListening = () => networks.get('red')?.listeners.has(`${OURS} 179`);
  refusals.set('red', 'EADDRNOTAVAIL');
  speakers.interfacesChanged(INTERFACES, VRFS);
  await speakers.start();
  fabric.clock.advance(5000);
  t.deepEqual(
    states().map(([, , state]) => state),
    ['Established', 'Established'],
  );
  t.false(isListening());
  // Each change of an interface in the VRF is another attempt, and no reason to say it again
  const change = async () => {
    speakers.interfacesChanged(
      INTERFACES.map((each) => (each.name === 'swp-red' ? { ...each } : each)),
      VRFS,
    );
    await setImmediate();
  };
  await change();
  t.deepEqual(warnings(), [['warn', 'red']]);
  t.false(isListening());
  refusals.delete('red');
  await change();
  t.true(isListening());
});

test('the memory of all: whoever takes most makes room, also where a neighbor in another VRF has brought the last of it', async (t) => {
  const { fabric, speakers, states, tell } = await leaf(undefined, undefined, 1_300_000);
  speakers.interfacesChanged(INTERFACES, VRFS);
  await speakers.start();
  fabric.clock.advance(5000);
  for (let i = 0; i < 1000; i++) tell.get('red')?.(`10.1.${i >> 8}.${i & 255}/32`);
  for (let i = 0; i < 100; i++) tell.get('blue')?.(`10.2.${i >> 8}.${i & 255}/32`);
  fabric.clock.advance(1000);
  t.deepEqual(
    states().map(([, , state]) => state),
    ['Established', 'Established'],
  );
  for (let i = 100; i < 500; i++) tell.get('blue')?.(`10.2.${i >> 8}.${i & 255}/32`);
  fabric.clock.advance(1000);
  t.regex(String(speakers.neighbor('192.0.2.1@red')?.lastDown?.reason), /^out of memory for routes/);
  t.like(speakers.neighbor('192.0.2.1@blue'), { state: 'Established', flaps: 0 });
});
