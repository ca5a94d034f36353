import test from 'ava';
import {
  FamilyLocalRib,
  FamilyRib,
  KeyedTable,
  plainRoutes,
  ribsOf,
  Speaker,
  TcpTransport,
} from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { parseIp, silentLog, systemClock } from '../../src/types/index.js';
import { EVPN, IPV4_UNICAST, type Prefix } from '../../src/wire/index.js';
import { neighborConfig } from '../bgp/fabric.js';
import { run, startBgpd, until } from './bgp-peers.js';

const OURS = '127.0.0.45';
const THEIRS = '127.0.0.46';
/** FRR takes no next hop of 127.0.0.0/8. */
const NEXT_HOP = '192.0.2.45';
const [OUR_PORT, THEIR_PORT] = [17945, 17946];
const COUNT = 1_000;

/** Prefix `n` of a second octet, with a length of its own. */
const prefix = (second: number, n: number): Prefix => ({
  type: 0,
  prefix: parseIp(`10.${second + (n >> 8)}.${n & 255}.0`),
  prefixLength: 24 + (n % 9 === 0 ? 1 : 0),
});
const text = (second: number) => (_: unknown, n: number) => IPV4_UNICAST.format(prefix(second, n));

const CONFIG = `router bgp 65002
 bgp router-id ${THEIRS}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor ${OURS} remote-as 65001
 neighbor ${OURS} port ${OUR_PORT}
 neighbor ${OURS} ebgp-multihop 5
 neighbor ${OURS} update-source ${THEIRS}
 neighbor ${OURS} timers 3 9
 neighbor ${OURS} timers connect 2
 address-family ipv4 unicast
${Array.from({ length: COUNT }, text(100))
  .map((network) => `  network ${network}`)
  .join('\n')}
  neighbor ${OURS} activate
 exit-address-family
 EVPN
`;
const WITH_EVPN = ` address-family l2vpn evpn
  neighbor ${OURS} activate
 exit-address-family`;

for (const withEvpn of [true, false])
  test.serial(
    `FRR tells and is told 1,000 IPv4 prefixes, ${withEvpn ? 'beside' : 'without'} L2VPN/EVPN`,
    async (t) => {
      const { daemon, vtysh } = await startBgpd(
        THEIRS,
        THEIR_PORT,
        CONFIG.replace(' EVPN', withEvpn ? WITH_EVPN : ''),
      );
      const config = {
        asn: 65001,
        routerId: 0x7f00002d,
        listen: [{ address: OURS, port: OUR_PORT }],
        neighbors: [
          neighborConfig(THEIRS, 65002, {
            port: THEIR_PORT,
            localAddress: OURS,
            connectRetryTime: 1,
            families: [EVPN, IPV4_UNICAST],
          }),
        ],
      };
      const rib = new FamilyRib(systemClock, config, plainRoutes(IPV4_UNICAST));
      const localRib = new FamilyLocalRib(IPV4_UNICAST, new KeyedTable(IPV4_UNICAST));
      const speaker = new Speaker(config, {
        clock: systemClock,
        transport: new TcpTransport(tcpSockets),
        log: silentLog,
        otherRibs: [ribsOf(rib, localRib)],
      });
      /** Prefixes of ours that FRR takes for valid and best. */
      const taken = async () => {
        const { routes } = JSON.parse(await vtysh('show bgp ipv4 unicast json')) as {
          routes: Record<
            string,
            { valid?: boolean; bestpath?: boolean; peerId: string; nexthops: { ip: string }[] }[]
          >;
        };
        return Object.entries(routes)
          .filter(
            ([, [{ valid, bestpath, peerId, nexthops }]]) =>
              valid && bestpath && peerId === OURS && nexthops[0].ip === NEXT_HOP,
          )
          .map(([network]) => network)
          .sort();
      };
      try {
        const attributes = { nextHop: parseIp(NEXT_HOP), extendedCommunities: [], pmsiTunnel: undefined };
        for (let n = 0; n < COUNT; n++) localRib.originate(prefix(50, n), attributes);
        await speaker.start();
        await until('End-of-RIB of every family', () => speaker.endOfRibReceivedFromAll());
        const heard = [...rib.destinations()].filter(
          ({ best }) => best?.attributes.nextHop === parseIp(THEIRS),
        );
        t.deepEqual(
          heard.map(({ nlri }) => IPV4_UNICAST.format(nlri)).sort(),
          Array.from({ length: COUNT }, text(100)).sort(),
        );
        await until('our prefixes at FRR', async () => (await taken()).length === COUNT);
        t.deepEqual(await taken(), Array.from({ length: COUNT }, text(50)).sort());

        for (let n = 0; n < COUNT / 2; n++) localRib.withdraw(prefix(50, n));
        await until('our withdrawals at FRR', async () => (await taken()).length === COUNT / 2);
        await vtysh(`clear bgp ipv4 unicast ${OURS} soft in`);
        await until('their request', () => speaker.neighbor(THEIRS)?.messagesIn.routeRefresh === 1);
        await run('vtysh', [
          '--vty_socket',
          daemon.folder,
          ...[
            'conf t',
            'router bgp 65002',
            'address-family ipv4 unicast',
            `no network ${text(100)(0, 3)}`,
          ].flatMap((command) => ['-c', command]),
        ]);
        await until('their withdrawal', () => rib.destination(prefix(100, 3)) === undefined);
        t.is([...rib.destinations()].length, COUNT - 1);
        t.is(speaker.neighbor(THEIRS)?.flaps, 0);
      } catch (error) {
        t.log(daemon.output);
        throw error;
      } finally {
        await speaker.stop();
        await daemon.stop();
      }
    },
  );
