import test from 'ava';
import { awaitedNeighbors, readinessOf } from '../../src/readiness.js';

const neighbor = (address: string, over: object = {}) => ({
  address,
  state: 'Active' as const,
  shutdown: undefined,
  endOfRibAt: undefined,
  ...over,
});
const shutdown = { message: '', since: 0 };

test('those whose End-of-RIB is awaited are named, those that are shut down are not awaited and are counted', (t) => {
  const neighbors = [
    neighbor('10.1.1.0', { shutdown }),
    neighbor('10.1.2.0'),
    neighbor('10.1.3.0', { state: 'Established', endOfRibAt: 1 }),
  ];
  t.deepEqual(awaitedNeighbors(neighbors), ['10.1.2.0']);
  t.deepEqual(readinessOf({ kernelKnown: true, swept: false, neighbors }), {
    ready: false,
    reasons: ['waiting for End-of-RIB from 10.1.2.0 (1 shut down)'],
  });
  t.deepEqual(readinessOf({ kernelKnown: true, swept: true, neighbors }), { ready: true, reasons: [] });
  t.deepEqual(readinessOf({ kernelKnown: false, swept: true, neighbors: neighbors.slice(0, 2) }).reasons, [
    'the kernel is being read',
    'no neighbor has a session (0 of 2, 1 shut down)',
  ]);
  t.deepEqual(readinessOf({ kernelKnown: true, swept: true, neighbors: [] }), { ready: true, reasons: [] });
});
