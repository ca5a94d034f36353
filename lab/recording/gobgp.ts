/** What GoBGP sends: routes are added with its own command line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageType } from '../../src/wire/index.js';
import { Daemon } from '../process.js';
import { waitFor } from '../wait.js';
import type { FixtureWriter } from './fixture.js';
import { COLLECTORS, type Ground, inside, SPEAKER } from './ground.js';
import { CollectorSession } from './session.js';

const ASN = 65001;
const MAC = '02:00:00:00:20:11';
const COMMON = ['rd', '10.9.0.1:20', 'rt', '65001:10020', 'encap', 'vxlan'];

/** A route of the command line: what follows `gobgp global rib add -a evpn`, and a next hop where it is not our own. */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  'type1-ethernet-ad': [
    ...['a-d', 'esi', 'LACP', 'aa:bb:cc:dd:ee:ff', '100', 'etag', '0', 'label', '10020', ...COMMON],
    ...['esi-label', '200'],
  ],
  'type2-mac': ['macadv', MAC, '0.0.0.0', 'etag', '0', 'label', '10020', ...COMMON],
  'type2-mac-ipv4': ['macadv', MAC, '10.10.20.11', 'etag', '0', 'label', '10020', ...COMMON],
  'type2-mac-ipv6-router-mac': [
    ...['macadv', MAC, '2001:db8:20::11', 'etag', '5', 'label', '10020', ...COMMON],
    ...['router-mac', '02:00:00:00:00:99'],
  ],
  'type2-mac-ipv6-next-hop': [
    ...['macadv', MAC, '10.10.20.12', 'etag', '0', 'label', '10020', ...COMMON],
    ...['nexthop', '2001:db8:9::1'],
  ],
  'type3-ipv4': [
    'multicast',
    '10.9.0.1',
    'etag',
    '0',
    ...COMMON,
    'pmsi',
    'ingress-repl',
    '10020',
    '10.9.0.1',
  ],
  'type3-ipv6': [
    ...['multicast', '2001:db8:9::1', 'etag', '0', ...COMMON],
    ...['pmsi', 'ingress-repl', '10020', '2001:db8:9::1', 'nexthop', '2001:db8:9::1'],
  ],
  'type4-ethernet-segment': ['esi', '10.9.0.1', 'esi', 'LACP', 'aa:bb:cc:dd:ee:ff', '100', ...COMMON],
  'type5-ipv4': [
    ...['prefix', '10.20.0.0/16', 'gw', '10.20.0.1', 'etag', '0', 'label', '10999', ...COMMON],
    ...['router-mac', '02:00:00:00:00:99'],
  ],
  'type5-ipv6': ['prefix', '2001:db8:20::/48', 'etag', '0', 'label', '10999', ...COMMON],
};

function config(): string {
  const neighbors = [
    { address: COLLECTORS[0], as: 65000 },
    { address: COLLECTORS[1], as: ASN },
  ];
  return JSON.stringify({
    global: { config: { as: ASN, 'router-id': SPEAKER } },
    neighbors: neighbors.map(({ address, as }) => ({
      config: { 'neighbor-address': address, 'peer-as': as },
      timers: { config: { 'connect-retry': 1, 'idle-hold-time-after-reset': 1 } },
      'afi-safis': [
        {
          config: { 'afi-safi-name': 'l2vpn-evpn' },
          'mp-graceful-restart': { config: { enabled: true } },
        },
      ],
      'graceful-restart': { config: { enabled: true, 'restart-time': 120 } },
    })),
  });
}

/** Records one session: each route announced, then each withdrawn. */
async function recordSession(ground: Ground, session: CollectorSession, name: string, write: FixtureWriter) {
  const gobgp = (...words: string[]) => inside(ground.speaker, 'gobgp', ...words);
  const save = async (file: string, how: string, message: { hex: string }) =>
    write(`gobgp/${name}-${file}`, `GoBGP 3.10.0, ${name}: ${how}`, message.hex, session.context);
  await save('open', 'on connecting', await session.waitForType(MessageType.OPEN));
  await save('keepalive', 'after OPEN', await session.waitForType(MessageType.KEEPALIVE));
  await save(
    'end-of-rib',
    'with graceful restart',
    await session.waitForUpdate('End-of-RIB', (update) => update.endOfRib),
  );
  for (const [file, words] of Object.entries(ROUTES)) {
    const command = ['global', 'rib', 'add', '-a', 'evpn', ...words];
    const from = session.messages.length;
    await gobgp(...command);
    const update = await session.waitForUpdate(file, ({ reachable }) => reachable.length > 0, from);
    await save(file, `gobgp ${command.join(' ')}`, update);
  }
  for (const [file, words] of Object.entries(ROUTES)) {
    const command = ['global', 'rib', 'del', '-a', 'evpn', ...words];
    const from = session.messages.length;
    await gobgp(...command);
    const update = await session.waitForUpdate(
      `${file} withdraw`,
      ({ withdrawn }) => withdrawn.length > 0,
      from,
    );
    await save(`withdraw-${file}`, `gobgp ${command.join(' ')}`, update);
  }
}

/** All of GoBGP's fixtures. */
export async function recordGobgp(ground: Ground, write: FixtureWriter): Promise<void> {
  const file = join(ground.folder, 'gobgpd.json');
  writeFileSync(file, config());
  const collector = (address: string, asn: number) =>
    new CollectorSession(
      ground.collector,
      { address, port: 179, asn, routerId: address, fourOctetAs: true },
      asn === ASN,
    );
  const external = collector(COLLECTORS[0], 65000);
  const internal = collector(COLLECTORS[1], ASN);
  const daemon = await Daemon.start(
    'gobgpd',
    'ip',
    ['netns', 'exec', ground.speaker, 'gobgpd', '-f', file, '-t', 'json'],
    join(ground.folder, 'gobgpd.log'),
  );
  try {
    const gobgp = (...words: string[]) => inside(ground.speaker, 'gobgp', ...words);
    await waitFor(async () => (await gobgp('neighbor')).includes('Establ'), { what: 'GoBGP session' });
    await recordSession(ground, external, 'ebgp', write);
    await recordSession(ground, internal, 'ibgp', write);
    // It sends no ROUTE-REFRESH on any of its commands
    const from = external.messages.length;
    const command = ['neighbor', COLLECTORS[0], 'shutdown', 'maintenance at noon'];
    await gobgp(...command);
    const { hex } = await external.waitForType(MessageType.NOTIFICATION, from);
    await write(
      'gobgp/ebgp-notification-shutdown',
      `GoBGP 3.10.0: gobgp ${command.join(' ')}`,
      hex,
      external.context,
    );
  } finally {
    await daemon.stop();
    external.stop();
    internal.stop();
  }
}
