import test from 'ava';
import { runScenarioInQemu, runScenarioOnOldestKernel } from './support/machine-scenario.js';

/**
 * Seeds from and to: `EVPND_ORDERS=1-1000 npx ava build/test/lab/routed-orders.test.js` takes an hour, `EVPND_ORDERS=17-17` is the
 * order of that seed alone. With `EVPND_ORDERS_KERNEL=newer` they run on the newer kernel, in QEMU.
 */
const orders = process.env.EVPND_ORDERS ?? '3-6';
const [first, last] = orders.split('-').map(Number);
const isNewer = process.env.EVPND_ORDERS_KERNEL === 'newer';
const run = isNewer ? runScenarioInQemu : runScenarioOnOldestKernel;

test('VRFs, L3VNIs, SVIs and VNIs that come, move and go in any order: rows and traffic are as the devices ask', async (t) => {
  // QEMU emulates the processor
  const seconds = (180 + 15 * (last - first + 1)) * (isNewer ? 5 : 1);
  await run(t, 'routed-orders-scenario.js', 2, seconds, { env: { EVPND_ORDERS: orders } });
});
