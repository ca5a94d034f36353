import { LinuxKernel } from '../../src/linux/index.js';
import { silentLog } from '../../src/types/index.js';
import { kernelContract } from '../dataplane/kernel-contract.js';
import { LinuxWorld } from './linux-commands.js';
import { runCases } from './linux-namespace.js';

await runCases(
  kernelContract.map(({ name, run }) => ({
    name,
    async run() {
      const world = new LinuxWorld(new LinuxKernel({ log: silentLog }));
      try {
        await run(world);
      } finally {
        await world.close();
      }
    },
  })),
);
