import test from 'ava';
import { type NeighborConfig, Speaker, type SpeakerConfig, TcpTransport } from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { parsePrefix, Secret, silentLog, systemClock } from '../../src/types/index.js';
import { imet, macRoute, neighborConfig, originated } from '../bgp/fabric.js';
import { netstat as counter, startBgpd, until } from './bgp-peers.js';

const OURS = '127.0.0.51';
const THEIRS = '127.0.0.52';
const [OUR_PORT, THEIR_PORT] = [17951, 17952];

const CONFIG = `router bgp 65002
 bgp router-id ${THEIRS}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 bgp log-neighbor-changes
 neighbor ${OURS} remote-as 65001
 neighbor ${OURS} port ${OUR_PORT}
 neighbor ${OURS} ebgp-multihop 5
 neighbor ${OURS} update-source ${THEIRS}
 neighbor ${OURS} timers 3 9
 neighbor ${OURS} timers connect 1
 address-family l2vpn evpn
  neighbor ${OURS} activate
 exit-address-family
`;

const {
  address: _,
  passive: __,
  ...SETTINGS
} = neighborConfig(THEIRS, 'external', {
  holdTime: 9,
  enhancedRefresh: true,
});
const config = (extra: Partial<SpeakerConfig>): SpeakerConfig => ({
  asn: 65001,
  routerId: 0x7f000033,
  listen: [{ address: OURS, port: OUR_PORT }],
  neighbors: [],
  ...extra,
});
const ranged = (remoteAs: number | 'external', limit = 1) =>
  config({
    listenRanges: [{ prefix: parsePrefix('127.0.0.48/29'), limit, neighbor: { ...SETTINGS, remoteAs } }],
  });

test.serial(
  'FRR connects from a listen range, refreshes with markers, comes and goes, and is refused for its AS',
  async (t) => {
    const { daemon, vtysh } = await startBgpd(THEIRS, THEIR_PORT, CONFIG);
    const speaker = new Speaker(ranged('external'), {
      clock: systemClock,
      transport: new TcpTransport(tcpSockets),
      log: silentLog,
    });
    const status = () => speaker.neighbor(THEIRS);
    const isUp = () => status()?.state === 'Established' && status()?.endOfRibAt !== undefined;
    try {
      const attributes = originated('10.0.0.51');
      speaker.localRib.originate(macRoute(0xaabbcc000001), attributes);
      speaker.localRib.originate(imet('10.0.0.51'), {
        ...attributes,
        pmsiTunnel: { endpoint: attributes.nextHop, vni: 10010 },
      });
      await speaker.start();
      t.deepEqual(speaker.neighbors(), []);
      await until('FRR as a neighbor of the range', isUp);
      t.is(status()?.listenRange, '127.0.0.48/29');
      t.regex(await vtysh(`show bgp neighbors ${OURS}`), /Enhanced Route Refresh: advertised and received/);

      // FRR asks, we answer with BoRR, the routes and EoRR: those that it holds stay
      const refreshes = () => status()?.messagesOut.routeRefresh ?? 0;
      const before = refreshes();
      await vtysh(`clear bgp l2vpn evpn ${OURS} soft in`);
      await until('BoRR and EoRR', () => refreshes() >= before + 2);
      await until('our routes at FRR', async () => {
        const table = await vtysh('show bgp l2vpn evpn');
        return (
          table.includes('*> [2]:[0]:[48]:[aa:bb:cc:00:00:01]') &&
          table.includes('*> [3]:[0]:[32]:[10.0.0.51]')
        );
      });
      t.true(isUp());

      // Its BoRR and EoRR, when we ask
      const heard = status()?.messagesIn.routeRefresh ?? 0;
      t.is(speaker.refreshNeighbor(THEIRS, 'in'), 'done');
      await until('its markers', () => (status()?.messagesIn.routeRefresh ?? 0) >= heard + 2);
      t.true(isUp());

      await vtysh(`configure terminal\nrouter bgp 65002\nneighbor ${OURS} shutdown message to be upgraded`);
      await until('it is gone', () => speaker.neighbors().length === 0);
      await vtysh(`configure terminal\nrouter bgp 65002\nno neighbor ${OURS} shutdown`);
      await until('it is back', isUp);

      // Another AS than the range means: Bad Peer AS, and a neighbor no more
      await speaker.reconfigure(ranged(65009));
      await until('FRR is told', async () => /Bad Peer AS/.test(await vtysh(`show bgp neighbors ${OURS}`)));
      t.not(status()?.state, 'Established');

      // Configured itself, it counts as that, though the range still holds its address
      await speaker.reconfigure({
        ...ranged(65009),
        neighbors: [
          neighborConfig(THEIRS, 65002, { port: THEIR_PORT, localAddress: OURS, connectRetryTime: 1 }),
        ],
      });
      await until('the configured neighbor', isUp);
      t.is(status()?.listenRange, undefined);
    } catch (error) {
      t.log(daemon.output, status());
      throw error;
    } finally {
      await speaker.stop();
      await daemon.stop();
    }
  },
);

