import test from 'ava';
import { Fabric, waitUntilConverged } from '../../lab/index.js';
import { followPorts, idleBridge } from './support/amid-bulk-events.js';
import { BulkLeaf } from './support/amid-bulk-round.js';
import { ScriptedPeer } from './support/scripted-peer.js';

/*
 * Something changes amid a bulk of routes: ports and MACs of bridges, SVIs and VXLAN devices, tables that a hand flushes, a
 * receive buffer that is overrun. The rows are exact soon after, and `explain` never says of a row that is not there that
 * it fits. EVPND_RUNS says how many rounds, EVPND_SEED the first one's seed.
 */
const runs = Number(process.env.EVPND_RUNS ?? 40);
const first = Number(process.env.EVPND_SEED ?? 1);
const PEER = '10.0.0.101';

test('rows are exact soon after whatever changes amid a bulk, and explain claims nothing that is not so', async (t) => {
  t.timeout(60_000 + runs * 10_000);
  const neighbors = (i: number) => [
    { address: `10.1.${i}.0`, 'remote-as': 65000 },
    { address: PEER, 'remote-as': 65009, passive: true },
  ];
  const fabric = await Fabric.create({
    leaves: [
      { engine: 'evpnd', config: { neighbors: neighbors(1) } },
      {
        engine: 'evpnd',
        config: { neighbors: neighbors(2), kernel: { 'receive-buffer-bytes': 65_536 } },
      },
    ],
  });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  const leaves: BulkLeaf[] = [];
  for (const [i, leaf] of fabric.plan.leaves.entries()) {
    const { name } = leaf;
    await followPorts(fabric, leaf);
    await idleBridge(fabric, name);
    await fabric.exec(name, 'ip', 'route', 'add', PEER, 'via', `10.1.${i + 1}.0`);
    const at = { node: 'spine1', address: PEER, asn: 65009, neighbor: `10.1.${i + 1}.1`, vni: 10010 };
    const peer = await ScriptedPeer.start(fabric, at);
    t.teardown(() => peer.stop());
    const leafUnderTest = new BulkLeaf(fabric, name, peer, i === 1);
    await leafUnderTest.begin();
    leaves.push(leafUnderTest);
  }
  const failed: string[] = [];
  const took: number[] = [];
  for (let n = 0; n < runs; n++) {
    const seed = first + n;
    const round = await leaves[seed % leaves.length]!.round(seed);
    took.push(round.took);
    if (round.faults.length > 0) {
      failed.push(`seed ${seed}: ${round.story}\n  ${round.faults.join('\n  ')}`);
      t.log(failed.at(-1));
    }
  }
  took.sort((a, b) => a - b);
  t.log(`${runs} rounds: half within ${took[runs >> 1]} ms, the last after ${took.at(-1)} ms`);
  t.deepEqual(failed, []);
});
