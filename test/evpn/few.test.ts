import test from 'ava';
import { type Few, withItem, withoutItem } from '../../src/evpn/few.js';
import { listOf } from '../../src/evpn/index.js';

test('holds each item once, in the order of coming', (t) => {
  let few: Few<string>;
  t.deepEqual(listOf(few), []);
  const held: string[] = [];
  for (const item of ['b', 'a', 'b', 'c', 'a']) {
    few = withItem(few, item);
    if (!held.includes(item)) held.push(item);
    t.deepEqual(listOf(few), held);
  }
  for (const item of ['x', 'a', 'a', 'c', 'b', 'b']) {
    few = withoutItem(few, item);
    if (held.includes(item)) held.splice(held.indexOf(item), 1);
    t.deepEqual(listOf(few), held);
  }
  t.is(few, undefined);
});

test('costs no array where there is one item', (t) => {
  const item = {};
  t.is(withItem<object>(undefined, item), item);
  t.is(withoutItem<object>([item, {}], item) === item, false);
  t.is(withoutItem<object>(withItem<object>({}, item), {}) !== undefined, true);
  const other = {};
  t.is(withoutItem<object>([item, other], item), other);
});
