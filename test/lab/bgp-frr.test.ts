import test from 'ava';
import { Speaker, TcpTransport } from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { silentLog, systemClock } from '../../src/types/index.js';
import { imet, macRoute, neighborConfig, originated } from '../bgp/fabric.js';
import { startBgpd, until } from './bgp-peers.js';

const OURS = '127.0.0.41';
const THEIRS = '127.0.0.42';
const [OUR_PORT, THEIR_PORT] = [17941, 17942];

const CONFIG = `router bgp 65002
 bgp router-id ${THEIRS}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor ${OURS} remote-as 65001
 neighbor ${OURS} port ${OUR_PORT}
 neighbor ${OURS} ebgp-multihop 5
 neighbor ${OURS} update-source ${THEIRS}
 neighbor ${OURS} timers 3 9
 neighbor ${OURS} timers connect 2
 address-family l2vpn evpn
  neighbor ${OURS} activate
 exit-address-family
`;

test.serial(
  'FRR: both sides connect, routes are valid and best there, refresh, reset, shutdown',
  async (t) => {
    const { daemon, vtysh } = await startBgpd(THEIRS, THEIR_PORT, CONFIG);
    const speaker = new Speaker(
      {
        asn: 65001,
        routerId: 0x7f000029,
        listen: [{ address: OURS, port: OUR_PORT }],
        neighbors: [
          neighborConfig(THEIRS, 65002, { port: THEIR_PORT, localAddress: OURS, connectRetryTime: 1 }),
        ],
      },
      { clock: systemClock, transport: new TcpTransport(tcpSockets), log: silentLog },
    );
    const status = () => speaker.neighbor(THEIRS);
    try {
      const attributes = originated('10.0.0.41');
      speaker.localRib.originate(macRoute(0xaabbcc000001), attributes);
      speaker.localRib.originate(imet('10.0.0.41'), {
        ...attributes,
        pmsiTunnel: { endpoint: attributes.nextHop, vni: 10010 },
      });
      await speaker.start();
      await until('End-of-RIB', () => speaker.endOfRibReceivedFromAll());
      t.true(status()?.negotiated?.extendedMessage);
      await until('our routes at FRR', async () => {
        const table = await vtysh('show bgp l2vpn evpn');
        return (
          table.includes('*> [2]:[0]:[48]:[aa:bb:cc:00:00:01]') &&
          table.includes('*> [3]:[0]:[32]:[10.0.0.41]')
        );
      });
      await vtysh(`clear bgp l2vpn evpn ${OURS} soft in`);
      await until('their request', () => status()?.messagesIn.routeRefresh === 1);

      await vtysh(`clear bgp l2vpn evpn ${OURS}`);
      await until('their reset', () => status()?.flaps === 1);
      t.regex(status()?.lastNotificationReceived?.text ?? '', /Administrative Reset/);
      await until('the session again', () => status()?.state === 'Established');

      t.is(speaker.resetNeighbor(THEIRS), 'done');
      await until('our reset', () => status()?.flaps === 2);
      await until('the session once more', () => status()?.state === 'Established');
      await speaker.stop('maintenance');
      t.regex(await vtysh(`show bgp neighbor ${OURS}`), /Cease\/Administrative Shutdown/);
    } catch (error) {
      t.log(daemon.output);
      throw error;
    } finally {
      await speaker.stop();
      await daemon.stop();
    }
  },
);
