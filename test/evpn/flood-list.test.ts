import test from 'ava';
import type { Destination } from '../../src/bgp/index.js';
import { FloodList } from '../../src/evpn/flood-list.js';
import { vtepOf } from './support/leaf.js';

const [A, B] = [vtepOf(11), vtepOf(12)];
const [R1, R2, TREE] = [1, 2, 3].map((id) => ({ id }) as unknown as Destination);

function listed() {
  const list = new FloodList();
  list.add(R1, A);
  list.add(R2, A);
  list.add(TREE, undefined);
  return list;
}

for (const [first, second] of [
  [R1, R2],
  [R2, R1],
])
  test(`a VTEP is wanted until the last of its routes goes, whichever is the last: ${first === R1 ? 'the second' : 'the first'}`, (t) => {
    const list = listed();
    t.deepEqual([...list.dirty], [A]);
    list.dirty.clear();
    list.remove(first, A);
    t.deepEqual([...list.routes], [[A, new Set([second])]]);
    t.deepEqual([...list.dirty], [A]);
    list.dirty.clear();
    list.remove(second, A);
    t.is(list.routes.size, 0);
    t.deepEqual([...list.dirty], [A]);
  });

test('each route that is imported is there once, those of trees too, and each goes', (t) => {
  const list = listed();
  t.deepEqual([...list.imported()], [R1, R2, TREE]);
  list.dirty.clear();
  list.remove(TREE, undefined);
  t.deepEqual([...list.imported()], [R1, R2]);
  t.is(list.dirty.size, 0, 'a tree takes no copies: nothing is to be decided');
  list.remove(R1, A);
  list.remove(R2, A);
  t.deepEqual([...list.imported()], []);
});

test('of a VTEP that never had the route no other goes', (t) => {
  const list = listed();
  list.remove(R1, B);
  t.deepEqual([...list.imported()], [R1, R2, TREE]);
});

test('all VTEPs that are wanted are decided on anew', (t) => {
  const list = listed();
  list.add(R1, B);
  list.dirty.clear();
  list.markAll();
  t.deepEqual([...list.dirty], [A, B]);
});
