/**
 * What FRR sends: it originates EVPN routes from a kernel's VXLAN alone, so that the speaker's namespace gets a bridge,
 * a VXLAN device and hand-made FDB and neighbor rows.
 */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ESI_ZERO, parseIp, parseMac, RouteDistinguisher, routeTargetOfAs2 } from '../../src/types/index.js';
import {
  type EvpnNlri,
  ExtendedCommunity,
  encodeRouteRefresh,
  MessageType,
  RouteType,
  UpdateEncoder,
} from '../../src/wire/index.js';
import { Daemon, run } from '../process.js';
import { waitFor } from '../wait.js';
import type { FixtureWriter } from './fixture.js';
import { COLLECTORS, type Ground, inside, SPEAKER } from './ground.js';
import { CollectorSession } from './session.js';

const FOLDER = '/usr/lib/frr';
const VNI = 10010;

async function makeKernel({ speaker }: Ground): Promise<void> {
  for (const command of [
    'link add br10 type bridge mcast_snooping 0',
    'link set br10 address 02:00:00:00:01:10 addrgenmode none up',
    'addr add 10.10.10.101/24 dev br10',
    `link add vx10 type vxlan id ${VNI} local ${SPEAKER} dstport 4789 nolearning ttl 64`,
    'link set vx10 master br10 addrgenmode none up',
    'link add p10 type veth peer name h10',
    'link set p10 master br10 addrgenmode none up',
    'link set h10 addrgenmode none up',
  ])
    await inside(speaker, 'ip', ...command.split(' '));
  await inside(speaker, 'bridge', 'link', 'set', 'dev', 'vx10', 'learning', 'off', 'neigh_suppress', 'on');
}

