import {
  formatIp,
  formatPrefix,
  type Ip,
  isIpv4,
  ParseError,
  prefixAddress,
  type Vni,
} from '../types/index.js';
import type { Complete, Config, ConfigFile, Values, VniConfig } from './config.js';
import { quoteValue } from './finding.js';
import { checkPeerGroups } from './peer-groups.js';
import { type AnySetting, camelCase, type Row, type Rows } from './setting.js';
import { SETTINGS } from './settings.js';
import type { Fault, Path, Report } from './source.js';
import { standInFor } from './stand-in.js';
import { faultOf, refuseRepeated } from './values.js';

type Neighbor = Values['neighbors'][number];
type Times = Pick<Neighbor, 'holdTime' | 'keepaliveTime'>;

const DEFAULT_KEEPALIVE = 3;

/**
 * Parses the values of a file whose shape is right, each as its row of the table says, and checks what holds between them.
 * Every fault goes to `report`; what is returned is a configuration only where none was reported.
 */
export function interpret(file: ConfigFile, report: Report): Config {
  const stoodIn: Path[] = [];
  const values = valuesOf(SETTINGS, file, [], report, stoodIn) as Values;
  return configOf(values, file, (path, fault, ...others) => {
    // What a stand-in leads to is no fault of the file
    if (![path, ...others].some((place) => isWithin(place, stoodIn))) report(path, fault, ...others);
  });
}

/** True where one of `places` is the path's or holds it. */
export function isWithin(path: Path, places: readonly Path[]): boolean {
  return places.some((place) => place.every((step, i) => step === path[i]));
}

function valuesOf(rows: Rows, file: object, path: Path, report: Report, stoodIn: Path[]): object {
  return Object.fromEntries(
    Object.entries(rows).map(([key, row]) => {
      const value = (file as Readonly<Record<string, unknown>>)[key];
      return [camelCase(key), rowValue(row, value, [...path, key], report, stoodIn)];
    }),
  );
}

function rowValue(row: Row, value: unknown, path: Path, report: Report, stoodIn: Path[]): unknown {
  if (row.kind === 'setting') return settingOf(row, value, path, report, stoodIn);
  if (row.kind === 'section') return valuesOf(row.rows, value as object, path, report, stoodIn);
  return (value as readonly object[]).map((item, i) =>
    valuesOf(row.rows, item, [...path, i], report, stoodIn),
  );
}

function settingOf(row: AnySetting, value: unknown, path: Path, report: Report, stoodIn: Path[]): unknown {
  const refuse = (fault: Fault, index?: number) =>
    report(index === undefined ? path : [...path, index], fault);
  try {
    return row.parse(value as never, refuse);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    refuse(faultOf(error));
    stoodIn.push(path);
    return row.parse(standInFor(path) as never, refuse);
  }
}

function configOf(values: Values, file: ConfigFile, report: Report): Config {
  const neighbors = values.neighbors.map((neighbor, i) => {
    checkNeighbor(neighbor, ['neighbors', i], values, file.neighbors[i]['local-address'], report);
    return neighborOf(neighbor, values.asn);
  });
  refuseRepeated(
    neighbors.map(({ address }) => address),
    formatIp,
    'one neighbor for an address',
    (fault, i) => report(['neighbors', i, 'address'], fault),
  );
  const listenRanges = values.listenRanges.map((range, i) => {
    const place = (key: string) => ['listen-ranges', i, key];
    if (values.bgp.listen.length === 0)
      report(place('prefix'), { found: 'a range with an empty bgp.listen', allowed: 'an address there' }, [
        'bgp',
        'listen',
      ]);
    checkFamilies(prefixAddress(range.prefix), range.families, place, 'prefix', values, report);
    checkKeepalive(range, place, report);
    return neighborOf(range, values.asn);
  });
  refuseRepeated(
    listenRanges.map(({ prefix }) => formatPrefix(prefix)),
    String,
    'one range for a prefix',
    (fault, i) => report(['listen-ranges', i, 'prefix'], fault),
  );
  checkPeerGroups(values, report);
  return {
    ...values,
    neighbors,
    listenRanges,
    evpn: { ...values.evpn, vnis: vnisOf(values.evpn.vnis, report) },
  };
}

