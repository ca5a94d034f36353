import type { KernelInsight } from './api/index.js';
import type { LinuxKernel } from './linux/index.js';

/** Reads the facts about the running kernel that the API shows; the switch ASIC is read once, since it does not change. */
export async function kernelInsight(kernel: LinuxKernel, receiveBufferBytes: number): Promise<KernelInsight> {
  const asic = await kernel.asic();
  return {
    stats() {
      const { overruns, resyncs } = kernel.stats();
      return { receiveBufferBytes, overruns, resyncs };
    },
    switchAsic: () => asic ?? null,
    asicTables: async () => (asic ? await kernel.asicTables(asic) : []),
    async readFdb(ifindex) {
      const { bridge, vxlan } = await kernel.readFdb(ifindex);
      return [...bridge, ...vxlan];
    },
  };
}
