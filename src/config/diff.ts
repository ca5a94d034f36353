import { formatIp, formatRouteTarget, type Ip, type RouteTarget } from '../types/index.js';
import type { Config, ListenAddress } from './config.js';
import { formatRouteTargetPattern, type RouteTargetPattern } from './route-target-pattern.js';

/** A setting in which two configurations differ. */
export interface SettingChange {
  /** As the file has it; an item by what it is known by: `evpn.vnis[10010].rd`, `neighbors[10.1.1.0]`. */
  readonly key: string;
  /** As the file would have the value; undefined where it is absent. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The value of a neighbor or VNI itself, which has settings of its own. */
const PRESENT = 'present';

const ips = (list: readonly Ip[]) => list.map(formatIp);

/** How values are written that are no plain text or number. */
const FORMATS: Readonly<Record<string, (value: never) => string | readonly string[]>> = {
  'router-id': formatIp,
  'bgp.listen': ips,
  'api.listen': (list: readonly ListenAddress[]) =>
    list.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)),
  'neighbors[].address': formatIp,
  'neighbors[].local-address': formatIp,
  'evpn.vnis[].import-route-targets': (list: readonly RouteTargetPattern[]) =>
    list.map(formatRouteTargetPattern),
  'evpn.vnis[].export-route-targets': (list: readonly RouteTarget[]) => list.map(formatRouteTarget),
};

/**
 * What differs, by key, in the order of `after`. Neither the order of lists counts
 * nor how a value is spelled, and a default is as good as the same value in the file.
 */
export function diffConfig(before: Config, after: Config): readonly SettingChange[] {
  const old = settingsOf(before);
  const young = settingsOf(after);
  const changes: SettingChange[] = [];
  for (const key of new Set([...young.keys(), ...old.keys()])) {
    const [was, is] = [old.get(key), young.get(key)];
    // Of an item that comes or goes its name says enough
    const item = /^(.*\])\./.exec(key)?.[1];
    if (was === is || (item !== undefined && old.has(item) !== young.has(item))) continue;
    changes.push({ key, before: was, after: is });
  }
  return changes;
}

/** Every setting that has a value, as text, by its key. */
function settingsOf(config: Config): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const add = (prefix: string, values: object) => {
    for (const [name, value] of Object.entries(values)) {
      const key = `${prefix}${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      if (isMapping(value)) add(`${key}.`, value);
      else if (value !== undefined) settings.set(key, textOf(key, value));
    }
  };
  const addItem = (key: string, values: object) => {
    settings.set(key, PRESENT);
    add(`${key}.`, values);
  };
  const { neighbors, evpn, ...others } = config;
  const { vnis, ...ofAllVnis } = evpn;
  add('', others);
  for (const neighbor of neighbors) addItem(`neighbors[${formatIp(neighbor.address)}]`, neighbor);
  add('evpn.', ofAllVnis);
  for (const [vni, values] of vnis) addItem(`evpn.vnis[${vni}]`, values);
  return settings;
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function textOf(key: string, value: unknown): string {
  const text = FORMATS[general(key)]?.(value as never) ?? String(value);
  return typeof text === 'string' ? text : `[${text.toSorted().join(', ')}]`;
}

/** The key as the schema has it: without what an item is known by. */
function general(key: string): string {
  return key.replace(/\[[^\]]*\]/g, '[]');
}
