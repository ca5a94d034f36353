import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { frrRoutes } from './support/frr-routes.js';

/*
 * More notifications than the receive buffer holds: 100,000 local MACs come and go behind a daemon whose buffer is the
 * smallest that the configuration takes. Nothing may be lost for good, here or at the peer.
 */
const receiveBufferBytes = 65_536;
const macs = 100_000;
const kept = 3_000;

/** The nth MAC. */
const mac = (n: number): string =>
  `02:b0:${[24, 16, 8, 0].map((shift) => ((n >> shift) & 255).toString(16).padStart(2, '0')).join(':')}`;

interface Status {
  ready: boolean;
  counts: { localMacs: number };
  kernel: { overruns: number; resyncs: number };
}
interface Page {
  items: { mac: string; origin: string; device: string }[];
  next: string | null;
}

test('200,000 notifications in a burst overrun the buffer, and leave daemon and peer in step', async (t) => {
  t.timeout(120_000);
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd', config: { kernel: { 'receive-buffer-bytes': receiveBufferBytes } } }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);
  const { port, mac: hostMac } = fabric.host('h1-10');
  const { pid } = fabric.evpnd('leaf1');
  const status = async () => (await fabric.restApi<Status>('leaf1', '/api/v1/status')).body;
  t.is((await status()).kernel.overruns, 0);

  // Those that stay are the even ones of the first few; all others come and go.
  const stays = (n: number) => n < 2 * kept && n % 2 === 0;
  const numbers = Array.from({ length: macs }, (_, n) => n);
  const lines = [
    ...numbers.map((n) => `fdb add ${mac(n)} dev ${port} master dynamic`),
    ...numbers.filter((n) => !stays(n)).map((n) => `fdb del ${mac(n)} dev ${port} master`),
  ];
  await fabric.apply('leaf1', { ip: [], bridge: lines });

  const expected = [hostMac, ...numbers.filter(stays).map(mac)].sort();
  await waitFor(async () => (await status()).counts.localMacs === expected.length, {
    what: `${expected.length} local MACs`,
    timeout: 60_000,
    interval: 250,
  });
  const after = await status();
  t.log(after.kernel);
  t.true(after.kernel.overruns > 0, 'the buffer was overrun');
  t.true(after.kernel.resyncs > 1, 'the kernel was read again');
  t.is(fabric.evpnd('leaf1').pid, pid);
  t.true(fabric.evpnd('leaf1').running);

  const known: string[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const cursor: string = next ? `&cursor=${encodeURIComponent(next)}` : '';
    const { body } = await fabric.restApi<Page>('leaf1', `/api/v1/vnis/10010/macs?limit=1000${cursor}`);
    known.push(...body.items.filter(({ origin }) => origin === 'local').map((item) => item.mac));
    next = body.next;
  }
  t.deepEqual(known.sort(), expected, 'every MAC by the API');

  const inKernel = (await fabric.bridgeFdb('leaf1'))
    .filter((row) => row.ifname === port && row.master && row.state !== 'permanent')
    .map((row) => row.mac);
  t.deepEqual(inKernel.sort(), expected, 'every MAC in the kernel');

  const atPeer = async () =>
    (await frrRoutes(fabric, 'spine1'))
      .map(({ prefix }) => /^\[2\]:\[0\]:\[48\]:\[([0-9a-f:]+)\]$/.exec(prefix)?.[1])
      .filter((each) => each !== undefined)
      .sort();
  await waitFor(async () => (await atPeer()).length === expected.length, {
    what: `${expected.length} routes at the peer`,
    timeout: 30_000,
    interval: 500,
  });
  t.deepEqual(await atPeer(), expected, 'every MAC at the peer');

  // And it goes on listening.
  await fabric.exec('leaf1', 'bridge', 'fdb', 'del', mac(0), 'dev', port, 'master');
  await waitFor(async () => (await status()).counts.localMacs === expected.length - 1, {
    what: 'one MAC less',
  });
});
