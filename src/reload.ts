import { isDeepStrictEqual } from 'node:util';
import type { Speaker } from './bgp/index.js';
import {
  type Config,
  diffConfig,
  namedChanges,
  type SettingChange,
  withFixedSettings,
} from './config/index.js';
import type { Hosts } from './dataplane/index.js';
import { type EventSink, NO_EVENTS } from './events/index.js';
import type { Evpn } from './evpn/index.js';
import { evpnSettings, speakerConfig } from './settings.js';
import type { Log } from './types/index.js';
import type { Underlay, VrfUnderlays } from './underlay/index.js';

/** The parts that apply settings while evpnd runs. */
export interface Readers {
  readonly speaker: Pick<Speaker, 'reconfigure'>;
  readonly evpn: Pick<Evpn, 'reconfigure'>;
  /** undefined where it is off. */
  readonly underlay?: Pick<Underlay, 'reconfigure'> | undefined;
  readonly vrfUnderlays?: Pick<VrfUnderlays, 'reconfigure'>;
  readonly hosts: Pick<Hosts, 'reconfigure'>;
  /** Called with the effective configuration, before `evpn`. */
  readonly onConfig: (config: Config) => void;
}

/** What a reload came to. */
export interface ReloadOutcome {
  readonly changes: readonly SettingChange[];
  /** What takes effect after a restart. */
  readonly waiting: readonly SettingChange[];
}

/** The effective configuration, and the settings of the file that wait for a restart. */
export class RunningConfig {
  #pending: readonly SettingChange[] = [];
  #current: Config;

  constructor(
    config: Config,
    readonly readers: Readers,
    readonly log: Log,
    readonly events: EventSink = NO_EVENTS,
  ) {
    this.#current = config;
  }

  get current(): Config {
    return this.#current;
  }

  /** Settings that the last reload could not apply. */
  get pending(): readonly SettingChange[] {
    return this.#pending;
  }

  /** Applies what a reload can change and logs what it cannot. If it rejects, nothing has changed. */
  async reload(wanted: Config): Promise<ReloadOutcome> {
    const { readers, log } = this;
    const before = this.#current;
    const after = withFixedSettings(before, wanted);
    const changes = diffConfig(before, after);
    // Only the speaker may refuse a configuration, so it comes before any other change
    if (changes.length > 0) await readers.speaker.reconfigure(speakerConfig(after));
    this.#pending = diffConfig(after, wanted);
    if (this.#pending.length > 0)
      log.warn(namedChanges(this.#pending), 'these settings take effect after a restart');
    if (changes.length === 0) {
      log.info({}, 'configuration reloaded: nothing changed');
      return { changes, waiting: this.#pending };
    }
    this.#current = after;
    readers.onConfig(after);
    readers.evpn.reconfigure(evpnSettings(after));
    if (!isDeepStrictEqual(after.underlay, before.underlay)) {
      readers.underlay?.reconfigure(after.underlay);
      readers.vrfUnderlays?.reconfigure(after.underlay);
    }
    const { neighborRefresh } = after.evpn;
    if (!isDeepStrictEqual(neighborRefresh, before.evpn.neighborRefresh))
      readers.hosts.reconfigure(neighborRefresh);
    const named = namedChanges(changes);
    this.events.push({ kind: 'settings-changed', ...named });
    log.info(named, 'configuration reloaded');
    return { changes, waiting: this.#pending };
  }
}
