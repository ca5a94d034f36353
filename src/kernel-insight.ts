import type { KernelInsight } from './api/index.js';
import type { LinuxKernel } from './linux/index.js';

/** What the API wants to know of the running kernel; the switch ASIC is asked for once, it does not come and go. */
export async function kernelInsight(kernel: LinuxKernel, receiveBufferBytes: number): Promise<KernelInsight> {
  const asic = await kernel.asic();
  return {
    stats() {
      const { overruns, resyncs } = kernel.stats();
      return { receiveBufferBytes, overruns, resyncs };
    },
    switchAsic: () => asic ?? null,
    async readFdb(ifindex) {
      const { bridge, vxlan } = await kernel.readFdb(ifindex);
      return [...bridge, ...vxlan];
    },
  };
}
