import test from 'ava';
import fc from 'fast-check';
import { AdjRibOut } from '../../src/bgp/adj-rib-out.js';
import { ExportPolicy, LocalRib } from '../../src/bgp/index.js';
import { parseMacPrefix } from '../../src/types/index.js';
import {
  type AnyFamily,
  AttributeCode,
  EVPN,
  type EvpnNlri,
  formatNlri,
  MessageReader,
  type OriginatedAttributes,
  type Update,
  UpdateDecoder,
} from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { encoderOf, imet, macRoute, originated } from './fabric.js';

const A = originated('10.0.0.1');
const B = originated('10.0.0.1', 0x0600_0000_0000_0001n);

const POLICY = new ExportPolicy({
  name: 'some',
  otherwise: 'accept',
  rules: [
    { name: 'no-1', match: { macs: [parseMacPrefix('00:00:00:00:00:01')] }, action: 'reject', set: {} },
    {
      name: 'med',
      match: { macs: [parseMacPrefix('00:00:00:00:00:02')] },
      action: 'accept',
      set: { med: 7 },
    },
  ],
});
const NO_MACS = new ExportPolicy({
  name: 'no-macs',
  otherwise: 'accept',
  rules: [{ name: 'macs', match: { routeTypes: [2] }, action: 'reject', set: {} }],
});

/** A neighbor that decodes all that it is sent; `open` says whether its socket takes more. */
function neighbor(localRib: LocalRib, clock = new VirtualClock(), interval = () => 0) {
  const state = { open: true, updates: [] as Update[], bytes: [] as number[] };
  const encoder = encoderOf(65001);
  const decoder = new UpdateDecoder();
  const adjRibOut = new AdjRibOut(clock, localRib, encoder, {
    write(update) {
      const reader = new MessageReader();
      reader.push(update);
      for (let m = reader.next(); m !== undefined; m = reader.next()) {
        state.bytes.push(m.body.length + 19);
        state.updates.push(decoder.decode(m.body, { fourOctetAs: true, internal: false }));
      }
      return state.open;
    },
    interval,
  });
  const take = () => state.updates.splice(0);
  const routes = (updates: Update[]) => ({
    announced: updates.flatMap((u) => u.reachable.map(formatNlri)),
    withdrawn: updates.flatMap((u) => u.withdrawn.map(formatNlri)),
    endOfRib: updates.filter((u) => u.endOfRib).length,
  });
  return { clock, adjRibOut, state, take, told: () => routes(take()) };
}

test('the beginning: everything that stands, packed, then End-of-RIB', (t) => {
  const localRib = new LocalRib();
  for (let i = 1; i <= 1000; i++) localRib.originate(macRoute(i), A);
  localRib.originate(imet('10.0.0.1'), B);
  const n = neighbor(localRib);
  n.adjRibOut.start();
  t.is(n.state.updates.length, 0);
  n.clock.runUntilIdle();
  const updates = n.take();
  t.is(updates.at(-1)?.endOfRib, true);
  t.is(updates.flatMap((u) => u.reachable).length, 1001);
  // 33 octets of route and two of header a Type 2: about 115 a message of 4096
  t.true(updates.length <= 12, `${updates.length} messages`);
  t.true(n.state.bytes.every((length) => length <= 4096));
  t.deepEqual([...n.adjRibOut.sent], [0, 0, 1000, 1, 0, 0]);
});

test('what is decided is told before more is decided', (t) => {
  const localRib = new LocalRib();
  const n = neighbor(localRib);
  n.adjRibOut.start();
  n.clock.runUntilIdle();
  n.take();
  n.clock.soon(() => {
    t.deepEqual(n.told().announced.length, 1);
    localRib.originate(macRoute(2), A);
  });
  localRib.originate(macRoute(1), A);
  n.clock.runTurn();
  t.is(n.told().announced.length, 1, 'in the same turn');
});

test('an empty table is End-of-RIB alone', (t) => {
  const n = neighbor(new LocalRib());
  n.adjRibOut.start();
  n.clock.runUntilIdle();
  t.deepEqual(n.told(), { announced: [], withdrawn: [], endOfRib: 1 });
});

/** Started, and past its End-of-RIB. */
function started(localRib = new LocalRib()) {
  const n = neighbor(localRib);
  n.adjRibOut.start();
  n.clock.runUntilIdle();
  n.take();
  return { ...n, localRib };
}

