import { isIP } from 'node:net';
import {
  formatIp,
  type Ip,
  type Ipv4,
  isIpv4,
  isLinkLocal,
  ParseError,
  parseIp,
  parseRouteTarget,
  RouteDistinguisher,
  type RouteTarget,
  toVni,
  type Vni,
} from '../types/index.js';
import type { Config, DuplicateDetectionConfig, ListenAddress, NeighborConfig, VniConfig } from './config.js';
import { quoteValue } from './finding.js';
import { parseRouteTargetPattern } from './route-target-pattern.js';
import type { ConfigFile } from './schema.js';
import type { Fault, Path } from './source.js';

/** `others` are the values elsewhere that make a fault of this one. */
type Report = (path: Path, fault: Fault, ...others: readonly Path[]) => void;
type NeighborFile = ConfigFile['neighbors'][number];
type VniFile = ConfigFile['evpn']['vnis'][number];

/** Longest path of a Unix socket: sun_path is 108 octets with its terminator (unix(7)). */
const LONGEST_SOCKET_PATH = 107;
const DEFAULT_KEEPALIVE = 3;
const DEFAULT_HOST_BITS = 0xe0000000;

/**
 * Parses the values of a file whose shape is right and checks what holds between them. Every fault goes to `report`;
 * what is returned is a configuration only where none was reported.
 */
export function interpret(file: ConfigFile, report: Report): Config {
  const routerId = routerIdOf(file['router-id'], report);
  const listen = addresses(file.bgp.listen, ['bgp', 'listen'], report);
  const neighbors = file.neighbors.map((neighbor, i) => {
    const path = ['neighbors', i];
    if (neighbor.passive && listen.length === 0)
      report([...path, 'passive'], { found: 'true with an empty bgp.listen', allowed: 'false' }, [
        'bgp',
        'listen',
      ]);
    return neighborOf(neighbor, path, file, routerId, report);
  });
  onlyOnce(
    neighbors.map((neighbor) => neighbor?.address),
    formatIp,
    (i) => ['neighbors', i, 'address'],
    'one neighbor for an address',
    report,
  );
  return {
    asn: file.asn,
    routerId,
    neighbors: neighbors.filter((neighbor) => neighbor !== undefined),
    bgp: { listen, port: file.bgp.port },
    evpn: {
      advertiseAllVni: file.evpn['advertise-all-vni'],
      autoRt: file.evpn['auto-rt'],
      importEthernetTags: file.evpn['import-ethernet-tags'],
      flooding: file.evpn.flooding,
      floodLimit: file.evpn['flood-limit'],
      duplicateDetection: duplicateDetectionOf(file),
      neighborRefresh: file.evpn['neighbor-refresh'],
      snooping: file.evpn.snooping,
      advertiseSviIp: file.evpn['advertise-svi-ip'],
      maxLocalMacs: file.evpn['max-local-macs'],
      maxLocalIps: file.evpn['max-local-ips'],
      newAddressRate: file.evpn['new-address-rate'],
      advertiseDefaultGateway: file.evpn['advertise-default-gateway'],
      vnis: vnisOf(file.evpn.vnis, report),
    },
    api: {
      unixSocket: absolutePath(file.api['unix-socket'], ['api', 'unix-socket'], LONGEST_SOCKET_PATH, report),
      listen: listenAddresses(file.api.listen, report),
    },
    managePortSettings: file['manage-port-settings'],
    log: { level: file.log.level },
    kernel: { receiveBufferBytes: file.kernel['receive-buffer-bytes'] },
    mode: file.mode,
    onStop: file['on-stop'],
    sweepDeferralTime: file['sweep-deferral-time'],
    stateDirectory: absolutePath(file['state-directory'], ['state-directory'], 4095, report),
  };
}

function duplicateDetectionOf(file: ConfigFile): DuplicateDetectionConfig {
  const { 'freeze-time': freezeTime, ...same } = file.evpn['duplicate-detection'];
  return { ...same, freezeTime: freezeTime === 'permanent' ? undefined : freezeTime };
}

