/**
 * What ExaBGP sends. Debian's 4.2 has an encoder for EVPN routes but no text for them: exabgp-evpn.py gives its API the
 * missing command, and everything behind that is ExaBGP's own.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRouteRefresh, MessageType } from '../../src/wire/index.js';
import { Daemon } from '../process.js';
import type { FixtureWriter } from './fixture.js';
import { COLLECTORS, type Ground, SPEAKER } from './ground.js';
import { CollectorSession } from './session.js';

const ASN = 65001;
const PROGRAM = 'lab/recording/exabgp-evpn.py';
const MAC = '02:00:00:00:30:11';
const RD = '10.9.0.1:30';
const VNI = 10030;
const COMMUNITIES = ['030c000000000008', '0002fde90000272e'];
const MAC_ROUTE = { type: 2, rd: RD, mac: MAC, label: VNI, nexthop: SPEAKER };

/** Routes as exabgp-evpn.py takes them. */
const ROUTES: Readonly<Record<string, object>> = {
  'type2-mac': { ...MAC_ROUTE, communities: COMMUNITIES },
  'type2-mac-ipv4': { ...MAC_ROUTE, ip: '10.10.30.11', communities: COMMUNITIES },
  'type2-mac-ipv6': {
    ...MAC_ROUTE,
    ip: '2001:db8:30::11',
    nexthop: '2001:db8:9::1',
    communities: COMMUNITIES,
  },
  'type2-mac-mobility': {
    ...{ ...MAC_ROUTE, mac: '02:00:00:00:30:12' },
    communities: [...COMMUNITIES, '0600000000000007'],
  },
  'type2-mac-sticky': {
    ...{ ...MAC_ROUTE, mac: '02:00:00:00:30:13' },
    communities: [...COMMUNITIES, '0600010000000000'],
  },
  'type3-ipv4': {
    ...{ type: 3, rd: RD, ip: SPEAKER, nexthop: SPEAKER, communities: COMMUNITIES },
    ...{ pmsi: SPEAKER, vni: VNI },
  },
  'type3-ipv6': {
    ...{ type: 3, rd: RD, ip: '2001:db8:9::1', nexthop: '2001:db8:9::1', communities: COMMUNITIES },
  },
  'type5-ipv4': {
    ...{ type: 5, rd: RD, ip: '10.30.0.0', length: 16, gateway: '10.30.0.1', label: VNI },
    ...{ nexthop: SPEAKER, communities: COMMUNITIES },
  },
};

function config(commands: string, peer: string, peerAs: number): string {
  return `process commands {
  run /usr/bin/tail -n +1 -f ${commands};
  encoder text;
}
neighbor ${peer} {
  router-id ${SPEAKER};
  local-address ${SPEAKER};
  local-as ${ASN};
  peer-as ${peerAs};
  hold-time 90;
  capability { route-refresh; ${peerAs === ASN ? '' : 'graceful-restart 120; '}}
  family { l2vpn evpn; }
  api { processes [ commands ]; }
}
`;
}

async function recordSession(
  ground: Ground,
  name: string,
  peerAs: number,
  write: FixtureWriter,
): Promise<void> {
  const peer = COLLECTORS[peerAs === ASN ? 1 : 0];
  const commands = join(ground.folder, `${name}.commands`);
  const file = join(ground.folder, `${name}.conf`);
  writeFileSync(commands, '', { mode: 0o644 });
  writeFileSync(file, config(commands, peer, peerAs));
  const session = new CollectorSession(
    ground.collector,
    { address: peer, port: 179, asn: peerAs, routerId: peer, fourOctetAs: true },
    peerAs === ASN,
  );
  const environment = {
    'exabgp.daemon.user': 'root',
    'exabgp.api.cli': 'false',
    'exabgp.log.level': 'DEBUG',
  };
  const daemon = await Daemon.start(
    'exabgp',
    'ip',
    ['netns', 'exec', ground.speaker, '/usr/bin/python3', PROGRAM, file],
    join(ground.folder, `${name}.log`),
    environment,
  );
  const command = (line: string) => appendFileSync(commands, `${line}\n`);
  const save = async (what: string, how: string, message: { hex: string }) =>
    write(`exabgp/${name}-${what}`, `ExaBGP 4.2.21, ${name}: ${how}`, message.hex, session.context);
  try {
    await save('open', 'on connecting', await session.waitForType(MessageType.OPEN));
    await save('keepalive', 'after OPEN', await session.waitForType(MessageType.KEEPALIVE));
    const endOfRib = await session.waitForUpdate('End-of-RIB', (update) => update.endOfRib);
    await save('end-of-rib', 'no routes yet', endOfRib);
    const how = (words: string) => `its encoder by a command added to its API: ${words}`;
    for (const [what, route] of Object.entries(ROUTES)) {
      const words = `evpn ${JSON.stringify(route)}`;
      let from = session.messages.length;
      command(`announce ${words}`);
      const up = await session.waitForUpdate(what, ({ reachable }) => reachable.length > 0, from);
      await save(what, how(`announce ${words}`), up);
      from = session.messages.length;
      command(`withdraw ${words}`);
      const down = await session.waitForUpdate(`${what} gone`, ({ withdrawn }) => withdrawn.length > 0, from);
      await save(`withdraw-${what}`, how(`withdraw ${words}`), down);
    }
    let from = session.messages.length;
    session.send(encodeRouteRefresh({ afi: 25, subtype: 0, safi: 70 }));
    command('announce route-refresh l2vpn evpn');
    const refresh = await session.waitForType(MessageType.ROUTE_REFRESH, from);
    await save('route-refresh', 'announce route-refresh l2vpn evpn', refresh);
    // With graceful restart it leaves without a word
    if (peerAs !== ASN) return;
    from = session.messages.length;
    command(`neighbor ${peer} teardown 4`);
    const cease = await session.waitForType(MessageType.NOTIFICATION, from);
    await save('notification-reset', `neighbor ${peer} teardown 4`, cease);
  } catch (error) {
    throw new Error(`${name}: ${daemon.logEnd(40)}`, { cause: error });
  } finally {
    await daemon.stop();
    session.stop();
  }
}

/** All of ExaBGP's fixtures. */
export async function recordExabgp(ground: Ground, write: FixtureWriter): Promise<void> {
  await recordSession(ground, 'ebgp', 65000, write);
  await recordSession(ground, 'ibgp', ASN, write);
}
