import test from 'ava';
import { LinuxKernel } from '../../src/linux/index.js';
import { silentLog } from '../../src/types/index.js';
import { kernelContract, type World } from '../dataplane/kernel-contract.js';
import { MemoryWorld } from '../dataplane/memory-world.js';
import { MemoryRtnetlink } from '../doubles/memory-rtnetlink.js';

/** The kernel of the daemon on the netlink of a kernel in memory, which the foreigner changes past it. */
function world(): World {
  const memory = new MemoryWorld();
  const sockets = new MemoryRtnetlink(memory.kernel).sockets();
  const kernel = new LinuxKernel({ log: silentLog, sockets });
  const close = async (): Promise<void> => {
    kernel.close();
    await memory.close();
  };
  return new Proxy(memory, {
    get: (target, name) => {
      if (name === 'kernel') return kernel;
      if (name === 'close') return close;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }) as unknown as World;
}

for (const { name, run } of kernelContract)
  test(`netlink in memory: ${name}`, async (t) => {
    const it = world();
    try {
      await run(it);
    } finally {
      await it.close();
    }
    t.pass();
  });
