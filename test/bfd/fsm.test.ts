import test from 'ava';
import { BFD_STATES, type BfdEvent, type BfdState, transition } from '../../src/bfd/index.js';

const EVENTS: readonly BfdEvent[] = [...BFD_STATES, 'expired', 'disable', 'enable'];

/**
 * RFC 5880 §6.2 and §6.8.6: the state after each event, in the order of EVENTS, and the diagnostic behind a slash where the
 * event gives one.
 */
const TABLE: Readonly<Record<BfdState, string>> = {
  AdminDown: 'AdminDown AdminDown AdminDown AdminDown AdminDown AdminDown Down/0',
  Down: 'Down Init Up/0 Down Down AdminDown/7 Down',
  Init: 'Down/3 Init Up/0 Up/0 Down/1 AdminDown/7 Init',
  Up: 'Down/3 Down/3 Up Up Down/1 AdminDown/7 Up',
};

for (const state of BFD_STATES)
  test(`${state}: the state after each event`, (t) => {
    const found = EVENTS.map((event) => {
      const { state: next, diagnostic } = transition(state, event);
      return diagnostic === undefined ? next : `${next}/${diagnostic}`;
    });
    t.is(found.join(' '), TABLE[state]);
  });
