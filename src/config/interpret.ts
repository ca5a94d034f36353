import { ParseError } from '../types/index.js';
import { checkTls } from './check-tls.js';
import { checkTogether } from './check-together.js';
import type { Complete, Config, ConfigFile, Values } from './config.js';
import { remoteAsOf } from './remote-as.js';
import { type AnySetting, camelCase, type Row, type Rows } from './setting.js';
import { SETTINGS } from './settings.js';
import type { Fault, Path, Report } from './source.js';
import { standInFor } from './stand-in.js';
import { faultOf } from './values.js';

type Neighbor = Values['neighbors'][number];
type Times = Pick<Neighbor, 'holdTime' | 'keepaliveTime'>;

const DEFAULT_KEEPALIVE = 3;

/**
 * Parses the values of a file whose shape is right, each by its row of the table, and checks what holds between them.
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
  checkTls(values.api.tls, file.api.tls, report);
  checkTogether(
    { ...values, vnis: values.evpn.vnis, vrfs: values.evpn.vrfs },
    (i) => file.neighbors[i]['local-address'],
    report,
  );
  return {
    ...values,
    neighbors: values.neighbors.map((neighbor) => neighborOf(neighbor, values.asn)),
    listenRanges: values.listenRanges.map((range) => neighborOf(range, values.asn)),
    evpn: {
      ...values.evpn,
      vnis: new Map(values.evpn.vnis.map((vni) => [vni.vni, vni])),
      vrfs: new Map(values.evpn.vrfs.map((vrf) => [vrf.name, vrf])),
    },
  };
}

function neighborOf<Settings extends Times & Pick<Neighbor, 'remoteAs' | 'localAs'>>(
  neighbor: Settings,
  asn: number,
): Complete<Settings> {
  const { remoteAs, localAs = asn, holdTime, keepaliveTime } = neighbor;
  return {
    ...neighbor,
    remoteAs: remoteAsOf(remoteAs, localAs),
    keepaliveTime:
      holdTime === 0 ? 0 : (keepaliveTime ?? Math.min(DEFAULT_KEEPALIVE, Math.floor(holdTime / 3))),
  };
}
