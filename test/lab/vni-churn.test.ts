import test from 'ava';
import { churnVnis, describeChurn } from '../../bench/vni-churn.js';

test('VNIs that are made and deleted in the kernel and by the API, a thousand a minute, leave nothing behind', async (t) => {
  t.timeout(180_000);
  await churnVnis(0.5, 1000, async (step) => {
    const made = await step();
    t.log(describeChurn(made));
    t.true(made.cycles > 0);
  });
});
