import test from 'ava';
import { UnprovenWords, type Word } from '../../src/hosts/unproven.js';
import { type Ipv4, type Mac, parseMac } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FIRST = parseMac('02:00:00:00:00:00');
const word = (port: number, n: number): Word => ({
  port,
  vlan: 0,
  mac: (FIRST + n) as Mac,
  ip: n as Ipv4,
  router: undefined,
});

test('a port that floods keeps its own words out, not those of another; a MAC that comes proves its own alone', (t) => {
  const clock = new VirtualClock();
  const known = new Set<Mac>();
  const looked: Word[] = [];
  const given: Word[] = [];
  const words = new UnprovenWords(
    clock,
    (each) => {
      looked.push(each);
      return known.has(each.mac);
    },
    (each) => given.push(each),
    () => true,
  );
  const taken = Array.from({ length: 1_000 }, (_, n) => words.add(word(1, n))).filter(Boolean);
  t.is(taken.length, 256);
  t.true(words.add(word(2, 5_000)));
  known.add((FIRST + 5_000) as Mac);
  words.prove((FIRST + 5_000) as Mac);
  words.prove((FIRST + 9_999) as Mac);
  t.is(looked.length, 1, 'no other word was looked at');
  known.add(FIRST);
  clock.advance(100);
  t.is(given.length, 255);
  t.true(words.add(word(1, 1)), 'there is room again');
  clock.advance(100);
  t.is(clock.timersPending, 0);
});

test('words that are proven leave room for others at once, also while rows wait to be heard', (t) => {
  const clock = new VirtualClock();
  const words = new UnprovenWords(
    clock,
    () => true,
    () => t.fail(),
    () => false,
  );
  for (let n = 0; n < 256; n++) words.add(word(1, n));
  t.false(words.add(word(1, 256)));
  clock.advance(50);
  for (let n = 0; n < 256; n++) words.prove((FIRST + n) as Mac);
  for (let n = 256; n < 512; n++) t.true(words.add(word(1, n)));
  t.false(words.add(word(1, 512)));
  for (let n = 256; n < 512; n++) words.prove((FIRST + n) as Mac);
  clock.advance(50);
  t.is(clock.timersPending, 0, 'nothing waits');
});

test('a word waits for as long as rows are reported that have not been heard, but not for ever', (t) => {
  const clock = new VirtualClock();
  const known = new Set<Mac>();
  const given: Word[] = [];
  let isHeard = false;
  const words = new UnprovenWords(
    clock,
    (each) => known.has(each.mac),
    (each) => given.push(each),
    () => isHeard,
  );
  words.add(word(1, 1));
  words.add(word(1, 2));
  clock.advance(1_000);
  t.deepEqual(given, []);
  known.add((FIRST + 1) as Mac);
  isHeard = true;
  clock.advance(50);
  t.deepEqual(
    given.map(({ mac }) => mac),
    [(FIRST + 2) as Mac],
  );
  isHeard = false;
  given.length = 0;
  words.add(word(1, 3));
  clock.advance(60_000);
  t.is(given.length, 1);
  t.is(clock.timersPending, 0);
});