/** RFC 6286 §2.1: any number but 0; as an address it must be one that a router can have. */
function routerIdOf(text: string, report: Report): Ipv4 {
  const ip = attempt(() => parseIp(text));
  if (ip !== undefined && isIpv4(ip) && ip !== 0 && ip < DEFAULT_HOST_BITS) return ip;
  report(['router-id'], { found: quoteValue(text), allowed: 'an IPv4 address other than 0.0.0.0' });
  return 1 as Ipv4;
}

function neighborOf(
  neighbor: NeighborFile,
  path: Path,
  file: ConfigFile,
  routerId: Ipv4,
  report: Report,
): NeighborConfig | undefined {
  const address = peerAddress(neighbor.address, [...path, 'address'], report);
  if (address === routerId)
    report([...path, 'address'], { found: 'our own router-id', allowed: "another router's address" });
  const remoteAs = neighbor['remote-as'];
  const local = neighbor['local-address'];
  const localAddress = local === undefined ? undefined : attempt(() => parseIp(local));
  if (local !== undefined && address !== undefined) {
    const place = [...path, 'local-address'];
    if (localAddress === undefined || isIpv4(localAddress) !== isIpv4(address))
      report(
        place,
        { found: quoteValue(local), allowed: `an ${isIpv4(address) ? 'IPv4' : 'IPv6'} address` },
        [...path, 'address'],
      );
    else if (localAddress === address)
      report(place, { found: "the neighbor's own address", allowed: 'an address of ours' });
  }
  const times = timersOf(neighbor, path, report);
  if (address === undefined) return undefined;
  return {
    address,
    port: neighbor.port,
    // So that the session need not know that 65001 and internal are the same
    remoteAs: remoteAs === file.asn ? 'internal' : remoteAs,
    passive: neighbor.passive,
    localAddress,
    ...times,
    connectRetryTime: neighbor['connect-retry-time'],
    sendHoldTime: sendHoldOf(neighbor, path, report),
    enforceFirstAs: neighbor['enforce-first-as'],
    allowasIn: neighbor['allowas-in'],
    maxRoutes: neighbor['max-routes'],
    maxOctets: neighbor['max-octets'],
    onLimit: neighbor['on-limit'],
    description: neighbor.description,
  };
}

function timersOf(neighbor: NeighborFile, path: Path, report: Report) {
  const holdTime = neighbor['hold-time'];
  const keepalive = neighbor['keepalive-time'];
  if (holdTime === 1 || holdTime === 2)
    report([...path, 'hold-time'], { found: String(holdTime), allowed: '0, or seconds from 3 to 65535' });
  else if (holdTime > 0 && keepalive !== undefined && keepalive >= holdTime)
    report(
      [...path, 'keepalive-time'],
      { found: `${keepalive} with a hold-time of ${holdTime}`, allowed: `seconds from 1 to ${holdTime - 1}` },
      [...path, 'hold-time'],
    );
  const keepaliveTime =
    holdTime === 0 ? 0 : (keepalive ?? Math.min(DEFAULT_KEEPALIVE, Math.floor(holdTime / 3)));
  return { holdTime, keepaliveTime };
}

function sendHoldOf(neighbor: NeighborFile, path: Path, report: Report): number | undefined {
  const time = neighbor['send-hold-time'];
  if (time === 1 || time === 2)
    report([...path, 'send-hold-time'], { found: String(time), allowed: '0, or seconds from 3 to 65535' });
  return time;
}

function peerAddress(text: string, path: Path, report: Report): Ip | undefined {
  const ip = attempt(() => parseIp(text));
  if (ip === undefined) {
    report(path, { found: quoteValue(text), allowed: 'an IPv4 or IPv6 address' });
    return undefined;
  }
  const unicast = isIpv4(ip)
    ? ip !== 0 && ip < DEFAULT_HOST_BITS
    : formatIp(ip) !== '::' && !/^ff/.test(formatIp(ip));
  if (!unicast) report(path, { found: quoteValue(text), allowed: 'the address of one router' });
  else if (!isIpv4(ip) && isLinkLocal(ip))
    report(path, { found: quoteValue(text), allowed: 'an address that is not link-local' });
  return ip;
}

