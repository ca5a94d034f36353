import type { Config } from './config.js';
import { camelCase, type Rows } from './setting.js';
import { SETTINGS } from './settings.js';

/** A reload's configuration with the settings that only a restart can change left as they are. */
export function withFixedSettings(running: Config, wanted: Config): Config {
  return fixed(SETTINGS, running, running.asn === wanted.asn ? wanted : withRunningAs(running, wanted));
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

/** Which AS a neighbor is in was read by the AS that we are to be: that counts when we are. */
function withRunningAs(running: Config, wanted: Config): Config {
  return {
    ...wanted,
    neighbors: wanted.neighbors.map((neighbor) => {
      const before = running.neighbors.find(({ address }) => address === neighbor.address);
      return before ? { ...neighbor, remoteAs: before.remoteAs } : neighbor;
    }),
    listenRanges: wanted.listenRanges.map((range) => {
      const before = running.listenRanges.find(({ prefix }) => prefix === range.prefix);
      return before ? { ...range, remoteAs: before.remoteAs } : range;
    }),
  };
}
