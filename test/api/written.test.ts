import test from 'ava';
import { numberOrder, pagesByKey } from '../../src/api/index.js';
import { decodeCursor } from '../../src/api/paging.js';
import { pageOf } from '../../src/api/resource.js';
import { EACH_TURN, type Turns } from '../../src/api/turnstile.js';
import { toJson } from '../../src/api/written.js';

/** Items that note what is done with them. */
function list(count: number) {
  const story: string[] = [];
  const turns: Turns = {
    next() {
      story.push('turn');
      return EACH_TURN.next();
    },
    timed: (work) => work(),
    owe: () => {},
  };
  const itemAt = (at: number) => ({ name: `swp${at}\u202e`, at, none: null, left: undefined });
  const pages = pagesByKey<number, number, object>({
    total: count,
    rows: () => Array.from({ length: count }, (_, i) => i),
    key: (at) => at,
    order: numberOrder,
    item(at) {
      story.push('made');
      return {
        toJSON() {
          story.push('written');
          return itemAt(at);
        },
      };
    },
  });
  return { story, turns, pages, itemAt };
}

test('a list is written as it is made, so that few items are alive at once, and reads as if written in one go', async (t) => {
  const { story, turns, pages, itemAt } = list(1_000);
  for (const [limit, next] of [
    [1_000, null],
    [100, '99'],
    [3, '2'],
  ] as const) {
    story.length = 0;
    const { json } = await pageOf(pages, { limit }, turns);
    const read = JSON.parse(json);
    t.is(read.next === null ? null : decodeCursor(read.next), next);
    const items = Array.from({ length: limit }, (_, at) => itemAt(at));
    t.is(json, toJson({ items, next: read.next, total: 1_000 }));
    const done = story.filter((what) => what !== 'turn');
    t.deepEqual(
      done,
      items.flatMap(() => ['made', 'written']),
    );
    const most = Math.max(
      ...story
        .join(' ')
        .split('turn')
        .map((turn) => turn.split('made').length - 1),
    );
    t.true(most <= 32, `${most} in one turn`);
  }
});
