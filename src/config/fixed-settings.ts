import { formatIp, formatPrefix } from '../types/index.js';
import type { Config, ListenRangeConfig, NeighborConfig } from './config.js';
import type { FamilyName } from './families.js';
import { remoteAsOf } from './remote-as.js';
import { camelCase, type Rows } from './setting.js';
import { SETTINGS } from './settings.js';

/**
 * A reload's configuration with the settings that only a restart can change left as they are. What fits the others of the file
 * and not these waits for the restart with them, so that the result is one that the loader would take.
 */
export function withFixedSettings(running: Config, wanted: Config): Config {
  const after = fixed(SETTINGS, running, wanted);
  return {
    ...after,
    neighbors: neighborsFor(running, wanted),
    listenRanges: listenRangesFor(running, wanted),
  };
}

/** `wanted`, with what `rows` fix as `running` has it. */
function fixed<Values extends object>(rows: Rows, running: Values, wanted: Values): Values {
  const values = { ...wanted } as Record<string, unknown>;
  const before = running as Readonly<Record<string, unknown>>;
  for (const [key, row] of Object.entries(rows)) {
    const name = camelCase(key);
    if (row.kind === 'section')
      values[name] = fixed(row.rows, before[name] as object, values[name] as object);
    else if (row.kind === 'setting' && row.effect === 'restart') values[name] = before[name];
  }
  return values as Values;
}

/** What a neighbor or a listen range is known by: in two VRFs there may be one at the same place. */
function keyOf(vrf: string | undefined, place: string | undefined): string {
  return `${vrf ?? ''}@${place}`;
}

/** Returns the identity of a neighbor: its address, or its interface, and its VRF. */
function placeOf({ vrf, address, interface: link }: NeighborConfig): string {
  return keyOf(vrf, link ?? (address && formatIp(address)));
}

function neighborsFor(running: Config, wanted: Config): NeighborConfig[] {
  const standing = new Map(running.neighbors.map((neighbor) => [placeOf(neighbor), neighbor]));
  const isHeard = running.bgp.listen.length > 0;
  return wanted.neighbors.flatMap((neighbor) => {
    const before = standing.get(placeOf(neighbor));
    // Whoever has our router id now, and one that connects to nobody where nobody listens, is no neighbor before the restart
    if (neighbor.address === running.routerId) return [];
    const isPassive = neighbor.passive && !isHeard;
    if (isPassive && before === undefined) return [];
    return settled(neighbor, before, running, wanted).map((each) =>
      isPassive ? { ...each, passive: false } : each,
    );
  });
}

function listenRangesFor(running: Config, wanted: Config): ListenRangeConfig[] {
  if (running.bgp.listen.length === 0) return [];
  const rangeOf = ({ vrf, prefix }: ListenRangeConfig) => keyOf(vrf, formatPrefix(prefix));
  const standing = new Map(running.listenRanges.map((range) => [rangeOf(range), range]));
  return wanted.listenRanges.flatMap((range) =>
    settled(range, standing.get(rangeOf(range)), running, wanted),
  );
}

type Settled = Pick<NeighborConfig, 'vrf' | 'remoteAs' | 'localAs' | 'families'>;

/** The neighbor as it is to be until the restart; none where nothing can be spoken with it. */
function settled<Neighbor extends Settled>(
  neighbor: Neighbor,
  before: Settled | undefined,
  running: Config,
  wanted: Config,
): Neighbor[] {
  const families = familiesFor(neighbor, before, running);
  if (families.length === 0) return [];
  const remoteAs = asFor(neighbor, before, running, wanted);
  // Of our own AS nobody is in a VRF
  if (neighbor.vrf !== undefined && remoteAs === 'internal') return [];
  return [{ ...neighbor, families, remoteAs }];
}

/** The AS of a neighbor was read by the AS that we are to be: for one that stands that counts when we are. */
function asFor({ remoteAs, localAs }: Settled, before: Settled | undefined, running: Config, wanted: Config) {
  if (running.asn === wanted.asn || localAs !== undefined) return remoteAs;
  if (before !== undefined && before.localAs === undefined) return before.remoteAs;
  return remoteAsOf(remoteAs === 'internal' ? wanted.asn : remoteAs, running.asn);
}

/** Unicast families of the underlay have their RIBs from the start or never; those of a VRF come with its first neighbor. */
function familiesFor(
  { families, vrf }: Settled,
  before: Settled | undefined,
  { underlay }: Config,
): readonly FamilyName[] {
  if (underlay.enabled || vrf !== undefined) return families;
  const spoken = families.filter((family) => family === 'l2vpn-evpn');
  if (spoken.length === families.length) return families;
  return spoken.length > 0 ? spoken : (before?.families ?? []);
}