test.serial(
  'FRR connects from a range with a key and GTSM: with both alone, and a range that is shut down tells it why',
  async (t) => {
    const { daemon, vtysh } = await startBgpd(THEIRS, THEIR_PORT, CONFIG);
    const passwordFile = new Secret(Buffer.from('for-the-rack'), '/etc/evpnd/keys/rack');
    const range = (neighbor: Partial<NeighborConfig>) =>
      config({
        listenRanges: [
          {
            prefix: parsePrefix('127.0.0.48/29'),
            limit: 1,
            neighbor: { ...SETTINGS, remoteAs: 65002, ...neighbor },
          },
        ],
      });
    const speaker = new Speaker(range({ passwordFile, ttlSecurity: 1 }), {
      clock: systemClock,
      transport: new TcpTransport(tcpSockets),
      log: silentLog,
    });
    const status = () => speaker.neighbor(THEIRS);
    const isUp = () => status()?.state === 'Established';
    const frr = (...lines: string[]) =>
      vtysh(
        ['configure terminal', 'router bgp 65002', ...lines.map((line) => `neighbor ${OURS} ${line}`)].join(
          '\n',
        ),
      );
    try {
      await speaker.start();
      const unsigned = counter('TCPMD5NotFound');
      await until('a SYN without a signature is dropped', () => counter('TCPMD5NotFound') > unsigned);
      t.deepEqual(speaker.neighbors(), []);

      // Signed, but from too far away: FRR sends with the TTL of its ebgp-multihop
      await frr('password for-the-rack');
      await until('signed connections are reset', async () => !isUp() && speaker.neighbors().length === 0);
      await vtysh(`configure terminal\nrouter bgp 65002\nno neighbor ${OURS} ebgp-multihop`);
      await frr('ttl-security hops 1');
      await until('the session', isUp);
      t.like(status(), { isSigned: true, ttlSecurity: 1, listenRange: '127.0.0.48/29' });

      await speaker.reconfigure(range({ passwordFile, ttlSecurity: 1, shutdown: 'rack 7 is moved' }));
      await until('FRR is told', async () =>
        /Administrative Shutdown/.test(await vtysh(`show bgp neighbors ${OURS}`)),
      );
      t.deepEqual(speaker.neighbors(), []);
      await until(
        'FRR is told again when it connects',
        () => daemon.output.split('rack 7 is moved').length > 2,
      );

      // ebgp-multihop: FRR with GTSM hears only who sends with 255
      await speaker.reconfigure(range({ passwordFile, ebgpMultihop: 255 }));
      await until('the session, by our TTL', isUp);
      t.is(status()?.ttlSecurity, undefined);
    } catch (error) {
      t.log(daemon.output, status());
      throw error;
    } finally {
      await speaker.stop();
      await daemon.stop();
    }
  },
);
