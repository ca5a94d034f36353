import test from 'ava';
import { SnoopShares } from '../../src/linux/snoop-shares.js';

const WINDOW = 100;

/** What comes by each device a window, and of that what the filter lets through and what is looked at. */
function run(windows: number, shares: SnoopShares, rates: ReadonlyMap<number, number>) {
  const passing = new Map<number, number>();
  for (const { ifindex, threshold } of shares.sampled) passing.set(ifindex, threshold / 2 ** 32);
  const seen = new Map<number, number[]>();
  let changes = 0;
  for (let window = 0; window < windows; window++) {
    for (const [ifindex, rate] of rates) {
      let taken = 0;
      for (let i = 0; i < Math.round(rate * (passing.get(ifindex) ?? 1)); i++)
        if (shares.take(ifindex)) taken++;
      seen.set(ifindex, [...(seen.get(ifindex) ?? []), taken]);
    }
    const sampled = shares.turn();
    if (!sampled) continue;
    changes++;
    passing.clear();
    for (const { ifindex, threshold } of sampled) passing.set(ifindex, threshold / 2 ** 32);
  }
  return { seen, passing, changes };
}

test('a device that floods is sampled, another one keeps all of its own', (t) => {
  const shares = new SnoopShares();
  const { seen, passing, changes } = run(
    WINDOW,
    shares,
    new Map([
      [1, 50_000],
      [2, 40],
    ]),
  );
  t.deepEqual(new Set(seen.get(2)), new Set([40]));
  t.true(Math.max(...seen.get(1)!) <= 500);
  t.deepEqual([...passing.keys()], [1]);
  t.true(Math.abs(passing.get(1)! * 50_000 - 500) < 10, String(passing.get(1)));
  t.true(changes <= 3, 'the filter stays while the flood is the same');
});

test('many that flood have half of a window together; what is no flood any more is heard in full again', (t) => {
  const shares = new SnoopShares();
  const flood = new Map(Array.from({ length: 20 }, (_, i) => [i + 1, 10_000]));
  const { seen } = run(WINDOW, shares, new Map([...flood, [99, 100]]));
  const last = [...seen].reduce((sum, [ifindex, taken]) => sum + (ifindex === 99 ? 0 : taken.at(-1)!), 0);
  t.true(last <= 1_100, String(last));
  t.is(seen.get(99)?.at(-1), 100);
  const calm = run(WINDOW, shares, new Map([...flood.keys(), 99].map((ifindex) => [ifindex, 10])));
  t.deepEqual([...calm.passing], []);
  t.is(calm.seen.get(1)?.at(-1), 10);
});

test('a device that fills a window at its begin is sampled at once', (t) => {
  const shares = new SnoopShares();
  for (let i = 0; i < 999; i++) shares.take(1);
  t.false(shares.isFlooded(1));
  shares.take(1);
  t.true(shares.isFlooded(1));
  const [sampled] = shares.turn(0.05) ?? [];
  t.is(sampled?.ifindex, 1);
  t.true(Math.abs(sampled.threshold / 2 ** 32 - 500 / 20_000) < 0.001);
  t.false(shares.isFlooded(1));
});
