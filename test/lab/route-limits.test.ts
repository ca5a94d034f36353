import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { hasRows, leafRows } from './support/rows.js';
import { type Claim, ScriptedPeer } from './support/scripted-peer.js';

/*
 * A neighbor that announces more than `max-routes` (RFC 4486, Maximum Number of Prefixes Reached), beside an FRR spine
 * that must not feel it.
 */
let fabric: Fabric;
let peer: ScriptedPeer;
const greedy = '10.0.0.101';
const spine = '10.1.1.0';
const MAX_ROUTES = 500;

interface Neighbor {
  established: boolean;
  flaps: number;
  lastDown: { reason: string } | null;
  lastError: { direction: string; code: number; subcode: number; dataHex: string } | null;
  idleHold: { reason: string; until: string } | null;
  limits: { routes: number; maxRoutes: number; level: string; octets: number };
}
const neighbor = async (address: string) =>
  (await fabric.restApi<Neighbor>('leaf1', `/api/v1/neighbors/${address}`)).body;
const problems = async () =>
  (await fabric.restApi<{ problems: { problem: string }[] }>('leaf1', '/api/v1/status')).body.problems.map(
    ({ problem }) => problem,
  );
const claims = (from: number, to: number): Claim[] =>
  Array.from({ length: to - from }, (_, i) => ({
    mac: `02:bb:00:00:${((from + i) >> 8).toString(16).padStart(2, '0')}:${((from + i) & 255).toString(16).padStart(2, '0')}`,
    vtep: greedy,
  }));
/** Rows of the peer's MACs that leaf1 has. */
const rows = async () =>
  (await fabric.exec('leaf1', 'bridge', 'fdb', 'show')).stdout
    .split('\n')
    .filter((line) => /^02:bb:.* dst /.test(line)).length;

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [
      {
        engine: 'evpnd',
        config: {
          neighbors: [
            { address: spine, 'remote-as': 65000 },
            { address: greedy, 'remote-as': 65009, passive: true, 'max-routes': MAX_ROUTES },
          ],
          'sweep-deferral-time': 1,
        },
      },
      { engine: 'frr' },
    ],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await fabric.exec('leaf1', 'ip', 'route', 'add', greedy, 'via', spine);
  peer = await ScriptedPeer.start(fabric, {
    node: 'spine1',
    address: greedy,
    asn: 65009,
    neighbor: '10.1.1.1',
    vni: 10010,
  });
  await waitUntilConverged(fabric);
});
test.after.always(async () => {
  peer?.stop();
  await fabric?.remove();
});

test.serial('near its limit a neighbor is a problem, and all of its routes are used', async (t) => {
  peer.announce(...claims(0, 450));
  await waitFor(async () => (await rows()) === 450, { what: 'the rows' });
  t.like((await neighbor(greedy)).limits, { routes: 450, maxRoutes: MAX_ROUTES, level: 'near' });
  t.true(
    (await problems()).includes(
      `neighbor ${greedy}: 450 routes, max-routes is ${MAX_ROUTES}; the session ends beyond it`,
    ),
  );
});

test.serial(
  'beyond it the session ends with Cease/1 and stays down; the other neighbor notices nothing',
  async (t) => {
    peer.announce(...claims(450, 600));
    await waitFor(async () => !(await neighbor(greedy)).established, { what: 'the end' });
    const { flaps, lastDown, lastError, idleHold } = await neighbor(greedy);
    t.is(flaps, 1);
    t.regex(lastDown?.reason ?? '', /^too many routes: \d+ routes, max-routes is 500$/);
    t.like(lastError, { direction: 'sent', code: 6, subcode: 1, dataHex: '001946000001f4' });
    t.true(Date.parse(idleHold?.until ?? '') > Date.now() + 30_000);
    await waitFor(async () => (await rows()) === 0, { what: 'the rows to go' });
    t.like(await neighbor(spine), { established: true, flaps: 0 });
    await hasRows(fabric, 'leaf1', leafRows(fabric, 'leaf1', 'leaf2'));
    const lines = fabric.evpnd('leaf1').logLines();
    t.is(lines.filter(({ msg }) => msg === 'BGP session lost').length, 1);
    t.deepEqual(
      lines.filter(({ level }) => level === 'error'),
      [],
    );
  },
);
