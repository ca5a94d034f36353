import { isDeepStrictEqual } from 'node:util';
import type { Speaker } from './bgp/index.js';
import { type Config, diffConfig, type SettingChange, withFixedSettings } from './config/index.js';
import type { Hosts } from './dataplane/index.js';
import type { Evpn } from './evpn/index.js';
import { evpnSettings, speakerConfig } from './settings.js';
import type { Log } from './types/index.js';

/** Who takes settings over while evpnd runs. */
export interface Readers {
  readonly speaker: Pick<Speaker, 'reconfigure'>;
  readonly evpn: Pick<Evpn, 'reconfigure'>;
  readonly hosts: Pick<Hosts, 'reconfigure'>;
  /** Told the configuration that counts, before `evpn`. */
  readonly onConfig: (config: Config) => void;
}

/** The configuration that counts, and what of the file waits for a restart. */
export class RunningConfig {
  #pending: readonly SettingChange[] = [];
  #current: Config;

  constructor(
    config: Config,
    readonly readers: Readers,
    readonly log: Log,
  ) {
    this.#current = config;
  }

  get current(): Config {
    return this.#current;
  }

  /** What the last reload could not take over. */
  get pending(): readonly SettingChange[] {
    return this.#pending;
  }

  /** Takes over what a reload can change and names what it cannot. Where it rejects nothing has changed. */
  async reload(wanted: Config): Promise<void> {
    const { readers, log } = this;
    const before = this.#current;
    const after = withFixedSettings(before, wanted);
    const changes = diffConfig(before, after);
    // The speaker alone may refuse a configuration, so that it is asked before anything else has changed
    if (changes.length > 0) await readers.speaker.reconfigure(speakerConfig(after));
    this.#pending = diffConfig(after, wanted);
    if (this.#pending.length > 0)
      log.warn(namedChanges(this.#pending), 'these settings take effect after a restart');
    if (changes.length === 0) {
      log.info({}, 'configuration reloaded: nothing changed');
      return;
    }
    this.#current = after;
    readers.onConfig(after);
    readers.evpn.reconfigure(evpnSettings(after));
    const { neighborRefresh } = after.evpn;
    if (!isDeepStrictEqual(neighborRefresh, before.evpn.neighborRefresh))
      readers.hosts.reconfigure(neighborRefresh);
    log.info(namedChanges(changes), 'configuration reloaded');
  }
}

/** Changes that one line names; a file may be another altogether. */
const NAMED_CHANGES = 50;

/** Changes for a line of the log. */
function namedChanges(changes: readonly SettingChange[]): object {
  const more = changes.length - NAMED_CHANGES;
  return { changes: changes.slice(0, NAMED_CHANGES), ...(more > 0 && { more }) };
}