function vnisOf(vnis: readonly VniFile[], report: Report): ReadonlyMap<Vni, VniConfig> {
  const place = (i: number) => ['evpn', 'vnis', i];
  const parsed = vnis.map((vni, i) => vniOf(vni, place(i), report));
  onlyOnce(
    parsed.map((vni) => vni.vni),
    String,
    (i) => [...place(i), 'vni'],
    'one entry for a VNI',
    report,
  );
  onlyOnce(
    parsed.map((vni) => vni.rd),
    String,
    (i) => [...place(i), 'rd'],
    'a route distinguisher for one VNI only',
    report,
  );
  return new Map(parsed.map((vni) => [vni.vni, vni]));
}

function vniOf(vni: VniFile, path: Path, report: Report): VniConfig {
  const { rd } = vni;
  return {
    vni: toVni(vni.vni),
    advertise: vni.advertise ?? true,
    rd: rd === undefined ? undefined : parsed(() => RouteDistinguisher.parse(rd), [...path, 'rd'], report),
    importRouteTargets: routeTargets(vni, 'import-route-targets', parseRouteTargetPattern, path, report),
    exportRouteTargets: routeTargets<RouteTarget>(
      vni,
      'export-route-targets',
      parseRouteTarget,
      path,
      report,
    ),
    flooding: vni.flooding,
    advertiseSviIp: vni['advertise-svi-ip'],
    advertiseDefaultGateway: vni['advertise-default-gateway'],
    maxLocalMacs: vni['max-local-macs'],
    maxLocalIps: vni['max-local-ips'],
  };
}

function routeTargets<Value>(
  vni: VniFile,
  key: 'import-route-targets' | 'export-route-targets',
  parse: (text: string) => Value,
  path: Path,
  report: Report,
): readonly Value[] | undefined {
  const texts = vni[key];
  onlyOnce(texts ?? [], String, (i) => [...path, key, i], 'each route target once', report);
  return texts?.flatMap((text, i) => parsed(() => parse(text), [...path, key, i], report) ?? []);
}

function addresses(texts: readonly string[], path: Path, report: Report): readonly Ip[] {
  const ips = texts.map((text, i) => parsed(() => parseIp(text), [...path, i], report));
  onlyOnce(ips, formatIp, (i) => [...path, i], 'each address once', report);
  return ips.filter((ip) => ip !== undefined);
}

function listenAddresses(texts: readonly string[], report: Report): readonly ListenAddress[] {
  const place = (i: number) => ['api', 'listen', i];
  onlyOnce(texts, String, place, 'each address once', report);
  return texts.flatMap((text, i) => {
    const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
    const host = match?.[1] ?? match?.[2] ?? '';
    const port = Number(match?.[3]);
    if (isIP(host) === (match?.[1] === undefined ? 4 : 6) && port >= 1 && port <= 65535)
      return { host, port };
    report(place(i), { found: quoteValue(text), allowed: '127.0.0.1:8179, or [::1]:8179 for IPv6' });
    return [];
  });
}

function absolutePath(text: string, path: Path, longest: number, report: Report): string {
  if (!text.startsWith('/') || text.includes('\0') || Buffer.byteLength(text) > longest)
    report(path, { found: quoteValue(text), allowed: `an absolute path of at most ${longest} bytes` });
  return text;
}

/** Reports each value that an earlier one equals; undefined equals nothing. */
function onlyOnce<Value>(
  values: readonly Value[],
  format: (value: NonNullable<Value>) => string,
  place: (index: number) => Path,
  allowed: string,
  report: Report,
): void {
  const seen = new Set<Value>();
  values.forEach((value, i) => {
    if (value === undefined || value === null) return;
    if (seen.has(value)) report(place(i), { found: `${format(value)} a second time`, allowed });
    seen.add(value);
  });
}

function parsed<Value>(parse: () => Value, path: Path, report: Report): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    report(path, { found: quoteValue(error.found), allowed: error.allowed });
    return undefined;
  }
}

function attempt<Value>(parse: () => Value): Value | undefined {
  return parsed(parse, [], () => {});
}
