import { isDeepStrictEqual } from 'node:util';
import type { Ip, Vni } from '../types/index.js';
import type {
  Config,
  DuplicateDetectionConfig,
  FloodingConfig,
  LogLevel,
  NeighborConfig,
  NeighborRefreshConfig,
  VniConfig,
} from './config.js';

/** A neighbour that both configurations have, with other settings. */
export interface NeighborChange {
  readonly before: NeighborConfig;
  readonly after: NeighborConfig;
  readonly fields: readonly (keyof NeighborConfig)[];
  /** True where the new settings count only for a new session. */
  readonly resetsSession: boolean;
}

/** A VNI whose own settings differ; undefined on the side that does not list it. */
export interface VniChange {
  readonly vni: Vni;
  readonly before: VniConfig | undefined;
  readonly after: VniConfig | undefined;
}

/** What a reload has to do. What is not named here did not change and must not be touched. */
export interface ConfigDiff {
  /** True where nothing changed at all. */
  readonly same: boolean;
  /** Keys, as the file writes them, whose new value counts only after a restart. */
  readonly restart: readonly string[];
  readonly neighbors: {
    readonly added: readonly NeighborConfig[];
    readonly removed: readonly NeighborConfig[];
    readonly changed: readonly NeighborChange[];
  };
  readonly vnis: readonly VniChange[];
  /** The new value, where it changed. */
  readonly advertiseAllVni: boolean | undefined;
  /** The new value, where it changed. */
  readonly flooding: FloodingConfig | undefined;
  /** The new values, where any changed. */
  readonly neighborRefresh: NeighborRefreshConfig | undefined;
  /** The new values, where one changed. */
  readonly gateways:
    | { readonly advertiseSviIp: boolean; readonly advertiseDefaultGateway: boolean }
    | undefined;
  /** The new value, where it changed. */
  readonly managePortSettings: boolean | undefined;
  /** The new values, where any changed. */
  readonly duplicateDetection: DuplicateDetectionConfig | undefined;
  /** The new value, where it changed. */
  readonly onStop: 'flush' | 'preserve' | undefined;
  /** The new value, where it changed. */
  readonly logLevel: LogLevel | undefined;
}

/** Settings that are fixed when the process starts: they name sockets, buffers and identities. */
const FIXED: readonly (readonly [string, (config: Config) => unknown])[] = [
  ['asn', (config) => config.asn],
  ['router-id', (config) => config.routerId],
  ['bgp.listen', (config) => config.bgp.listen],
  ['bgp.port', (config) => config.bgp.port],
  ['evpn.auto-rt', (config) => config.evpn.autoRt],
  ['evpn.snooping', (config) => config.evpn.snooping],
  ['api.unix-socket', (config) => config.api.unixSocket],
  ['api.listen', (config) => config.api.listen],
  ['kernel.receive-buffer-bytes', (config) => config.kernel.receiveBufferBytes],
  ['sweep-deferral-time', (config) => config.sweepDeferralTime],
  ['state-directory', (config) => config.stateDirectory],
];

/** Settings of a neighbour that a running session takes over. */
const HITLESS: ReadonlySet<keyof NeighborConfig> = new Set(['description', 'connectRetryTime']);

/** What changed from `before` to `after`; the order of lists in the file does not count. */
export function diffConfig(before: Config, after: Config): ConfigDiff {
  const restart = FIXED.filter(([, value]) => !isDeepStrictEqual(value(before), value(after))).map(
    ([key]) => key,
  );
  const neighbors = diffNeighbors(before.neighbors, after.neighbors);
  const vnis = diffVnis(before.evpn.vnis, after.evpn.vnis);
  const advertiseAllVni = changed(before.evpn.advertiseAllVni, after.evpn.advertiseAllVni);
  const flooding = changed(before.evpn.flooding, after.evpn.flooding);
  const neighborRefresh = isDeepStrictEqual(before.evpn.neighborRefresh, after.evpn.neighborRefresh)
    ? undefined
    : after.evpn.neighborRefresh;
  const { advertiseSviIp, advertiseDefaultGateway } = after.evpn;
  const gateways =
    before.evpn.advertiseSviIp === advertiseSviIp &&
    before.evpn.advertiseDefaultGateway === advertiseDefaultGateway
      ? undefined
      : { advertiseSviIp, advertiseDefaultGateway };
  const managePortSettings = changed(before.managePortSettings, after.managePortSettings);
  const duplicateDetection = isDeepStrictEqual(before.evpn.duplicateDetection, after.evpn.duplicateDetection)
    ? undefined
    : after.evpn.duplicateDetection;
  const onStop = changed(before.onStop, after.onStop);
  const logLevel = changed(before.log.level, after.log.level);
  const same =
    restart.length === 0 &&
    neighbors.added.length + neighbors.removed.length + neighbors.changed.length === 0 &&
    vnis.length === 0 &&
    advertiseAllVni === undefined &&
    flooding === undefined &&
    neighborRefresh === undefined &&
    gateways === undefined &&
    managePortSettings === undefined &&
    duplicateDetection === undefined &&
    onStop === undefined &&
    logLevel === undefined;
  return {
    same,
    restart,
    neighbors,
    vnis,
    advertiseAllVni,
    flooding,
    neighborRefresh,
    gateways,
    managePortSettings,
    duplicateDetection,
    onStop,
    logLevel,
  };
}

function diffNeighbors(before: readonly NeighborConfig[], after: readonly NeighborConfig[]) {
  const old = byAddress(before);
  const young = byAddress(after);
  return {
    added: after.filter((neighbor) => !old.has(neighbor.address)),
    removed: before.filter((neighbor) => !young.has(neighbor.address)),
    changed: after.flatMap((neighbor) => neighborChange(old.get(neighbor.address), neighbor)),
  };
}

function neighborChange(before: NeighborConfig | undefined, after: NeighborConfig): NeighborChange[] {
  if (before === undefined) return [];
  const fields = (Object.keys(after) as (keyof NeighborConfig)[]).filter(
    (field) => before[field] !== after[field],
  );
  if (fields.length === 0) return [];
  return [{ before, after, fields, resetsSession: fields.some((field) => !HITLESS.has(field)) }];
}

function diffVnis(before: ReadonlyMap<Vni, VniConfig>, after: ReadonlyMap<Vni, VniConfig>): VniChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((vni) => ({ vni, before: before.get(vni), after: after.get(vni) }))
    .filter((change) => !isDeepStrictEqual(change.before, change.after));
}

function byAddress(neighbors: readonly NeighborConfig[]): ReadonlyMap<Ip, NeighborConfig> {
  return new Map(neighbors.map((neighbor) => [neighbor.address, neighbor]));
}

function changed<Value>(before: Value, after: Value): Value | undefined {
  return before === after ? undefined : after;
}
