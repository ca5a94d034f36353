import test from 'ava';
import { statusProblems } from '../../src/api/rooms/problem-items.js';
import type { Rooms } from '../../src/api/rooms/rooms.js';
import { noRefusals } from '../../src/bgp/index.js';
import { parseConfig } from '../../src/config/load.js';
import type { TopologyProblem } from '../../src/dataplane/index.js';
import { toVni } from '../../src/types/index.js';

const problem = (over: Partial<TopologyProblem> & { number?: number }): TopologyProblem => ({
  severity: 'error',
  vni: over.number === undefined ? undefined : toVni(over.number),
  device: 'vx',
  problem: 'the device is down',
  mend: 'ip link set dev vx up',
  ...over,
});

function rooms(
  problems: TopologyProblem[],
  sessions: readonly string[] = [],
  evpn = 'evpn: { vnis: [{ vni: 20, advertise: false }] }',
): Rooms {
  const config = parseConfig(`{asn: 1, router-id: 10.0.0.1, neighbors: [], ${evpn}}`, 'problems.yaml');
  return {
    config: () => config,
    problems: () => [{ severity: 'error', problem: 'the file', mend: null }],
    dataPlane: { topology: { problems }, contests: () => [], hosts: { problems: () => [] } },
    speaker: {
      neighbors: () =>
        sessions.map((state, i) => ({
          address: `10.1.1.${i}`,
          state,
          lastError: undefined,
          routes: { refused: noRefusals() },
        })),
    },
  } as unknown as Rooms;
}
const texts = (of: Rooms) => statusProblems(of, new Map()).map((each) => `${each.severity}: ${each.problem}`);

test("errors of VNIs that are served are the leaf's, less severe ones and those of others are not", (t) => {
  const found = texts(
    rooms([
      problem({ number: 10 }),
      problem({ number: 11, severity: 'warning' }),
      problem({ number: 20 }),
      problem({ severity: 'warning' }),
    ]),
  );
  t.deepEqual(found, [
    'error: the file',
    'warning: vx: the device is down',
    'error: VNI 10: vx: the device is down',
  ]);
  const listed = 'evpn: { advertise-all-vni: false, vnis: [{ vni: 30 }] }';
  t.deepEqual(texts(rooms([problem({ number: 10 }), problem({ number: 30 })], [], listed)).slice(1), [
    'error: VNI 30: vx: the device is down',
  ]);
});

test('a neighbor without a session is a warning, and an error where none has one', (t) => {
  t.deepEqual(texts(rooms([], ['Established', 'Active'])).slice(1), [
    'warning: neighbor 10.1.1.1: no session (Active)',
  ]);
  t.deepEqual(texts(rooms([], ['Idle', 'Active'])).slice(1), [
    'error: neighbor 10.1.1.0: no session (Idle)',
    'error: neighbor 10.1.1.1: no session (Active)',
  ]);
});

test('of thousands of VNIs behind one bridge that is down, a hundred are named', (t) => {
  const found = texts(rooms(Array.from({ length: 4000 }, (_, i) => problem({ number: i + 100 }))));
  t.is(found.length, 102);
  t.is(found.at(-1), 'error: and 3900 more, see /api/v1/vnis');
});
