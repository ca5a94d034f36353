import test from 'ava';
import { MemoryRouteWorld } from './memory-route-world.js';
import { routeContract } from './route-contract.js';

for (const { name, run } of routeContract)
  test.serial(`in-memory kernel: ${name}`, async (t) => {
    const world = new MemoryRouteWorld();
    try {
      await run(world);
    } finally {
      await world.close();
    }
    t.pass();
  });
