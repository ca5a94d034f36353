import { readFileSync } from 'node:fs';
import test from 'ava';
import { Fabric, waitFor } from '../../lab/index.js';
import { type Heard, ScriptedPeer } from './support/scripted-peer.js';

/*
 * A neighbor that stops reading while 100,000 local MACs come, move and go, and then reads again: it costs no more than what has
 * changed, however often, and gets the end state. Another one, which reads all the time, says what that is.
 */
let fabric: Fabric;
const DEAF = '10.0.0.101';
const HEARER = '10.0.0.102';
const MACS = 100_000;
const ROUNDS = 4;
/** MiB: a hundred thousand MACs in kernel's mirror, VNI and RIB take a hundred; a queue of each UPDATE would take more a round. */
const MOST_GROWTH = 400;
const MOST_GROWTH_OF_ROUNDS = 100;
const PORTS = ['many1', 'many2'];

interface Session {
  established: boolean;
  flaps: number;
  sendStalledSince: string | null;
}
const session = async (address: string) =>
  (await fabric.restApi<Session>('leaf1', `/api/v1/neighbors/${address}`)).body;

const connect = (address: string) =>
  ScriptedPeer.start(fabric, {
    node: 'spine1',
    address,
    asn: 65009,
    neighbor: '10.1.1.1',
    vni: 10010,
  });

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [
      {
        engine: 'evpnd',
        config: {
          neighbors: [DEAF, HEARER].map((address) => ({ address, 'remote-as': 65009, passive: true })),
          'sweep-deferral-time': 1,
          evpn: { 'max-local-macs': 2 * MACS, 'new-address-rate': MACS },
        },
      },
    ],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
});
test.after.always(async () => {
  await fabric?.remove();
});

const macOf = (i: number) =>
  ['02', '00', '01', i >> 16, (i >> 8) & 255, i & 255]
    .map((octet) => (typeof octet === 'string' ? octet : octet.toString(16).padStart(2, '0')))
    .join(':');

/** Of every MAC the port where it is in the end; undefined where it is gone. */
type Places = readonly (string | undefined)[];

/** What round `n` makes of them: each third one moves, each fifth goes. */
const placesOf = (n: number): Places =>
  Array.from({ length: MACS }, (_, i) => ((i + n) % 5 === 0 ? undefined : PORTS[((i + n) % 3) % 2]));

async function become(before: Places, now: Places): Promise<void> {
  const bridge: string[] = [];
  for (let i = 0; i < MACS; i++) {
    const [old, port] = [before[i], now[i]];
    if (old === port) continue;
    bridge.push(
      port === undefined
        ? `fdb del ${macOf(i)} dev ${old} master`
        : `fdb replace ${macOf(i)} dev ${port} master dynamic`,
    );
  }
  await fabric.apply('leaf1', { ip: [], bridge });
}

const residentMiB = () =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${fabric.evpnd('leaf1').pid}/status`, 'utf8'))?.[1]) /
  1024;

/** Our MACs of the test that the peer knows now. */
function known(heard: ReadonlyMap<string, readonly (Heard | undefined)[]>): string[] {
  return [...heard]
    .filter(([key, told]) => /^02:00:01:..:..:..$/.test(key) && told.at(-1) !== undefined)
    .map(([key]) => key)
    .sort();
}

const macsOf = (places: Places) => places.flatMap((port, i) => (port === undefined ? [] : [macOf(i)])).sort();

const knows = (peer: ScriptedPeer, places: Places) =>
  waitFor(
    () => {
      const [found, wanted] = [known(peer.heard()), macsOf(places)];
      return (
        found.join() === wanted.join() || Promise.reject(new Error(`${found.length} of ${wanted.length}`))
      );
    },
    { what: 'the end state', timeout: 120_000, interval: 2_000 },
  );

test('a neighbor that stops reading while 100,000 MACs change gets the end state when it reads again', async (t) => {
  t.timeout(600_000);
  await fabric.apply('spine1', {
    ip: [DEAF, HEARER].map((address) => `addr replace ${address}/32 dev lo`),
    bridge: [],
  });
  for (const address of [DEAF, HEARER])
    await fabric.exec('leaf1', 'ip', 'route', 'add', address, 'via', '10.1.1.0');
  // So that little is under way when it stops
  await fabric.exec('spine1', 'sysctl', '-q', '-w', 'net.ipv4.tcp_rmem=4096 16384 65536');
  const [segment] = fabric.leaf('leaf1').segments;
  await fabric.apply('leaf1', {
    ip: PORTS.flatMap((port) => [
      `link add ${port} type veth peer name ${port}-far`,
      `link set ${port}-far up`,
      `link set ${port} master ${segment.bridge} up`,
    ]),
    bridge: [],
  });
  const deaf = await connect(DEAF);
  t.teardown(() => deaf.stop());
  const hearer = await connect(HEARER);
  t.teardown(() => hearer.stop());
  deaf.endOfRib();
  hearer.endOfRib();

  const atStart = residentMiB();
  deaf.stopReading();
  let places: Places = Array.from({ length: MACS }, () => undefined);
  const after: number[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    const now = placesOf(n);
    await become(places, now);
    places = now;
    await knows(hearer, places);
    after.push(residentMiB());
  }
  const growth = after.map((mib) => Math.round(mib - atStart));
  t.log(`resident memory grew by ${growth.join(', ')} MiB`);
  t.true(Math.max(...growth) < MOST_GROWTH, growth.join());
  t.true((growth.at(-1) ?? 0) - growth[0] < MOST_GROWTH_OF_ROUNDS, growth.join());
  const stalled = await session(DEAF);
  t.true(stalled.established);
  t.not(stalled.sendStalledSince, null);
  t.not(known(deaf.heard()).join(), macsOf(places).join());

  deaf.readAgain();
  await knows(deaf, places);
  await waitFor(async () => (await session(DEAF)).sendStalledSince === null, { what: 'nothing that waits' });
  for (const address of [DEAF, HEARER]) t.like(await session(address), { established: true, flaps: 0 });
  const changes = (peer: ScriptedPeer) =>
    [...peer.heard().values()].reduce((sum, told) => sum + told.length, 0);
  const [few, many] = [changes(deaf), changes(hearer)];
  t.log(`it was told ${few} changes, the other one ${many}`);
  t.true(few < many, `${few} ${many}`);
});