function bgpdConfig(asn: number): string {
  const neighbors = [
    { address: COLLECTORS[0], remoteAs: 65000 },
    { address: COLLECTORS[1], remoteAs: asn },
  ].filter(({ remoteAs }) => remoteAs <= 0xffff);
  return [
    `router bgp ${asn}`,
    ` bgp router-id ${SPEAKER}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ...neighbors.flatMap(({ address, remoteAs }) => [
      ` neighbor ${address} remote-as ${remoteAs}`,
      ` neighbor ${address} timers connect 1`,
      ` neighbor ${address} advertisement-interval 0`,
    ]),
    ' address-family l2vpn evpn',
    ...neighbors.map(({ address }) => `  neighbor ${address} activate`),
    '  advertise-all-vni',
    ' exit-address-family',
    '',
  ].join('\n');
}

async function startFrr({ speaker, folder }: Ground, asn: number): Promise<Daemon[]> {
  const home = join(folder, `frr-${asn}`);
  mkdirSync(home);
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'frr'])).stdout)),
  );
  writeFileSync(join(home, 'zebra.conf'), '');
  writeFileSync(join(home, 'bgpd.conf'), bgpdConfig(asn));
  for (const name of ['', 'zebra.conf', 'bgpd.conf']) chownSync(join(home, name), uid, gid);
  const start = (name: string, ...more: string[]) =>
    Daemon.start(
      name,
      'ip',
      [
        ...['netns', 'exec', speaker, join(FOLDER, name), '-f', join(home, `${name}.conf`)],
        ...['-i', join(home, `${name}.pid`), '-z', join(home, 'zserv.api'), '--vty_socket', home],
        ...['-P', '0', ...more],
      ],
      join(home, `${name}.log`),
    );
  return [await start('zebra', '-A', '127.0.0.1'), await start('bgpd')];
}

/** A vtysh command in the speaker's namespace. */
async function vtysh({ folder }: Ground, asn: number, ...commands: string[]): Promise<string> {
  const flags = commands.flatMap((command) => ['-c', command]);
  return (await run('vtysh', ['--vty_socket', join(folder, `frr-${asn}`), ...flags])).stdout;
}

function isMacIp(mac: string, ip: string | undefined) {
  return (nlri: EvpnNlri) =>
    nlri.type === RouteType.MAC_IP_ADVERTISEMENT &&
    nlri.mac === parseMac(mac) &&
    nlri.ip === (ip === undefined ? undefined : parseIp(ip));
}

const isImet = (nlri: EvpnNlri) => nlri.type === RouteType.INCLUSIVE_MULTICAST;

const HOST = '02:00:00:00:10:11';
const STICKY = '02:00:00:00:10:12';
const MOVER = '02:00:00:00:10:13';

/** The route that makes MOVER a remote host first, so that FRR's own gets a sequence number. */
function moverRoute(session: CollectorSession): Buffer {
  const encoder = new UpdateEncoder({ ...session.context, localAsn: 65000, maxMessageLength: 4096 });
  return encoder.announce(
    {
      nextHop: parseIp('10.9.0.9'),
      extendedCommunities: [
        ExtendedCommunity.encapsulation(),
        routeTargetOfAs2(65000, VNI),
        ExtendedCommunity.macMobility(4, false),
      ],
      pmsiTunnel: undefined,
    },
    [
      {
        type: RouteType.MAC_IP_ADVERTISEMENT,
        rd: RouteDistinguisher.parse('10.9.0.9:2'),
        esi: ESI_ZERO,
        ethernetTag: 0,
        mac: parseMac(MOVER),
        ip: undefined,
        label1: VNI,
        label2: undefined,
      },
    ],
  )[0];
}

async function recordSession(
  ground: Ground,
  session: CollectorSession,
  name: string,
  write: FixtureWriter,
): Promise<void> {
  const source = (how: string) => `FRR 8.4.4 bgpd, ${name}: ${how}`;
  const fdb = (...words: string[]) => inside(ground.speaker, 'bridge', 'fdb', ...words);
  const neigh = (...words: string[]) => inside(ground.speaker, 'ip', 'neigh', ...words);
  const save = async (file: string, how: string, message: Promise<{ hex: string }>) =>
    write(`frr/${name}-${file}`, source(how), (await message).hex, session.context);
  const announced = (what: string, is: (nlri: EvpnNlri) => boolean, from: number) =>
    session.waitForUpdate(what, (update) => update.reachable.some(is), from);
  const gone = (what: string, is: (nlri: EvpnNlri) => boolean, from: number) =>
    session.waitForUpdate(what, (update) => update.withdrawn.some(is), from);

  await save('open', 'on connecting', session.waitForType(MessageType.OPEN));
  await save('keepalive', 'after OPEN', session.waitForType(MessageType.KEEPALIVE));
  await save(
    'type3',
    'advertise-all-vni, a VXLAN device with a local address',
    announced('type 3', isImet, 0),
  );
  await save(
    'end-of-rib',
    'after the first routes',
    session.waitForUpdate('End-of-RIB', (u) => u.endOfRib),
  );

  let from = session.messages.length;
  const macOnly = isMacIp(HOST, undefined);
  const macIpv4 = isMacIp(HOST, '10.10.10.11');
  const macIpv6 = isMacIp(HOST, '2001:db8:10::11');
  await fdb('add', HOST, 'dev', 'p10', 'master', 'dynamic');
  await save('type2-mac', 'a dynamic FDB row', announced('MAC', macOnly, from));
  from = session.messages.length;
  await neigh('replace', '10.10.10.11', 'lladdr', HOST, 'dev', 'br10', 'nud', 'noarp');
  await save('type2-mac-ipv4', 'a neighbor on the bridge', announced('MAC/IPv4', macIpv4, from));
  await neigh('replace', '2001:db8:10::11', 'lladdr', HOST, 'dev', 'br10', 'nud', 'noarp', 'router');
  await save(
    'type2-mac-ipv6-router',
    'a neighbor with the router flag',
    announced('MAC/IPv6', macIpv6, from),
  );
  await fdb('add', STICKY, 'dev', 'p10', 'master', 'static', 'sticky');
  const sticky = announced('sticky MAC', isMacIp(STICKY, undefined), from);
  await save('type2-mac-sticky', 'a static FDB row with the sticky flag', sticky);

  session.send(moverRoute(session));
  await waitFor(
    async () => (await inside(ground.speaker, 'bridge', 'fdb', 'show', 'dev', 'vx10')).includes(MOVER),
    { what: 'row of the remote MAC' },
  );
  from = session.messages.length;
  await fdb('replace', MOVER, 'dev', 'p10', 'master', 'dynamic');
  const moved = announced('moved MAC', isMacIp(MOVER, undefined), from);
  await save('type2-mac-mobility', 'a MAC of sequence 4 that moved here', moved);

  from = session.messages.length;
  session.send(encodeRouteRefresh({ afi: 25, subtype: 0, safi: 70 }));
  const resent = session.waitForUpdate('packed routes', (update) => update.reachable.length > 1, from);
  await save('type2-packed', 'all routes again after a ROUTE-REFRESH', resent);

  from = session.messages.length;
  await neigh('del', '10.10.10.11', 'dev', 'br10');
  await save('withdraw-mac-ipv4', 'the neighbor was deleted', gone('MAC/IPv4 withdraw', macIpv4, from));
  await neigh('del', '2001:db8:10::11', 'dev', 'br10');
  await save('withdraw-mac-ipv6', 'the neighbor was deleted', gone('MAC/IPv6 withdraw', macIpv6, from));
  await fdb('del', HOST, 'dev', 'p10', 'master');
  await save('withdraw-mac', 'the FDB row was deleted', gone('MAC withdraw', macOnly, from));
  await fdb('del', STICKY, 'dev', 'p10', 'master');
  await fdb('del', MOVER, 'dev', 'p10', 'master');
}

/** Records a run of bgpd with an AS number, towards an external and (AS permitting) an internal collector. */
async function recordRun(
  ground: Ground,
  asn: number,
  fourOctetAs: boolean,
  write: FixtureWriter,
): Promise<void> {
  const collector = (address: string, as: number) =>
    new CollectorSession(
      ground.collector,
      { address, port: 179, asn: as, routerId: address, fourOctetAs },
      as === asn,
    );
  const external = collector(COLLECTORS[0], 65000);
  const internal = asn <= 0xffff ? collector(COLLECTORS[1], asn) : undefined;
  const daemons = await startFrr(ground, asn);
  const label = fourOctetAs ? 'ebgp' : 'ebgp-as2';
  try {
    await recordSession(ground, external, label, write);
    if (internal) await recordSession(ground, internal, 'ibgp', write);
    const neighbor = (address: string) => `neighbor ${address}`;
    let from = external.messages.length;
    const source = (how: string) => `FRR 8.4.4 bgpd, ${label}: ${how}`;
    await vtysh(ground, asn, `clear bgp l2vpn evpn ${COLLECTORS[0]} soft in`);
    const refresh = await external.waitForType(MessageType.ROUTE_REFRESH, from);
    await write(`frr/${label}-route-refresh`, source('clear … soft in'), refresh.hex, external.context);
    from = external.messages.length;
    const shutdown = `${neighbor(COLLECTORS[0])} shutdown message Bauarbeiten – käme wieder`;
    await vtysh(ground, asn, 'configure terminal', `router bgp ${asn}`, shutdown);
    const cease = await external.waitForType(MessageType.NOTIFICATION, from);
    await write(`frr/${label}-notification-shutdown`, source(shutdown), cease.hex, external.context);
    if (internal) {
      from = internal.messages.length;
      await vtysh(ground, asn, 'configure terminal', `router bgp ${asn}`, `no ${neighbor(COLLECTORS[1])}`);
      const last = await internal.waitForType(MessageType.NOTIFICATION, from);
      await write('frr/ibgp-notification-deconfigured', source('no neighbor'), last.hex, internal.context);
    }
  } finally {
    for (const daemon of daemons.reverse()) await daemon.stop();
    external.stop();
    internal?.stop();
  }
}

/** All of FRR's fixtures. */
export async function recordFrr(ground: Ground, write: FixtureWriter): Promise<void> {
  await makeKernel(ground);
  await recordRun(ground, 65001, true, write);
  await recordRun(ground, 4200000001, false, write);
}
