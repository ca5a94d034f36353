import test from 'ava';
import { Speaker, TcpTransport } from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { formatIp, formatMac, silentLog, systemClock } from '../../src/types/index.js';
import { imet, macRoute, neighborConfig, originated } from '../bgp/fabric.js';
import { PeerDaemon, run, until } from './bgp-peers.js';

const OURS = '127.0.0.21';
const THEIRS = '127.0.0.22';
const PORT = 17922;
const API = '17923';

const CONFIG = `
[global.config]
  as = 65002
  router-id = "${THEIRS}"
  port = ${PORT}
  local-address-list = ["${THEIRS}"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${OURS}"
    peer-as = 65001
  [neighbors.transport.config]
    local-address = "${THEIRS}"
    passive-mode = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l2vpn-evpn"
`;

const gobgp = async (...args: string[]) =>
  (await run('gobgp', ['-u', '127.0.0.1', '-p', API, ...args])).stdout;

test.serial('GoBGP: session, routes both ways, refresh, shutdown', async (t) => {
  const daemon = await PeerDaemon.start(
    'gobgpd',
    (file) => ['-f', file, '--api-hosts', `127.0.0.1:${API}`],
    'gobgpd.toml',
    CONFIG,
  );
  const speaker = new Speaker(
    {
      asn: 65001,
      routerId: 0x7f000015,
      listen: [],
      neighbors: [neighborConfig(THEIRS, 65002, { port: PORT, localAddress: OURS, connectRetryTime: 1 })],
    },
    { clock: systemClock, transport: new TcpTransport(tcpSockets), log: silentLog },
  );
  try {
    speaker.localRib.originate(macRoute(0xaabbcc000001), originated(OURS));
    speaker.localRib.originate(imet(OURS), {
      ...originated(OURS),
      pmsiTunnel: { endpoint: originated(OURS).nextHop, vni: 10010 },
    });
    const reader = speaker.rib.subscribe();
    await speaker.start();
    await until('the session', () => speaker.neighbor(THEIRS)?.state === 'Established');

    await until('our routes at GoBGP', async () => {
      const rib = await gobgp('neighbor', OURS, 'adj-in', '-a', 'evpn');
      return rib.includes('aa:bb:cc:00:00:01') && rib.includes('multicast');
    });

    const theirs = [
      'etag',
      '0',
      'label',
      '10010',
      'rd',
      `${THEIRS}:10`,
      'rt',
      '65002:10010',
      'encap',
      'vxlan',
    ];
    await gobgp('global', 'rib', 'add', '-a', 'evpn', 'macadv', 'aa:bb:cc:00:00:02', '0.0.0.0', ...theirs);
    await until('their route here', () => speaker.rib.size === 1);
    const [destination] = reader.takeDirty(9);
    t.is(destination.nlri.type === 2 && formatMac(destination.nlri.mac), 'aa:bb:cc:00:00:02');
    t.is(destination.best && formatIp(destination.best.attributes.nextHop), THEIRS);

    const updates = speaker.neighbor(THEIRS)?.messagesIn.update ?? 0;
    t.is(speaker.refreshNeighbor(THEIRS, 'in'), 'done');
    await until('the refresh', () => (speaker.neighbor(THEIRS)?.messagesIn.update ?? 0) > updates);
    t.is(reader.dirtyCount, 0);

    await gobgp('global', 'rib', 'del', '-a', 'evpn', 'macadv', 'aa:bb:cc:00:00:02', '0.0.0.0', ...theirs);
    await until('their withdraw', () => speaker.rib.counts(THEIRS).accepted[2] === 0);
    speaker.localRib.withdraw(macRoute(0xaabbcc000001));
    await until('our withdraw', async () => {
      const rib = await gobgp('neighbor', OURS, 'adj-in', '-a', 'evpn');
      return !rib.includes('aa:bb:cc:00:00:01');
    });

    await gobgp('neighbor', OURS, 'shutdown', '--reason', 'cable swap');
    await until('their shutdown', () => speaker.neighbor(THEIRS)?.state !== 'Established');
    t.regex(
      speaker.neighbor(THEIRS)?.lastNotificationReceived?.text ?? '',
      /Administrative Shutdown.*cable swap/,
    );
  } catch (error) {
    t.log(daemon.output);
    throw error;
  } finally {
    await speaker.stop();
    await daemon.stop();
  }
});
