import { connect } from 'node:net';
import test from 'ava';
import {
  FamilyLocalRib,
  FamilyRib,
  KeyedTable,
  type NeighborConfig,
  plainRoutes,
  ribsOf,
  Speaker,
  type SpeakerConfig,
  TcpTransport,
} from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { parseIp, silentLog, systemClock } from '../../src/types/index.js';
import {
  type AnyFamily,
  type Capability,
  decodeOpen,
  EVPN,
  encodeOpen,
  IPV4_UNICAST,
  MessageReader,
  MessageType,
} from '../../src/wire/index.js';
import { macRoute, neighborConfig, originated } from '../bgp/fabric.js';
import { netstat as counter, startBgpd, until } from './bgp-peers.js';

const OURS = '127.0.0.53';
const THEIRS = '127.0.0.54';
const [OUR_PORT, THEIR_PORT] = [17953, 17954];

const frr = (remoteAs: number) => `router bgp 65002
 bgp router-id ${THEIRS}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 bgp log-neighbor-changes
 neighbor ${OURS} remote-as ${remoteAs}
 neighbor ${OURS} port ${OUR_PORT}
 neighbor ${OURS} passive
 neighbor ${OURS} ebgp-multihop 5
 neighbor ${OURS} update-source ${THEIRS}
 neighbor ${OURS} timers 3 9
 neighbor ${OURS} timers connect 1
 address-family l2vpn evpn
  neighbor ${OURS} activate
 exit-address-family
`;

const config = (over: Partial<NeighborConfig>): SpeakerConfig => ({
  asn: 65001,
  routerId: 0x7f000035,
  listen: [{ address: OURS, port: OUR_PORT }],
  neighbors: [
    neighborConfig(THEIRS, 65002, {
      port: THEIR_PORT,
      localAddress: OURS,
      connectRetryTime: 1,
      holdTime: 9,
      ...over,
    }),
  ],
});

/** A speaker and FRR beside it, both stopped when `run` has ended. */
async function withFrr(
  t: import('ava').ExecutionContext,
  remoteAs: number,
  first: Partial<NeighborConfig>,
  run: (peers: {
    speaker: Speaker;
    vtysh: (command: string) => Promise<string>;
    isUp: () => boolean;
    /** What FRR says of us. */
    theirs: () => Promise<string>;
    log: () => string;
  }) => Promise<void>,
) {
  const { daemon, vtysh } = await startBgpd(THEIRS, THEIR_PORT, frr(remoteAs));
  const rib = new FamilyRib(systemClock, config(first), plainRoutes(IPV4_UNICAST));
  const speaker = new Speaker(config(first), {
    clock: systemClock,
    transport: new TcpTransport(tcpSockets),
    log: silentLog,
    otherRibs: [ribsOf(rib, new FamilyLocalRib(IPV4_UNICAST, new KeyedTable(IPV4_UNICAST)))],
  });
  const status = () => speaker.neighbor(THEIRS);
  const isUp = () => status()?.state === 'Established' && status()?.endOfRibAt !== undefined;
  try {
    speaker.localRib.originate(macRoute(0xaabbcc000001), originated('10.0.0.53'));
    await speaker.start();
    await run({
      speaker,
      vtysh,
      isUp,
      theirs: () => vtysh(`show bgp neighbors ${OURS}`),
      log: () => daemon.output,
    });
  } catch (error) {
    t.log(daemon.output, status());
    throw error;
  } finally {
    await speaker.stop();
    await daemon.stop();
  }
}

