import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { hasRows, leafRows } from './support/rows.js';
import { ScriptedPeer } from './support/scripted-peer.js';

/*
 * A neighbor whose TCP stands still with a window of zero, while it goes on to send KEEPALIVEs (RFC 9687), beside an FRR
 * spine that must not feel it.
 */
let fabric: Fabric;
let peer: ScriptedPeer;
const deaf = '10.0.0.101';
const spine = '10.1.1.0';
const MACS = 20_000;
let present = false;

interface Session {
  established: boolean;
  flaps: number;
  sendHoldSeconds: number;
  sendStalledSince: string | null;
  lastDown: { reason: string } | null;
  lastError: { direction: string; code: number } | null;
}
const session = async (address: string) =>
  (await fabric.restApi<Session>('leaf1', `/api/v1/neighbors/${address}`)).body;

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [
      {
        engine: 'evpnd',
        config: {
          neighbors: [
            { address: spine, 'remote-as': 65000 },
            { address: deaf, 'remote-as': 65009, passive: true, 'send-hold-time': 4 },
          ],
          'sweep-deferral-time': 1,
        },
      },
      { engine: 'frr' },
    ],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await fabric.exec('leaf1', 'ip', 'route', 'add', deaf, 'via', spine);
  peer = await connect();
  await waitUntilConverged(fabric);
});
test.after.always(async () => {
  peer?.stop();
  await fabric?.remove();
});

const connect = () =>
  ScriptedPeer.start(fabric, {
    node: 'spine1',
    address: deaf,
    asn: 65009,
    neighbor: '10.1.1.1',
    vni: 10010,
  });

/** MACs behind a host's port come, or go where they are there, so that there is something to tell. */
async function churn(): Promise<void> {
  const { port } = fabric.host('h1-10');
  const [verb, kind] = present ? ['del', ''] : ['add', ' dynamic'];
  const bridge = Array.from({ length: MACS }, (_, i) => {
    const tail = [(i >> 8) & 255, i & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
    return `fdb ${verb} 02:00:01:00:${tail} dev ${port} master${kind}`;
  });
  await fabric.apply('leaf1', { ip: [], bridge });
  present = !present;
}

test.serial('a neighbor that sends and reads nothing is given up; the other one is not', async (t) => {
  t.like(await session(deaf), { established: true, sendHoldSeconds: 4, sendStalledSince: null });
  t.is((await session(spine)).sendHoldSeconds, 480);
  peer.stopReading();
  let stalledSince: string | null = null;
  await waitFor(
    async () => {
      await churn();
      const now = await session(deaf);
      stalledSince = now.sendStalledSince ?? stalledSince;
      return !now.established;
    },
    { what: 'the end', timeout: 60_000 },
  );
  t.not(stalledSince, null);
  const { flaps, lastDown, lastError, sendStalledSince } = await session(deaf);
  t.is(flaps, 1);
  t.is(sendStalledSince, null);
  t.regex(lastDown?.reason ?? '', /^send hold timer expired: .* for 4 s \(RFC 9687\)$/);
  t.like(lastError, { direction: 'sent', code: 8 });
  t.like(
    fabric
      .evpnd('leaf1')
      .logLines()
      .filter(({ level }) => level === 'error'),
    [{ msg: 'BGP session lost', neighbor: deaf, reason: lastDown?.reason }],
  );
  t.like(await session(spine), { established: true, flaps: 0, sendStalledSince: null });
  await hasRows(fabric, 'leaf1', leafRows(fabric, 'leaf1', 'leaf2'));
});

test.serial('what comes back and reads has a session as any other', async (t) => {
  peer.stop();
  peer = await connect();
  await waitFor(async () => (await session(deaf)).established, { what: 'the session' });
  for (let i = 0; i < 4; i++) await churn();
  // Longer than the send hold time
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  t.like(await session(deaf), { established: true, flaps: 1, sendStalledSince: null });
});
