import test from 'ava';
import { explainCases } from './support/explain-cases.js';
import { ExplainFabric } from './support/explain-fabric.js';

/*
 * In a fabric that has one of each case, whatever anybody has heard of is explained, and what is told is what iproute2
 * shows of leaf1's kernel and what the spine has of its routes.
 */
let scene: ExplainFabric;
test.before(async () => {
  scene = await ExplainFabric.create('traditional', { locksPort: true });
});
test.after.always(() => scene?.remove());

test('one of each case on bridges that look at no tags', async (t) => {
  t.timeout(90_000);
  for (const { name, run } of explainCases(scene)) await t.notThrowsAsync(run(), name);
});