test.serial('local-as: FRR knows us by that AS, in OPEN and in our paths', async (t) => {
  await withFrr(t, 65099, { localAs: 65099 }, async ({ speaker, isUp, theirs, vtysh }) => {
    await until('a session', isUp);
    t.regex(await theirs(), /remote AS 65099/);
    await until('our route', async () => (await vtysh('show bgp l2vpn evpn')).includes('aa:bb:cc:00:00:01'));
    const paths = await vtysh('show bgp l2vpn evpn json');
    t.regex(paths, /"path":"65099"/);
    t.false(paths.includes('65001'));
    t.is(speaker.neighbor(THEIRS)?.localAs, 65099);
    await speaker.reconfigure(config({}));
    await until('a refusal', () =>
      /Bad Peer AS/.test(speaker.neighbor(THEIRS)?.lastNotificationReceived?.text ?? ''),
    );
    t.not(speaker.neighbor(THEIRS)?.state, 'Established');
    await speaker.reconfigure(config({ localAs: 65099 }));
    await until('a session again', isUp);
  });
});

test.serial(
  'ebgp-multihop: FRR, which takes packets from a link away alone, takes those with TTL 255',
  async (t) => {
    await withFrr(t, 65001, { ebgpMultihop: 254 }, async ({ speaker, isUp, vtysh }) => {
      await until('a session', isUp);
      await vtysh(
        `configure terminal\nrouter bgp 65002\nno neighbor ${OURS} ebgp-multihop\nneighbor ${OURS} disable-connected-check\nneighbor ${OURS} ttl-security hops 1`,
      );
      const before = counter('TCPMinTTLDrop');
      await speaker.reconfigure(config({ ebgpMultihop: 253 }));
      await until('a drop', () => counter('TCPMinTTLDrop') > before);
      t.false(isUp());
      await speaker.reconfigure(config({ ebgpMultihop: 255 }));
      await until('a session', isUp);
    });
  },
);

test.serial(
  'on-limit: stop, with a limit of one family: FRR is told which, and stays away until it is another',
  async (t) => {
    const families = { families: [EVPN, IPV4_UNICAST] };
    const limited = (limit: number) => ({
      ...families,
      maxFamilyRoutes: new Map([[IPV4_UNICAST as AnyFamily, limit]]),
      onLimit: 'stop' as const,
    });
    await withFrr(t, 65001, limited(3), async ({ speaker, vtysh, isUp, log }) => {
      await until('a session', isUp);
      const networks = [1, 2, 3, 4].map((n) => `network 192.0.2.${n}/32`).join('\n');
      await vtysh(
        `configure terminal\nrouter bgp 65002\nno bgp network import-check\naddress-family ipv4 unicast\n${networks}\nneighbor ${OURS} activate`,
      );
      await until('the end', () => speaker.neighbor(THEIRS)?.shutdown?.by === 'limit');
      const { shutdown, lastNotificationSent } = speaker.neighbor(THEIRS)!;
      t.is(shutdown?.message, 'too many routes: 4 routes of IPv4/unicast, max-family-routes is 3');
      t.deepEqual([...lastNotificationSent!.data], [0, 1, 1, 0, 0, 0, 3]);
      await until('its words', () => /6\/1 .*Maximum Number of Prefixes Reached/.test(log()));
      t.is(speaker.resetNeighbor(THEIRS), 'done');
      await until('the end again', () => speaker.neighbor(THEIRS)?.shutdown?.by === 'limit');
      await speaker.reconfigure(config(limited(4)));
      await until('a session', isUp);
      t.like(speaker.neighbor(THEIRS)?.limitUse, { used: 4, limit: 4, level: 'near' });
    });
  },
);

test.serial('allowas-in: a path of FRR with our AS in it loops, until the setting takes it', async (t) => {
  const families = { families: [EVPN, IPV4_UNICAST] };
  await withFrr(t, 65001, families, async ({ speaker, vtysh, isUp }) => {
    await until('a session', isUp);
    await vtysh(
      [
        'configure terminal',
        'route-map looped permit 1',
        'set as-path prepend 65001',
        'router bgp 65002',
        'no bgp network import-check',
        'address-family ipv4 unicast',
        'network 192.0.2.1/32',
        `neighbor ${OURS} activate`,
        `neighbor ${OURS} route-map looped out`,
      ].join('\n'),
    );
    const unicast = () => speaker.neighbor(THEIRS)?.families[1];
    await until('a loop', () => unicast()?.refused['as-path-loop'] === 1);
    t.is(unicast()?.received, 0);
    const flaps = speaker.neighbor(THEIRS)?.flaps;
    await speaker.reconfigure(config({ ...families, allowasIn: 1 }));
    await until('the route', () => unicast()?.received === 1);
    t.is(speaker.neighbor(THEIRS)?.flaps, flaps);
  });
});

