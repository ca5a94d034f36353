import test from 'ava';
import { kernelContract } from './kernel-contract.js';
import { MemoryWorld } from './memory-world.js';

for (const { name, run } of kernelContract)
  test(`in-memory kernel: ${name}`, async (t) => {
    const world = new MemoryWorld();
    try {
      await run(world);
    } finally {
      await world.close();
    }
    t.pass();
  });
