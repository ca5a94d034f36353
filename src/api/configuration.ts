import type { ConfigEdit, Mapping, SettingChange } from '../config/index.js';

/** What a change of the configuration came to. */
export interface ConfigOutcome {
  readonly state: ConfigState;
  /** What changed. */
  readonly changes: readonly SettingChange[];
  /** What waits for a restart. */
  readonly waiting: readonly SettingChange[];
  /** Why the file could not be written in the end; the change is in effect. */
  readonly notSaved?: string;
}

/** The configuration in effect. */
export interface ConfigState {
  /** Another one for another content. */
  readonly etag: string;
  /** True where the file has the same. */
  readonly isSaved: boolean;
}

/** Why a change was not made; nothing has changed. */
export interface ConfigRefusal {
  readonly refused:
    | 'invalid-configuration'
    | 'wrong-etag'
    | 'file-changed'
    | 'not-saved'
    | 'no-such-item'
    | 'not-ready';
  readonly detail: string;
  /** The faults of the configuration as it would be, one by one. */
  readonly findings?: readonly string[];
}

/** How a change is made. */
export interface ConfigChangeOptions {
  /** False: only until evpnd restarts or reloads the file. */
  readonly isSaved: boolean;
  /** The change is made only where the present etag is one of these. */
  readonly ifMatch: readonly string[] | undefined;
}

/** The configuration as it is read and changed while evpnd runs. */
export interface Configuration {
  state(): ConfigState;
  /** The whole, as the file would have it. */
  content(): Promise<Mapping>;
  /** An item of a list; undefined where there is none, or no such list. */
  item(list: string, key: string): Promise<Mapping | undefined>;
  change(edit: ConfigEdit, options: ConfigChangeOptions): Promise<ConfigOutcome | ConfigRefusal>;
}