/** Says an OPEN to FRR from our address, and gives what its OPEN and the type of its next message are. */
async function greet(capabilities: Capability[]): Promise<{ open: Buffer; next: MessageType }> {
  const reader = new MessageReader();
  const heard: { type: MessageType; body: Buffer }[] = [];
  const socket = connect({ host: THEIRS, port: THEIR_PORT, localAddress: OURS }, () =>
    socket.write(encodeOpen({ version: 4, myAs: 65001, holdTime: 9, routerId: 0x7f000035, capabilities })),
  );
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('data', (chunk) => {
    reader.push(chunk);
    for (let message = reader.next(); message; message = reader.next())
      heard.push({ type: message.type, body: Buffer.from(message.body) });
  });
  try {
    await until("FRR's answer", () => failure !== undefined || heard.length > 1);
    if (failure) throw failure;
  } finally {
    socket.destroy();
  }
  return { open: heard[0].body, next: heard[1].type };
}

test.serial(
  'extended optional parameters (RFC 9072): FRR reads an OPEN of ours that needs them, and we one of FRR in that form',
  async (t) => {
    await withFrr(t, 65001, { shutdown: 'for a test' }, async ({ vtysh, log }) => {
      await until('FRR listens', () => / starting: /.test(log()));
      // What FRR does not know it passes over: 20 capabilities of 20 octets are more than fit the short form
      const unknown = Array.from(
        { length: 20 },
        (): Capability => ({ code: 'unknown', rawCode: 239, value: Buffer.alloc(18) }),
      );
      const capabilities: Capability[] = [
        { code: 1, afi: 25, safi: 70 },
        { code: 65, asn: 65001 },
        ...unknown,
      ];
      const short = await greet(capabilities);
      t.is(short.next, MessageType.KEEPALIVE);
      t.not(short.open[9], 255);
      // With it FRR 8.4 wants the same of its neighbor, and takes no OPEN in the short form any more
      await vtysh(`configure terminal\nrouter bgp 65002\nneighbor ${OURS} extended-optional-parameters`);
      const { open, next } = await greet(capabilities);
      t.is(next, MessageType.KEEPALIVE);
      // Version, AS, hold time and identifier, then both octets that say that a longer length follows
      t.deepEqual([...open.subarray(9, 11)], [255, 255]);
      t.deepEqual(decodeOpen(open).capabilities, decodeOpen(short.open).capabilities);
      t.true(decodeOpen(open).capabilities.some((each) => each.code === 65 && each.asn === 65002));
    });
  },
);

test.serial('update-source: the session is from the address that the interface has', async (t) => {
  const lo = (...texts: string[]) => ({
    name: 'lo',
    running: true,
    addresses: texts.map((text) => ({
      ip: parseIp(text),
      prefixLength: 8,
      peer: undefined,
      state: 'usable' as const,
    })),
  });
  const sourced = { updateSource: 'lo', localAddress: undefined } as Partial<NeighborConfig>;
  await withFrr(t, 65001, sourced, async ({ speaker, isUp, theirs }) => {
    await until('a failure', () =>
      /there is no interface lo/.test(speaker.neighbor(THEIRS)?.lastFailure?.reason ?? ''),
    );
    speaker.interfacesChanged([lo(OURS, '127.0.0.55')]);
    await until('a session', isUp);
    t.is(speaker.neighbor(THEIRS)?.localEndpoint?.address, OURS);
    t.regex(await theirs(), new RegExp(`Foreign host: ${OURS}`));
    // From another address we are no neighbor of FRR's
    speaker.interfacesChanged([lo('127.0.0.55')]);
    await until('the end', () => !isUp());
    speaker.interfacesChanged([lo(OURS)]);
    await until('a session again', isUp);
  });
});