test('a change leaves in the next turn, without any timer', (t) => {
  const n = started();
  n.localRib.originate(macRoute(1), A);
  t.is(n.state.updates.length, 0);
  n.clock.runTurn();
  t.is(n.told().announced.length, 1);
  n.localRib.withdraw(macRoute(1));
  n.clock.runTurn();
  t.is(n.told().withdrawn.length, 1);
  t.is(n.localRib.size, 0);
  t.is([...n.localRib.entries()].length, 0);
});

test('changes of one turn with equal attributes share an UPDATE', (t) => {
  const n = started();
  for (let i = 1; i <= 50; i++) n.localRib.originate(macRoute(i), i % 2 === 0 ? A : B);
  n.clock.runUntilIdle();
  t.is(n.take().length, 2);
});

test('withdrawn and announced within a turn: one announcement', (t) => {
  const n = started();
  n.localRib.originate(macRoute(1), A);
  n.clock.runUntilIdle();
  n.take();
  n.localRib.withdraw(macRoute(1));
  n.localRib.originate(macRoute(1), B);
  n.clock.runUntilIdle();
  const { announced, withdrawn } = n.told();
  t.is(announced.length, 1);
  t.is(withdrawn.length, 0);
});

test('what the neighbor knows already is not said again', (t) => {
  const n = started();
  n.localRib.originate(macRoute(1), A);
  n.clock.runUntilIdle();
  n.take();
  n.localRib.originate(macRoute(1), A);
  n.localRib.originate(macRoute(1), B);
  n.localRib.originate(macRoute(1), A);
  n.localRib.withdraw(macRoute(1));
  n.localRib.originate(macRoute(1), A);
  n.clock.runUntilIdle();
  t.deepEqual(n.take(), []);
  // A new label is something to say
  n.localRib.originate(macRoute(1, { label1: 77 }), A);
  n.clock.runUntilIdle();
  t.is(n.take().length, 1);
  t.is(n.localRib.route(macRoute(1))?.attributes, A);
});

test('announced and withdrawn within a turn: silence', (t) => {
  const n = started();
  n.localRib.originate(macRoute(1), A);
  n.localRib.withdraw(macRoute(1));
  n.localRib.withdraw(macRoute(1));
  n.clock.runUntilIdle();
  t.deepEqual(n.take(), []);
  t.is([...n.localRib.entries()].length, 0);
  t.deepEqual([...n.adjRibOut.sent], [0, 0, 0, 0, 0, 0]);
});

test('a large flush takes several turns', (t) => {
  const n = started();
  for (let i = 1; i <= 10_000; i++) n.localRib.originate(macRoute(i), A);
  n.clock.runTurn();
  const first = n.take().flatMap((u) => u.reachable).length;
  t.true(first > 0 && first <= 512);
  n.clock.runUntilIdle();
  t.is(first + n.take().flatMap((u) => u.reachable).length, 10_000);
});

test('a socket that is full halts the flush; what changes meanwhile is said once, as it is then', (t) => {
  const n = started();
  n.state.open = false;
  for (let i = 1; i <= 5000; i++) n.localRib.originate(macRoute(i), A);
  n.clock.runUntilIdle();
  const before = n.told().announced.length;
  t.true(before > 0 && before < 5000);
  for (let round = 0; round < 5; round++)
    for (let i = 1; i <= 5000; i++) n.localRib.originate(macRoute(i), round % 2 ? A : B);
  n.localRib.withdraw(macRoute(1));
  n.localRib.withdraw(macRoute(5000));
  n.clock.runUntilIdle();
  t.is(n.state.updates.length, 0);
  n.state.open = true;
  n.adjRibOut.drained();
  n.adjRibOut.drained();
  n.clock.runUntilIdle();
  const { announced, withdrawn } = n.told();
  t.is(withdrawn.length, 1, 'the one that it knew');
  t.is(announced.length, 4998);
  t.is(new Set(announced).size, 4998);
});

test('a neighbor that does not read is owed no more than it was told, whatever comes and goes', (t) => {
  const localRib = new LocalRib();
  for (let i = 1; i <= 10; i++) localRib.originate(macRoute(i), A);
  const [deaf, other] = [started(localRib), started(localRib)];
  deaf.state.open = false;
  localRib.originate(macRoute(11), A);
  for (const { clock } of [deaf, other]) clock.runUntilIdle();
  for (let i = 100; i < 100_100; i++) {
    localRib.originate(macRoute(i), A);
    localRib.originate(macRoute(i), B);
    if (i % 1000 === 0) other.clock.runUntilIdle();
    localRib.withdraw(macRoute(i));
  }
  for (let i = 1; i <= 10; i++) localRib.withdraw(macRoute(i));
  other.clock.runUntilIdle();
  t.is(deaf.adjRibOut.owed, 10);
  t.is(other.adjRibOut.owed, 0);
  t.is([...localRib.entries()].length, 11);
  deaf.take();
  deaf.state.open = true;
  deaf.adjRibOut.drained();
  deaf.clock.runUntilIdle();
  const { announced, withdrawn } = deaf.told();
  t.deepEqual([announced.length, withdrawn.length], [0, 10]);
  t.deepEqual([...localRib.routes()].length, 1);
});

