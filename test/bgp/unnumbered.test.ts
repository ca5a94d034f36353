import test from 'ava';
import type { BfdListener, BfdSettings, BfdStatus, BfdTarget } from '../../src/bfd/index.js';
import { type LocalInterface, type NeighborConfig, sourceAddress } from '../../src/bgp/index.js';
import { Listeners } from '../../src/bgp/listeners.js';
import type { LinkListener, LinkPeerStatus } from '../../src/nd/index.js';
import { parseIp, Secret } from '../../src/types/index.js';
import { UpdateEncoder } from '../../src/wire/index.js';
import {
  EVPN_CAPABILITIES,
  Fabric,
  id,
  macRoute,
  neighborConfig,
  openOf,
  originated,
  type RawPeer,
} from './fabric.js';

const OURS = 'fe80::a%swp1';
const SPINE = 'fe80::1%swp1';
const OTHER = 'fe80::2%swp1';

/** Links as a session sees them: which it watches, and what it is told of them. */
class ScriptedLinks {
  readonly watched = new Map<string, LinkListener>();
  farewells = 0;

  watch(name: string, listener: LinkListener) {
    this.watched.set(name, listener);
    return {
      status: { interface: name, fault: undefined } as LinkPeerStatus,
      stop: () => {
        this.watched.delete(name);
        this.farewells++;
      },
    };
  }

  tell(address: string | undefined, reason = 'interface swp1 is another one now'): void {
    this.watched.get('swp1')?.onPeer(address, reason);
  }
}

const GRACEFUL = [
  ...EVPN_CAPABILITIES(65002),
  {
    code: 64,
    restartState: false,
    notification: false,
    restartTime: 30,
    families: [{ afi: 25, safi: 70, forwardingPreserved: false }],
  } as const,
];

async function scene(extra: Partial<NeighborConfig> = {}) {
  const fabric = new Fabric();
  const links = new ScriptedLinks();
  fabric.linkPeers = links;
  const config = (more: Partial<NeighborConfig> = {}) => ({
    asn: 65001,
    routerId: id('10.0.0.1'),
    listen: [{ address: OURS, port: 179 }],
    neighbors: [neighborConfig('swp1', 'external', { interface: 'swp1', ...extra, ...more })],
  });
  const speaker = fabric.speaker(OURS, config());
  await speaker.start();
  fabric.clock.advance(10_000);
  const spine = await fabric.peer(SPINE).listen();
  const status = () => speaker.neighbor('swp1');
  const establish = (peer: RawPeer = spine) =>
    peer.establish(openOf(65002, '10.0.0.2', { holdTime: 0, capabilities: GRACEFUL }));
  const find = (address: string | undefined, reason?: string) => {
    links.tell(address, reason);
    fabric.clock.runUntilIdle();
  };
  return { fabric, links, speaker, spine, status, establish, find, config };
}

test('nothing is connected to before the neighbor is found, and then at once', async (t) => {
  const { status, spine, establish, find } = await scene();
  t.is(status()?.state, 'Idle');
  t.is(status()?.peerAddress, undefined);
  t.is(spine.connection, undefined);
  find(SPINE);
  establish();
  t.is(status()?.state, 'Established');
  t.is(status()?.peerAddress, SPINE);
  t.is(status()?.interface, 'swp1');
  t.is(status()?.linkPeer?.interface, 'swp1');
  t.is(status()?.remoteEndpoint?.address, SPINE);
});

test('its routes are known by the interface, and by its address where one is needed', async (t) => {
  const { speaker, spine, establish, find } = await scene();
  find(SPINE);
  establish();
  const encoder = new UpdateEncoder({
    fourOctetAs: true,
    internal: false,
    localAsn: 65002,
    maxMessageLength: 4096,
  });
  spine.send(...encoder.announce(originated('10.0.0.2'), [macRoute(1)]));
  const [{ paths }] = [...speaker.rib.destinations()];
  t.is(paths[0].source.neighbor, 'swp1');
  t.is(sourceAddress(paths[0].source), SPINE);
  t.is(speaker.rib.counts('swp1').held, 1);
});

