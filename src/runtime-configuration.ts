import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type {
  ConfigChangeOptions,
  ConfigOutcome,
  ConfigRefusal,
  ConfigState,
  Configuration,
} from './api/configuration.js';
import { type ConfigEdit, ConfigError, formatFinding, ITEM_LISTS, type Mapping } from './config/index.js';
import type { ReadConfig } from './configuration-cache.js';
import type { ConfigurationFile } from './configuration-file.js';
import type { Daemon } from './daemon.js';

/** What a step that failed leaves: nothing changed. */
class Refused extends Error {
  constructor(readonly refusal: ConfigRefusal) {
    super(refusal.detail);
  }
}

const refuse = (refused: ConfigRefusal['refused'], detail: string, findings?: readonly string[]) =>
  new Refused({ refused, detail, ...(findings && { findings }) });

/**
 * Changes of the configuration while evpnd runs, one at a time with the reloads of the file. A change is made of the text
 * in effect and, where it is to be saved, of the file's; both must be without a fault before anything changes.
 */
export class RuntimeConfiguration implements Configuration {
  /** What is in effect beside the file; undefined where it is the file's text. */
  #unsaved: string | undefined;
  #daemon: Pick<Daemon, 'reload'> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly file: Pick<
      ConfigurationFile,
      'path' | 'applied' | 'standsIn' | 'hasChanged' | 'check' | 'prepare'
    >,
  ) {}

  /** From now on changes are made. */
  serve(daemon: Pick<Daemon, 'reload'>): void {
    this.#daemon = daemon;
  }

  /** The file is in effect as it is: what was not saved is gone. */
  reloaded(): void {
    this.#unsaved = undefined;
  }

  /** Runs a step when those before it are done. */
  inTurn<Value>(step: () => Promise<Value>): Promise<Value> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => {});
    return done;
  }

  state(): ConfigState {
    return {
      etag: createHash('sha256').update(this.#text).digest('base64url').slice(0, 16),
      isSaved: this.#unsaved === undefined && !this.file.standsIn,
    };
  }

  async content(): Promise<Mapping> {
    const { contentOf } = await import('./config/edit.js');
    return contentOf(this.#text);
  }

  async item(list: string, key: string): Promise<Mapping | undefined> {
    const { itemOf } = await import('./config/edit.js');
    return ITEM_LISTS.includes(list) ? itemOf(this.#text, list, key) : undefined;
  }

  change(edit: ConfigEdit, options: ConfigChangeOptions): Promise<ConfigOutcome | ConfigRefusal> {
    return this.inTurn(async () => {
      try {
        return await this.#change(edit, options);
      } catch (error) {
        if (error instanceof Refused) return error.refusal;
        throw error;
      }
    });
  }

  get #text(): string {
    return this.#unsaved ?? this.file.applied;
  }

  async #change(edit: ConfigEdit, { isSaved, ifMatch }: ConfigChangeOptions): Promise<ConfigOutcome> {
    const { file } = this;
    const { etag } = this.state();
    if (!this.#daemon) throw refuse('not-ready', 'evpnd starts; ask again in a second');
    if (ifMatch !== undefined && !ifMatch.includes(etag))
      throw refuse('wrong-etag', `the configuration has changed meanwhile: its etag is ${etag}`);
    const { wanted, toSave } = await this.#wanted(edit, isSaved);
    // What the file has already needs no permission to write it
    const isInFile = toSave?.text === file.applied && !file.standsIn && !file.hasChanged;
    const saved = toSave && !isInFile ? this.#prepared(toSave) : undefined;
    let outcome: Awaited<ReturnType<Daemon['reload']>>;
    try {
      outcome = await this.#daemon.reload(wanted.config);
    } catch (error) {
      saved?.cancel();
      throw refuse('invalid-configuration', error instanceof Error ? error.message : String(error));
    }
    // What is in effect already stays so, also where the file has gone meanwhile
    const notSaved = saved?.commit();
    const isSame =
      wanted.text === file.applied ||
      (toSave && notSaved === undefined && isDeepStrictEqual(wanted.config, toSave.config));
    this.#unsaved = isSame && !file.standsIn ? undefined : wanted.text;
    return { state: this.state(), ...outcome, ...(notSaved !== undefined && { notSaved }) };
  }

  /** What is to be in effect and, where it is to be saved, in the file. */
  async #wanted(edit: ConfigEdit, isSaved: boolean): Promise<{ wanted: ReadConfig; toSave?: ReadConfig }> {
    const { file } = this;
    if (this.#unsaved === undefined || !isSaved) {
      const wanted = await this.#edited(this.#text, edit);
      return isSaved ? { wanted, toSave: wanted } : { wanted };
    }
    // What is deleted may be in one of them alone
    const [wanted, toSave] = [await this.#orSame(this.#text, edit), await this.#orSame(file.applied, edit)];
    if (!wanted.isEdited && !toSave.isEdited) throw wanted.refused;
    return { wanted: wanted.read, toSave: toSave.read };
  }

  async #edited(text: string, edit: ConfigEdit): Promise<ReadConfig> {
    const { EditError, editConfig } = await import('./config/edit.js');
    try {
      const changed = editConfig(text, edit);
      return await this.file.check(changed);
    } catch (error) {
      if (error instanceof EditError)
        throw refuse(error.code === 'no-such-item' ? error.code : 'invalid-configuration', error.message);
      if (!(error instanceof ConfigError)) throw error;
      const findings = error.findings.map(formatFinding);
      throw refuse('invalid-configuration', findings[0], findings);
    }
  }

  /** As #edited, or the same text where it has not what the change deletes. */
  async #orSame(text: string, edit: ConfigEdit) {
    try {
      return { read: await this.#edited(text, edit), isEdited: true } as const;
    } catch (refused) {
      if (!(refused instanceof Refused) || refused.refusal.refused !== 'no-such-item') throw refused;
      return { read: await this.file.check(text), isEdited: false, refused } as const;
    }
  }

  /** The file as it is to be, not yet in its place. */
  #prepared(read: ReadConfig) {
    const { file } = this;
    if (file.hasChanged)
      throw refuse(
        'file-changed',
        `${file.path} has another content than evpnd read, or is gone: check it and reload (systemctl reload evpnd), or make the change ephemeral`,
      );
    try {
      return file.prepare(read);
    } catch (error) {
      throw refuse(
        'not-saved',
        `${file.path} cannot be written (${error instanceof Error ? error.message : error}): give evpnd's user the folder, and the unit ReadWritePaths= of it; or make the change ephemeral`,
      );
    }
  }
}