test('the initial dump: changes before and behind its head are each said rightly', (t) => {
  const localRib = new LocalRib();
  for (let i = 1; i <= 6000; i++) localRib.originate(macRoute(i), A);
  const n = neighbor(localRib);
  n.adjRibOut.start();
  n.clock.runTurn();
  t.is(n.told().announced.length, 512);
  localRib.withdraw(macRoute(1));
  localRib.withdraw(macRoute(6000));
  localRib.originate(macRoute(2), B);
  localRib.originate(macRoute(5999), B);
  localRib.originate(macRoute(7000), A);
  n.clock.runUntilIdle();
  const { announced, withdrawn, endOfRib } = n.told();
  t.deepEqual(withdrawn, [formatNlri(macRoute(1))]);
  t.is(announced.length, 6000 - 512 - 1 + 1 + 1);
  t.is(new Set(announced).size, announced.length);
  t.is(endOfRib, 1);
  t.is(n.adjRibOut.sent[2], localRib.size);
});

test('a refresh says all again, no End-of-RIB; also one asked for during the initial dump', (t) => {
  const localRib = new LocalRib();
  for (let i = 1; i <= 3000; i++) localRib.originate(macRoute(i), A);
  const n = neighbor(localRib);
  n.adjRibOut.start();
  n.adjRibOut.refresh();
  n.clock.runUntilIdle();
  const first = n.told();
  t.is(first.announced.length, 6000);
  t.is(first.endOfRib, 1);
  n.adjRibOut.refresh();
  n.clock.runTurn();
  localRib.withdraw(macRoute(3000));
  n.clock.runUntilIdle();
  const second = n.told();
  t.is(second.announced.length, 2999);
  t.deepEqual(second.withdrawn, [formatNlri(macRoute(3000))]);
  t.is(second.endOfRib, 0);
  t.is(n.adjRibOut.sent[2], 2999);
});

test('two neighbors with one full socket: an entry lives until both know', (t) => {
  const localRib = new LocalRib();
  const clock = new VirtualClock();
  const one = neighbor(localRib, clock);
  const two = neighbor(localRib, clock);
  one.adjRibOut.start();
  two.adjRibOut.start();
  localRib.originate(macRoute(1), A);
  clock.runUntilIdle();
  two.state.open = false;
  localRib.originate(macRoute(2), A);
  clock.runUntilIdle();
  localRib.withdraw(macRoute(1));
  clock.runUntilIdle();
  t.is(one.told().withdrawn.length, 1);
  t.is([...localRib.entries()].length, 2);
  localRib.originate(macRoute(1), A);
  clock.runUntilIdle();
  two.take();
  two.state.open = true;
  two.adjRibOut.drained();
  clock.runUntilIdle();
  t.deepEqual(
    two.told(),
    { announced: [], withdrawn: [], endOfRib: 0 },
    'it never knew that the route was gone',
  );
  localRib.withdraw(macRoute(1));
  one.adjRibOut.stop();
  two.adjRibOut.stop();
  t.is([...localRib.entries()].length, 1);
  clock.runUntilIdle();
  t.is(two.take().length, 0);
});