test('the neighbor is named by its interface and by its address, in any spelling', async (t) => {
  const { speaker, find } = await scene();
  t.is(speaker.neighbor(SPINE), undefined);
  find(SPINE);
  for (const name of ['swp1', SPINE, 'FE80:0::1%swp1']) t.is(speaker.neighbor(name)?.address, 'swp1');
  for (const name of ['swp2', 'fe80::1', 'fe80::1%swp2', OTHER]) t.is(speaker.neighbor(name), undefined);
});

test('who is found may connect, and nobody else on the link', async (t) => {
  const { fabric, status, establish, find, speaker } = await scene({ passive: true });
  // Who may be the neighbor is no stranger, and is let in when it comes again
  const early = fabric.peer(SPINE).connect(OURS);
  t.true(early.closed);
  t.is(early.lastNotification, undefined);
  t.is(speaker.rejectedConnections, 0);
  find(SPINE);
  const stranger = fabric.peer(OTHER).connect(OURS);
  t.is(stranger.lastNotification, '6/5');
  t.is(speaker.rejectedConnections, 1);
  establish(fabric.peer(SPINE).connect(OURS));
  t.is(status()?.state, 'Established');
});

test('a link that is lost ends the session at once, and nothing is tried until the neighbor is found again', async (t) => {
  const { fabric, status, spine, establish, find, speaker } = await scene();
  find(SPINE);
  establish();
  const encoder = new UpdateEncoder({
    fourOctetAs: true,
    internal: false,
    localAsn: 65002,
    maxMessageLength: 4096,
  });
  spine.send(...encoder.announce(originated('10.0.0.2'), [macRoute(1)]));
  find(undefined);
  t.is(status()?.state, 'Idle');
  t.is(status()?.peerAddress, undefined);
  t.is(status()?.lastDown?.reason, 'interface swp1 is another one now');
  t.is(status()?.flaps, 1);
  t.is(speaker.rib.counts('swp1').held, 1, 'kept while the neighbor restarts gracefully');
  spine.connection = undefined;
  fabric.clock.advance(20_000);
  t.is(spine.connection, undefined);
  find(SPINE);
  establish();
  t.is(status()?.state, 'Established');
  t.deepEqual(fabric.errors, []);
});

test('a neighbor that is lost while it is connected to is not tried any more', async (t) => {
  const { fabric, status, find } = await scene();
  fabric.network.silent.add(SPINE);
  find(SPINE);
  t.is(status()?.state, 'Connect');
  find(undefined);
  t.is(status()?.state, 'Idle');
  fabric.clock.advance(100_000);
  t.is(status()?.state, 'Idle');
  t.deepEqual(fabric.errors, []);
});

test('another router that takes its place is connected to instead; while the session stands none does', async (t) => {
  const { fabric, links, status, establish, find } = await scene();
  find(SPINE);
  t.false(links.watched.get('swp1')?.isInUse());
  const other = await fabric.peer(OTHER).listen();
  find(OTHER, 'fe80::1 has not advertised itself for its lifetime');
  establish(other);
  t.is(status()?.state, 'Established');
  t.is(status()?.peerAddress, OTHER);
  t.true(links.watched.get('swp1')?.isInUse());
});

test('an interface that goes down ends the session with its name for a reason', async (t) => {
  const { fabric, speaker, status, establish, find } = await scene();
  const swp1 = (running: boolean): LocalInterface => ({
    name: 'swp1',
    running,
    addresses: [{ ip: parseIp('fe80::a'), prefixLength: 64, peer: undefined, state: 'usable' }],
  });
  speaker.interfacesChanged([swp1(true)]);
  find(SPINE);
  establish();
  speaker.interfacesChanged([swp1(false)]);
  t.is(status()?.lastDown?.reason, 'interface swp1 is down');
  find(undefined, 'interface swp1 is down');
  speaker.interfacesChanged([swp1(true)]);
  t.is(status()?.state, 'Idle');
  find(SPINE);
  establish();
  t.is(status()?.state, 'Established');
  t.deepEqual(fabric.errors, []);
});