function checkNeighbor(
  neighbor: Neighbor,
  path: Path,
  values: Values,
  localText: string | undefined,
  report: Report,
): void {
  const { address, localAddress, passive } = neighbor;
  const { routerId, bgp } = values;
  const place = (key: string) => [...path, key];
  if (passive && bgp.listen.length === 0)
    report(place('passive'), { found: 'true with an empty bgp.listen', allowed: 'false' }, ['bgp', 'listen']);
  if (address === routerId)
    report(place('address'), { found: 'our own router-id', allowed: "another router's address" });
  if (localText !== undefined) {
    if (localAddress === undefined || isIpv4(localAddress) !== isIpv4(address))
      report(
        place('local-address'),
        { found: quoteValue(localText), allowed: `an ${isIpv4(address) ? 'IPv4' : 'IPv6'} address` },
        place('address'),
      );
    else if (localAddress === address)
      report(place('local-address'), {
        found: "the neighbor's own address",
        allowed: 'an address of ours',
      });
  }
  checkFamilies(address, neighbor.families, place, 'address', values, report);
  checkKeepalive(neighbor, place, report);
}

/** Unicast routes are told with our end of the session as their next hop, which must be of their family. */
function checkFamilies(
  address: Ip,
  families: Neighbor['families'],
  place: (key: string) => Path,
  /** The key that has the address. */
  addressKey: string,
  { underlay }: Values,
  report: Report,
): void {
  const other = isIpv4(address) ? 'ipv6-unicast' : 'ipv4-unicast';
  families.forEach((family, i) => {
    const at = [...place('families'), i];
    if (family === other)
      report(
        at,
        {
          found: `${family} with an ${isIpv4(address) ? 'IPv4' : 'IPv6'} neighbor`,
          allowed: 'the family of its address',
        },
        place(addressKey),
      );
    else if (family !== 'l2vpn-evpn' && !underlay.enabled)
      report(at, { found: `${family} without underlay.enabled`, allowed: 'l2vpn-evpn' }, [
        'underlay',
        'enabled',
      ]);
  });
}

/** A hold time of 1 or 2 has been refused as such. */
function checkKeepalive(
  { holdTime, keepaliveTime }: Times,
  place: (key: string) => Path,
  report: Report,
): void {
  if (holdTime > 2 && keepaliveTime !== undefined && keepaliveTime >= holdTime)
    report(
      place('keepalive-time'),
      {
        found: `${keepaliveTime} with a hold-time of ${holdTime}`,
        allowed: `seconds from 1 to ${holdTime - 1}`,
      },
      place('hold-time'),
    );
}

function neighborOf<Settings extends Times & Pick<Neighbor, 'remoteAs'>>(
  neighbor: Settings,
  asn: number,
): Complete<Settings> {
  const { remoteAs, holdTime, keepaliveTime } = neighbor;
  return {
    ...neighbor,
    // So that the session need not know that 65001 and internal are the same
    remoteAs: remoteAs === asn ? 'internal' : remoteAs,
    keepaliveTime:
      holdTime === 0 ? 0 : (keepaliveTime ?? Math.min(DEFAULT_KEEPALIVE, Math.floor(holdTime / 3))),
  };
}

function vnisOf(vnis: readonly VniConfig[], report: Report): ReadonlyMap<Vni, VniConfig> {
  const refuse = (key: string) => (fault: Fault, i: number) => report(['evpn', 'vnis', i, key], fault);
  refuseRepeated(
    vnis.map(({ vni }) => vni),
    String,
    'one entry for a VNI',
    refuse('vni'),
  );
  refuseRepeated(
    vnis.map(({ rd }) => rd),
    String,
    'a route distinguisher for one VNI only',
    refuse('rd'),
  );
  return new Map(vnis.map((vni) => [vni.vni, vni]));
}
