import test from 'ava';
import { Sweeps } from '../../src/bgp/sweeps.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('what takes long of each path ends a slice of a sweep sooner, and all are found', async (t) => {
  const clock = new VirtualClock();
  const neighbor = { held: 100 };
  const destinations = Array.from({ length: 100 }, (_, n) => ({
    n,
    pathOf: () => ({ arrival: { epoch: 0 } }),
  }));
  const taken: number[] = [];
  const weighed: number[] = [];
  const sweeps = new Sweeps(clock, { entries: () => destinations.values() } as never, {
    take: (_neighbor, destination) => {
      taken.push((destination as unknown as { n: number }).n);
      clock.spend(1);
    },
    weigh: () => weighed.push(taken.length),
  });
  const gone = sweeps.start(neighbor as never, 1);
  t.true(taken.length < 20, `${taken.length} in the first slice`);
  clock.runUntilIdle();
  await gone;
  t.deepEqual(
    taken,
    destinations.map(({ n }) => n),
  );
  t.true(weighed.length >= 10);
});

test('a fault of the first slice is told to whoever begins a sweep, and the next one finds all', async (t) => {
  const clock = new VirtualClock();
  const found: number[] = [];
  let isFaulty = true;
  const sweeps = new Sweeps(
    clock,
    {
      entries: () => [1, 2].map((n) => ({ n, pathOf: () => ({ arrival: { epoch: 0 } }) })).values(),
    } as never,
    {
      take: (_neighbor, destination) => {
        if (isFaulty) throw new Error('a fault');
        found.push((destination as unknown as { n: number }).n);
      },
      weigh: () => {},
    },
  );
  const neighbor = { held: 2 } as never;
  t.throws(() => sweeps.start(neighbor, 1), { message: 'a fault' });
  isFaulty = false;
  await sweeps.start(neighbor, 1);
  t.deepEqual(found, [1, 2]);
});
