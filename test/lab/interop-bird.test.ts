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
import { Secret, silentLog, systemClock } from '../../src/types/index.js';
import { IPV4_UNICAST } from '../../src/wire/index.js';
import { neighborConfig } from '../bgp/fabric.js';
import { PeerDaemon, run, until } from './bgp-peers.js';

const [OURS, THEIRS] = ['127.0.0.61', '127.0.0.62'];
const [OUR_PORT, THEIR_PORT] = [17961, 17962];

const BIRD = `router id ${THEIRS};
log stderr all;
protocol device {}
protocol static { ipv4; route 198.51.100.0/24 blackhole; route 203.0.113.0/24 blackhole; }
protocol bgp leaf {
  strict bind yes;
  local ${THEIRS} port ${THEIR_PORT} as 65002;
  neighbor ${OURS} port ${OUR_PORT} as 65001;
  multihop 5;
  password "for-bird";
  enable extended messages yes;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 1;
  ipv4 { import all; export where source = RTS_STATIC; };
}
`;

test.serial(
  'BIRD: signed session, extended messages, refresh with markers, limit, shutdown with words both ways',
  async (t) => {
    const config = (over: Partial<NeighborConfig> = {}): SpeakerConfig => ({
      asn: 65001,
      routerId: 0x7f00003d,
      listen: [{ address: OURS, port: OUR_PORT }],
      neighbors: [
        neighborConfig(THEIRS, 65002, {
          port: THEIR_PORT,
          localAddress: OURS,
          holdTime: 9,
          connectRetryTime: 1,
          enhancedRefresh: true,
          families: [IPV4_UNICAST],
          passwordFile: new Secret(Buffer.from('for-bird'), '/etc/evpnd/keys/bird'),
          ...over,
        }),
      ],
    });
    const daemon = await PeerDaemon.start(
      'bird',
      (file) => ['-f', '-c', file, '-s', 'socket', '-P', 'pid'],
      'bird.conf',
      BIRD,
    );
    const birdc = async (...words: string[]) =>
      (await run('birdc', ['-s', `${daemon.folder}/socket`, ...words])).stdout;
    const rib = new FamilyRib(systemClock, config(), plainRoutes(IPV4_UNICAST));
    const speaker = new Speaker(config(), {
      clock: systemClock,
      transport: new TcpTransport(tcpSockets),
      log: silentLog,
      otherRibs: [ribsOf(rib, new FamilyLocalRib(IPV4_UNICAST, new KeyedTable(IPV4_UNICAST)))],
    });
    const status = () => speaker.neighbor(THEIRS);
    const isUp = () => status()?.state === 'Established' && status()?.families[0].received === 2;
    try {
      await speaker.start();
      await until('the session and its routes', isUp);
      t.like(status(), { isSigned: true, remoteAs: 65002, internal: false });
      t.true(status()?.negotiated?.extendedMessage);
      t.regex(await birdc('show', 'protocols', 'all', 'leaf'), /Enhanced refresh/);

      // BoRR and EoRR when we ask; the routes that come again stay
      const heard = status()?.messagesIn.routeRefresh ?? 0;
      t.is(speaker.refreshNeighbor(THEIRS, 'in'), 'done');
      await until('its markers', () => (status()?.messagesIn.routeRefresh ?? 0) >= heard + 2);
      t.true(isUp());
      const told = status()?.messagesOut.routeRefresh ?? 0;
      await birdc('reload', 'in', 'leaf');
      await until('ours, when it asks', () => (status()?.messagesOut.routeRefresh ?? 0) >= told + 2);

      await birdc('disable', 'leaf', '"cable swap"');
      await until('its words', () =>
        /Administrative Shutdown.*cable swap/.test(status()?.lastNotificationReceived?.text ?? ''),
      );
      await birdc('enable', 'leaf');
      await until('it is back', isUp);
      speaker.shutDownNeighbor(THEIRS, 'new optics');
      await until('our words in its log', () => /Administrative shutdown.*new optics/i.test(daemon.output));
      speaker.enableNeighbor(THEIRS);
      await until('it is back again', isUp);

      await speaker.reconfigure(config({ maxFamilyRoutes: new Map([[IPV4_UNICAST, 1]]), onLimit: 'stop' }));
      await until('the limit in its log', () => /Maximum number of prefixes reached/i.test(daemon.output));
      await speaker.reconfigure(config());
      await until('it is back with another limit', isUp);

      await speaker.reconfigure(
        config({ passwordFile: new Secret(Buffer.from('other'), '/etc/evpnd/keys/bird') }),
      );
      await until('the session is lost', () => status()?.state !== 'Established');
      await speaker.reconfigure(config());
      await until('it is back with the key', isUp);
    } catch (error) {
      t.log(daemon.output, status());
      throw error;
    } finally {
      await speaker.stop();
      await daemon.stop();
    }
  },
);