test('any history: what the neighbor holds is what stands', (t) => {
  const nlris: EvpnNlri[] = [macRoute(1), macRoute(2), macRoute(3, { ethernetTag: 1 }), imet('10.0.0.1')];
  const attributes: OriginatedAttributes[] = [A, B];
  const step = fc.oneof(
    fc.record({ kind: fc.constant('originate' as const), n: fc.nat(3), a: fc.nat(1) }),
    fc.record({ kind: fc.constant('withdraw' as const), n: fc.nat(3) }),
    fc.constant({ kind: 'turn' as const }),
    fc.constant({ kind: 'block' as const }),
    fc.constant({ kind: 'drain' as const }),
    fc.constant({ kind: 'refresh' as const }),
    fc.constant({ kind: 'start' as const }),
    fc.record({ kind: fc.constant('policy' as const), p: fc.nat(2) }),
  );
  const policies = [undefined, POLICY, NO_MACS];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const localRib = new LocalRib();
      const n = neighbor(localRib);
      let isStarted = false;
      let policy: ExportPolicy | undefined;
      for (const action of steps) {
        if (action.kind === 'originate') localRib.originate(nlris[action.n], attributes[action.a]);
        else if (action.kind === 'withdraw') localRib.withdraw(nlris[action.n]);
        else if (action.kind === 'turn') n.clock.runTurn();
        else if (action.kind === 'block') n.state.open = false;
        else if (action.kind === 'policy') {
          policy = policies[action.p];
          n.adjRibOut.changePolicy(policy);
        } else if (action.kind === 'refresh' && isStarted) n.adjRibOut.refresh();
        else if (action.kind === 'drain') {
          n.state.open = true;
          n.adjRibOut.drained();
        } else if (action.kind === 'start' && !isStarted) {
          isStarted = true;
          n.adjRibOut.start();
        }
      }
      if (!isStarted) n.adjRibOut.start();
      n.state.open = true;
      n.adjRibOut.drained();
      n.clock.runUntilIdle();
      const held = new Map<string, string>();
      const text = (hasMobility: boolean, med: number | undefined) => `${hasMobility} ${med}`;
      for (const update of n.take()) {
        for (const nlri of update.withdrawn) held.delete(formatNlri(nlri));
        for (const nlri of update.reachable)
          held.set(
            formatNlri(nlri),
            text(update.attributes?.macMobility !== undefined, update.attributes?.med),
          );
      }
      const expected = [...localRib.routes()].flatMap((route) => {
        const wanted = policy ? policy.apply(EVPN as AnyFamily, route) : route;
        const med = wanted?.attributes.others?.find(
          ({ code }) => code === AttributeCode.MULTI_EXIT_DISC,
        )?.value;
        return wanted
          ? [[formatNlri(route.nlri), text(route.attributes === B, med as number | undefined)] as const]
          : [];
      });
      t.deepEqual(new Map([...held].sort()), new Map([...expected].sort()));
      t.is(
        n.adjRibOut.sent.reduce((sum, count) => sum + count, 0),
        expected.length,
      );
      t.is([...localRib.entries()].length, localRib.size);
    }),
    { numRuns: 400 },
  );
});

test('with an interval: the first change at once, then what became of the others when it has passed', (t) => {
  const localRib = new LocalRib();
  localRib.originate(macRoute(1), A);
  localRib.originate(macRoute(2), A);
  let interval = 5000;
  const n = neighbor(localRib, new VirtualClock(), () => interval);
  const nothing = { announced: [], withdrawn: [], endOfRib: 0 };
  n.adjRibOut.start();
  n.clock.advance(0);
  t.is(n.told().endOfRib, 1, 'what stands is sent at once');
  localRib.originate(macRoute(3), A);
  n.clock.advance(0);
  t.is(n.told().announced.length, 1);

  localRib.withdraw(macRoute(1));
  localRib.originate(macRoute(2), B);
  localRib.originate(macRoute(2), A);
  localRib.originate(macRoute(4), A);
  localRib.withdraw(macRoute(4));
  localRib.withdraw(macRoute(3));
  localRib.originate(macRoute(3), B);
  n.clock.advance(4999);
  t.deepEqual(n.told(), nothing);
  n.clock.advance(1);
  t.deepEqual(n.told(), {
    announced: [formatNlri(macRoute(3))],
    withdrawn: [formatNlri(macRoute(1))],
    endOfRib: 0,
  });
  t.deepEqual([...n.adjRibOut.sent], [0, 0, 2, 0, 0, 0]);

  // A burst of several turns is one
  for (let i = 10; i < 3010; i++) localRib.originate(macRoute(i), A);
  n.clock.advance(5000);
  t.is(n.told().announced.length, 3000);
  // A refresh does not wait, nor what changed before it
  localRib.withdraw(macRoute(2));
  n.adjRibOut.refresh();
  n.clock.advance(0);
  const refreshed = n.told();
  t.is(refreshed.withdrawn.length, 1);
  t.is(refreshed.announced.length, 3001);

  // The wait under way ends as it would have; then the new interval counts
  localRib.withdraw(macRoute(10));
  interval = 0;
  n.clock.advance(4999);
  t.deepEqual(n.told(), nothing);
  n.clock.advance(1);
  t.is(n.told().withdrawn.length, 1);
  localRib.withdraw(macRoute(11));
  n.clock.advance(0);
  t.is(n.told().withdrawn.length, 1);
  localRib.withdraw(macRoute(12));
  interval = 5000;
  n.clock.advance(0);
  localRib.withdraw(macRoute(13));
  n.adjRibOut.stop();
  n.clock.runUntilIdle();
  t.is(n.told().withdrawn.length, 1, 'nothing after the end');
});
