import test from 'ava';
import type { RibDestination } from '../../src/bgp/destination.js';
import { DirtySet, DirtyShare } from '../../src/bgp/dirty-set.js';

const destination = (name: string): RibDestination => ({ name, dirty: 0 }) as unknown as RibDestination;
const nameOf = (taken: RibDestination | undefined) => (taken as { name?: string } | undefined)?.name;

test('what little a neighbor says is taken also where what another says has to wait', (t) => {
  const dirty = new DirtySet(1);
  const [loud, quiet] = [new DirtyShare(), new DirtyShare()];
  for (let i = 0; i < 1_000; i++) dirty.push(loud, destination(`loud ${i}`));
  const takeSparse = () => nameOf(dirty.takeSparse(() => {}));
  t.is(takeSparse(), undefined);
  for (const name of ['first', 'second']) dirty.push(quiet, destination(name));
  t.deepEqual([takeSparse(), takeSparse(), takeSparse()], ['first', 'second', undefined]);
  dirty.push(quiet, destination('third'));
  t.is(takeSparse(), 'third');
  t.is(dirty.size, 1_000);
});

test('what is left of a table passes once it is little, and nothing is lost or taken twice', (t) => {
  const dirty = new DirtySet(1);
  const shares = [new DirtyShare(), new DirtyShare(), new DirtyShare()];
  for (const [n, share] of shares.entries())
    for (let i = 0; i < 100; i++) dirty.push(share, destination(`${n} ${i}`));
  const taken = new Set<string | undefined>();
  for (let turn = 0; dirty.size > 0 && turn < 10_000; turn++) {
    for (let one = dirty.takeSparse(() => {}); one; one = dirty.takeSparse(() => {})) taken.add(nameOf(one));
    const one = dirty.take(() => {});
    if (one) taken.add(nameOf(one));
  }
  t.is(dirty.size, 0);
  t.is(taken.size, 300);
});
