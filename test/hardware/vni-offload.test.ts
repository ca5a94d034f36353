import test from 'ava';
import { VniOffload } from '../../src/hardware/vni-offload.js';
import { mac, VNI } from './support/scene.js';

test('what a dump did not show is late by the time of that dump, and is counted down as often as it was counted', (t) => {
  const offload = new VniOffload(VNI, 'e0');
  const [first, second] = [mac(1), mac(2)];
  const dump = (now: number, ...shown: (typeof first)[]) => {
    offload.begin();
    for (const each of shown) offload.bridgeRow(each, 0);
    offload.end(
      now,
      () => true,
      () => true,
    );
  };
  dump(1000, first);
  dump(5000, first, second);
  dump(11_500, first, second);
  t.is(offload.lateMacs, 1);
  // The look comes seconds after the dump, when the other one is missed for ten seconds too
  t.true(offload.lacksMac(second, 15_500));
  const missed = [...offload.missedMacs()];
  t.deepEqual(missed, [first]);
  for (const each of missed) offload.forget(each);
  t.is(offload.lateMacs, 0);
  dump(15_500, second);
  t.deepEqual([offload.lateMacs, ...offload.missedMacs()], [1, second]);
});
