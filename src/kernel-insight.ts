import type { KernelInsight } from './api/index.js';
import type { LinuxKernel } from './linux/index.js';

/**
 * Reads the facts about the running kernel that the API shows. The switch ASIC does not change once it is found; where it is not, as
 * before its driver is loaded, it is asked for again with its tables.
 */
export async function kernelInsight(kernel: LinuxKernel, receiveBufferBytes: number): Promise<KernelInsight> {
  let asic = await kernel.asic();
  return {
    stats() {
      const { overruns, resyncs } = kernel.stats();
      return { receiveBufferBytes, overruns, resyncs };
    },
    switchAsic: () => asic ?? null,
    async asicTables() {
      asic ??= await kernel.asic();
      return asic ? await kernel.asicTables(asic) : [];
    },
    offloadedNeighs: (ifindex) => kernel.offloadedNeighs(ifindex),
  };
}
