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

test('holds many, and gets small again', (t) => {
  let few: Few<number>;
  const held = new Set<number>();
  const put = (item: number) => {
    few = withItem(few, item);
    held.add(item);
    t.deepEqual(listOf(few), [...held]);
  };
  const take = (item: number) => {
    few = withoutItem(few, item);
    held.delete(item);
    t.deepEqual(listOf(few), [...held]);
  };
  for (let item = 0; item < 50; item++) put(item);
  put(7);
  take(99);
  // Around the size where it changes its form, to and fro
  for (let item = 0; item < 42; item++) take(item);
  for (let item = 0; item < 30; item++) put(item);
  for (const item of [...held].reverse()) take(item);
  t.is(few, undefined);
});
