import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type Config,
  ConfigError,
  DEFAULT_STATE_DIRECTORY,
  formatFinding,
  readConfigText,
} from './config/index.js';
import { type ReadConfig, recallConfig, rememberConfig } from './configuration-cache.js';
import type { Log } from './types/index.js';

const COPY = 'last-good.yaml';

/** A problem of the file, as the API shows it. */
interface ConfigurationProblem {
  readonly severity: 'error';
  readonly problem: string;
  readonly fix: string;
}

/**
 * The configuration file during the life of the process. A file that was applied is copied to the state directory; a start that
 * finds a file with faults uses that copy, because a leaf that forwards with yesterday's configuration is
 * better than one that forwards nothing. The fault is logged and listed as a problem in the API until the file is correct.
 */
export class ConfigurationFile {
  problem: ConfigurationProblem | undefined;
  /** The text of the file that is in effect, or of the copy that stands in for it; empty before `start`. */
  applied = '';
  /** True while the copy stands in. */
  standsIn = false;
  /** What #read() took. */
  #taken: ReadConfig | undefined;

  constructor(
    readonly path: string,
    readonly log: Log,
  ) {}

  /** Returns the configuration to start with. Rejects with ConfigError if the file has faults and there is no copy. */
  async start(): Promise<Config> {
    try {
      return await this.#read();
    } catch (error) {
      if (!(error instanceof ConfigError) || error.missing) throw error;
      const config = await this.#lastGood();
      if (!config) throw error;
      this.#reject(error, 'the last good configuration');
      this.standsIn = true;
      return config;
    }
  }

  /** Returns the new configuration; undefined if the file has faults, which are logged and kept as a problem. */
  async reload(): Promise<Config | undefined> {
    try {
      return await this.#read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#reject(error, 'the running configuration');
      return undefined;
    }
  }

  /** The file read last is in effect: clears the problem, and stores a copy for the next start. */
  taken({ stateDirectory }: Config): void {
    const read = this.#taken;
    if (read === undefined) return;
    this.problem = undefined;
    this.applied = read.text;
    this.standsIn = false;
    const path = join(stateDirectory, COPY);
    try {
      mkdirSync(stateDirectory, { recursive: true });
      writeFileSync(`${path}.new`, `${headerOf(this.path)}${read.text}`, { mode: 0o640 });
      renameSync(`${path}.new`, path);
      rememberConfig(stateDirectory, read);
    } catch (error) {
      this.log.warn(
        { path, reason: String(error) },
        'cannot store a copy of the configuration for a start with a faulty file',
      );
    }
  }

  /** Checks a text as if the file had it. Rejects with ConfigError. */
  check(text: string): Promise<ReadConfig> {
    return parse(text, this.path);
  }

  /**
   * Makes a text that was checked ready to take the file's place; nothing has changed until `commit` of what is returned,
   * which returns why the file could not be replaced, if so. Mode, owner and group stay as far as evpnd's user may set them.
   * Throws where it cannot be written.
   */
  prepare(read: ReadConfig): { commit(): string | undefined; cancel(): void } {
    // What a link leads to is the file
    const path = realpathSync(this.path);
    const made = `${path}.new`;
    const cancel = () => rmSync(made, { force: true });
    // What an earlier process left, or another put there
    cancel();
    const { mode, uid, gid } = statSync(path);
    try {
      writeFileSync(made, read.text, { mode: 0o600, flag: 'wx', flush: true });
      keepOwner(made, uid, gid);
      chmodSync(made, mode & 0o777);
    } catch (error) {
      cancel();
      throw error;
    }
    return {
      commit: () => {
        try {
          renameSync(made, path);
        } catch (error) {
          cancel();
          return String(error);
        }
        this.#taken = read;
        this.taken(read.config);
        return undefined;
      },
      cancel,
    };
  }

  /** True where the file has another text than the one in effect, or cannot be read. */
  get hasChanged(): boolean {
    try {
      return this.standsIn || readConfigText(this.path) !== this.applied;
    } catch {
      return true;
    }
  }

  async #read(): Promise<Config> {
    this.#taken = undefined;
    const text = readConfigText(this.path);
    this.#taken = recallConfig(stateDirectoryOf(text), text) ?? (await parse(text, this.path));
    return this.#taken.config;
  }

  async #lastGood(): Promise<Config | undefined> {
    try {
      const directory = stateDirectoryOf(readFileSync(this.path, 'utf8'));
      const text = readFileSync(join(directory, COPY), 'utf8');
      // Two evpnd of one machine may share a state directory; then the copy may be the other's
      if (!text.startsWith(headerOf(this.path))) return undefined;
      this.applied = text;
      return (await parse(text, COPY)).config;
    } catch {
      return undefined;
    }
  }

  #reject({ findings }: ConfigError, stays: string): void {
    const texts = findings.map(formatFinding);
    const count = texts.length === 1 ? 'a fault' : `${texts.length} faults`;
    this.log.error(
      { findings: texts },
      `the configuration file has ${count} and was not applied; ${stays} is in effect`,
    );
    this.problem = {
      severity: 'error',
      problem: `${this.path} has ${count} and was not applied; ${stays} is in effect: ${texts.join(' | ')}`,
      fix: `evpnd --check ${this.path}`,
    };
  }
}

async function parse(text: string, fileName: string): Promise<ReadConfig> {
  const { parseConfigFile } = await import('./config/load.js');
  return { text, ...parseConfigFile(text, fileName) };
}

/** Gives a file to a user and a group, or to the group alone, where this process may. */
function keepOwner(path: string, uid: number, gid: number): void {
  for (const owner of [uid, -1])
    try {
      chownSync(path, owner, gid);
      return;
    } catch {
      // Another user's, which root alone may do
    }
}

function headerOf(path: string): string {
  return `# ${path} as evpnd last took it over. evpnd writes this file; a start with a faulty configuration uses it.\n`;
}

const STATE_DIRECTORY = /^[\s{]*(["']?)state-directory\1\s*:\s*(["']?)(\/[^"'\s,}]*)\2/m;

/** Returns the state directory that a text names, which need not be a configuration, or the default. */
function stateDirectoryOf(text: string): string {
  return STATE_DIRECTORY.exec(text)?.[3] ?? DEFAULT_STATE_DIRECTORY;
}
