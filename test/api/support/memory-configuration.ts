import { type Config, diffConfig } from '../../../src/config/index.js';
import { parseConfig, parseConfigFile } from '../../../src/config/load.js';
import type { ReadConfig } from '../../../src/configuration-cache.js';
import { RuntimeConfiguration } from '../../../src/runtime-configuration.js';

const PATH = '/etc/evpnd/evpnd.yaml';

/** A configuration whose file is in memory. */
export class MemoryConfiguration extends RuntimeConfiguration {
  /** What stands in the file; a test may write it. */
  onDisk: string;
  /** Configurations that were taken. */
  readonly taken: Config[] = [];
  /** Why the daemon refuses the next one. */
  refusal: string | undefined;
  /** Why the file cannot be written. */
  unwritable: string | undefined;

  constructor(text = 'asn: 65001\nrouter-id: 10.0.0.1\nneighbors: [] # none yet\n') {
    const file = {
      path: PATH,
      applied: text,
      standsIn: false,
      isChanged: () => false,
      get hasChanged() {
        return this.isChanged();
      },
      check: async (wanted: string) => ({ text: wanted, ...parseConfigFile(wanted, PATH) }),
      prepare: ({ text: wanted }: ReadConfig) => this.#prepare(wanted, file),
    };
    super(file);
    file.isChanged = () => this.onDisk !== file.applied;
    this.onDisk = text;
    let current = parseConfig(text, PATH);
    this.serve({
      reload: async (wanted) => {
        if (this.refusal !== undefined) throw new Error(this.refusal);
        const changes = diffConfig(current, wanted);
        current = wanted;
        this.taken.push(wanted);
        return { changes, waiting: [] };
      },
    });
  }

  #prepare(wanted: string, file: { applied: string }) {
    if (this.unwritable !== undefined) throw new Error(this.unwritable);
    return {
      commit: () => {
        this.onDisk = wanted;
        file.applied = wanted;
        return undefined;
      },
      cancel: () => {},
    };
  }
}
