import test from 'ava';
import { Speaker, TcpTransport } from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { silentLog, systemClock } from '../../src/types/index.js';
import { macRoute, neighborConfig, originated } from '../bgp/fabric.js';
import { PeerDaemon, until } from './bgp-peers.js';

const OURS = '127.0.0.31';
const THEIRS = '127.0.0.32';

test.serial(
  'ExaBGP: it connects to us, the session holds over keepalives, and it takes our routes',
  async (t) => {
    const speaker = new Speaker(
      {
        asn: 65001,
        routerId: 0x7f00001f,
        listen: [{ address: OURS, port: 0 }],
        neighbors: [neighborConfig(THEIRS, 65002, { passive: true, holdTime: 3, keepaliveTime: 1 })],
      },
      { clock: systemClock, transport: new TcpTransport(tcpSockets), log: silentLog },
    );
    await speaker.start();
    const [{ port }] = speaker.listening;
    const daemon = await PeerDaemon.start(
      'exabgp',
      (file) => [file],
      'exabgp.conf',
      `neighbor ${OURS} {
      router-id ${THEIRS};
      local-address ${THEIRS};
      local-as 65002;
      peer-as 65001;
      hold-time 3;
      connect ${port};
      capability { route-refresh; graceful-restart 60; }
      family { l2vpn evpn; }
    }
    `,
      {
        'exabgp.api.cli': 'false',
        'exabgp.daemon.user': 'root',
        'exabgp.daemon.drop': 'false',
        'exabgp.log.destination': 'stdout',
        'exabgp.log.packets': 'true',
        'exabgp.log.level': 'DEBUG',
        'exabgp.log.routes': 'true',
      },
    );
    try {
      speaker.localRib.originate(macRoute(0xaabbcc000001), originated(OURS));
      await until('the session', () => speaker.neighbor(THEIRS)?.state === 'Established');
      await until('End-of-RIB', () => speaker.endOfRibReceivedFromAll());
      t.is(speaker.neighbor(THEIRS)?.negotiated?.gracefulRestart?.restartTime, 60);
      await until('several hold times', () => (speaker.neighbor(THEIRS)?.messagesIn.keepalive ?? 0) >= 5);
      t.is(speaker.neighbor(THEIRS)?.flaps, 0);
      t.is(speaker.neighbor(THEIRS)?.lastError, undefined);
      t.is(speaker.neighbor(THEIRS)?.routes.sent[2], 1);
    } catch (error) {
      t.log(daemon.output);
      throw error;
    } finally {
      await speaker.stop();
      await daemon.stop();
    }
  },
);