test('a neighbor that is removed, added or shut down is looked for no longer, or again, and others do not notice', async (t) => {
  const { fabric, speaker, links, status, establish, find, config, spine } = await scene();
  find(SPINE);
  establish();
  const [first] = config().neighbors;
  const second = neighborConfig('swp2', 'external', { interface: 'swp2' });
  await speaker.reconfigure({ ...config(), neighbors: [first, second] });
  t.deepEqual([...links.watched.keys()], ['swp1', 'swp2']);
  t.is(status()?.state, 'Established');
  await speaker.reconfigure({ ...config(), neighbors: [first] });
  t.deepEqual([...links.watched.keys()], ['swp1']);
  t.is(status()?.flaps, 0);
  t.is(speaker.shutDownNeighbor('swp1', 'maintenance'), 'done');
  t.deepEqual([...links.watched.keys()], []);
  t.is(links.farewells, 2);
  fabric.clock.runUntilIdle();
  t.regex(spine.lastNotification ?? '', /^6\/2/);
  t.is(speaker.enableNeighbor('swp1'), 'done');
  t.deepEqual([...links.watched.keys()], ['swp1']);
  find(SPINE);
  establish();
  t.is(status()?.state, 'Established');
  const stopped = speaker.stop();
  fabric.clock.advance(5000);
  await stopped;
  t.deepEqual([...links.watched.keys()], []);
});

test('a reload that keeps the neighbor keeps its session, and one that needs a new session has it with the same router', async (t) => {
  const { fabric, speaker, status, establish, find, config } = await scene();
  find(SPINE);
  establish();
  await speaker.reconfigure(config({ connectRetryTime: 9 }));
  t.is(status()?.flaps, 0);
  await speaker.reconfigure(config({ holdTime: 30 }));
  t.is(status()?.flaps, 1);
  fabric.clock.runUntilIdle();
  establish();
  t.is(status()?.state, 'Established');
  t.is(status()?.peerAddress, SPINE);
});

test('BFD probes the address for as long as it is known', async (t) => {
  const asked: string[] = [];
  const fabric = new Fabric();
  const links = new ScriptedLinks();
  fabric.linkPeers = links;
  fabric.bfd = {
    watch: ({ address }: BfdTarget, _settings: BfdSettings, _listener: BfdListener) => {
      asked.push(address);
      return { status: {} as BfdStatus, configure: () => {}, stop: () => asked.push('stop') };
    },
  };
  const speaker = fabric.speaker(OURS, {
    asn: 65001,
    neighbors: [
      neighborConfig('swp1', 'external', {
        interface: 'swp1',
        bfd: { interval: 300, multiplier: 3, multihop: false },
      }),
    ],
  });
  await speaker.start();
  t.deepEqual(asked, []);
  links.tell(SPINE);
  links.tell(OTHER);
  links.tell(undefined);
  links.tell(SPINE);
  t.deepEqual(asked, [SPINE, 'stop', OTHER, 'stop', SPINE]);
});

test('what a listener demands of the neighbor follows it to its address', async (t) => {
  const fabric = new Fabric();
  const demanded: string[][] = [];
  const neighbor = neighborConfig('swp1', 'external', {
    interface: 'swp1',
    ttlSecurity: 1,
    passwordFile: new Secret(Buffer.from('key'), '/key'),
  });
  let address: string | undefined;
  const listeners = new Listeners(
    {
      connect: () => t.fail() as never,
      listen: async (endpoint, _accept, door) => {
        demanded.push([...(door?.peers.keys() ?? [])]);
        return {
          ...endpoint,
          secure: (peers) => {
            demanded.push([...peers.keys()]);
          },
          hears: () => true,
          close: async () => {},
        };
      },
    },
    fabric.log,
    undefined as never,
    {
      callerAt: () => 'neighbor',
      tooFar() {},
      mayBecomeNeighbor: () => false,
      addressOf: () => address,
      accept: () => t.fail() as never,
    },
  );
  const config = { asn: 65001, routerId: 1, listen: [{ address: '::', port: 179 }], neighbors: [neighbor] };
  await listeners.listen(config);
  for (address of [SPINE, OTHER, undefined]) listeners.neighborsMoved(config);
  t.deepEqual(demanded, [[], [SPINE], [OTHER], []]);
});
