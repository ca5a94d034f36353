import test from 'ava';
import { waitFor } from '../../lab/index.js';
import { subjectsOf } from './support/local-watch.js';
import { hasRows, hostRows, lacksRows } from './support/rows.js';
import { Scene } from './support/scene.js';
import { type Claim, ScriptedPeer } from './support/scripted-peer.js';

/*
 * A guest is migrated to an evpnd leaf, and the old leaf's withdraw arrives late, never, or together with other news. The
 * old leaf is a BGP session alone, or FRR whose bgpd is stopped meanwhile.
 */
let scene: Scene;
let peer: ScriptedPeer;
const guest = 'h1-10';
const partners = ['h2-10', 'h3-10', 'h1-10-2'];
const peerAddress = '10.0.0.101';
const timers = { 'hold-time': 9, 'keepalive-time': 3, 'connect-retry-time': 1 };

test.before(async () => {
  scene = await Scene.create(
    {
      leaves: [
        {
          engine: 'evpnd',
          hostsPerVni: 2,
          config: {
            neighbors: [
              { address: '10.1.1.0', 'remote-as': 65000, ...timers },
              { address: peerAddress, 'remote-as': 65009, passive: true },
            ],
            'sweep-deferral-time': 1,
          },
        },
        { engine: 'frr' },
        { engine: 'evpnd' },
      ],
      vnis: [{ vni: 10010, vlan: 10 }],
    },
    { [guest]: ['leaf1', 'leaf2'] },
  );
  await scene.fabric.exec('leaf1', 'ip', 'route', 'add', peerAddress, 'via', '10.1.1.0');
  peer = await connect();
});
test.after.always('remove', async () => {
  peer?.stop();
  await scene?.remove();
});

const connect = () =>
  ScriptedPeer.start(scene.fabric, {
    node: 'spine1',
    address: peerAddress,
    asn: 65009,
    neighbor: '10.1.1.1',
    vni: 10010,
  });

/** The guest's MAC, alone and with each IP, as the old leaf announces it. */
function claims(vtep: string, sequence: number): Claim[] {
  const { mac, address } = scene.fabric.host(guest);
  return [undefined, address.ipv4, address.ipv6].map((ip) => ({ mac, ip, vtep, sequence }));
}

const remoteRows = (vtep: string) => hostRows(scene.fabric.leaf('leaf1'), scene.fabric.host(guest), vtep);

/** The number of routes that leaf1 has from the peer. */
async function routesOfPeer(): Promise<number> {
  const { body } = await scene.fabric.restApi<{ items: unknown[] }>(
    'leaf1',
    `/api/v1/routes?type=2&neighbor=${peerAddress}`,
  );
  return body.items.length;
}

/** The guest is taken off its leaf, and the old leaf announces it with the next number, which is returned. */
async function elsewhere(vtep: string): Promise<number> {
  const host = scene.fabric.host(guest);
  scene.watch.leaves('leaf1', subjectsOf(host));
  await scene.guest(guest).attach(false);
  const sequence = ((await scene.sequence('leaf1', host)) ?? 0) + 1;
  peer.announce(...claims(vtep, sequence));
  await hasRows(scene.fabric, 'leaf1', remoteRows(vtep));
  return sequence;
}

/** The hypervisor of leaf1 runs the guest from now on. */
async function migrated(): Promise<void> {
  scene.watch.arrives('leaf1', subjectsOf(scene.fabric.host(guest)));
  await scene.guest(guest).attach(true);
  await scene.fabric.announceHost(guest);
}

test.serial('the withdraw of the old leaf arrives long after the migration', async (t) => {
  const sequence = await elsewhere('10.0.0.9');
  await migrated();
  await scene.isRight(t, guest, partners);
  await scene.sequenceIs(scene.fabric.host(guest), sequence + 1);
  peer.withdraw(...claims('10.0.0.9', sequence));
  await waitFor(async () => (await routesOfPeer()) === 0, { what: 'end of the old routes' });
  t.deepEqual(await scene.lostPings(guest, partners), []);
  await scene.isRight(t, guest, partners);
  await scene.sequenceIs(scene.fabric.host(guest), sequence + 1);
  await scene.nothingLocalWasDeleted(t);
});

test.serial('the withdraw of the old leaf never arrives, and its session ends one day', async (t) => {
  const sequence = await elsewhere('10.0.0.9');
  await migrated();
  await scene.isRight(t, guest, partners);
  // What the old leaf says again is old, whatever else comes with it.
  peer.announce(...claims('10.0.0.9', sequence), { mac: '02:00:00:00:00:77', vtep: '10.0.0.9' });
  await waitFor(async () => (await routesOfPeer()) === 4, { what: 'the old routes once more' });
  t.deepEqual(await scene.lostPings(guest, partners), []);
  await scene.isRight(t, guest, partners);
  peer.stop();
  await waitFor(async () => (await routesOfPeer()) === 0, { what: 'end of the old routes' });
  await scene.isRight(t, guest, partners);
  await scene.sequenceIs(scene.fabric.host(guest), sequence + 1);
  peer = await connect();
  await scene.nothingLocalWasDeleted(t);
});

test.serial('the old leaf is FRR, and its bgpd hears and says nothing for a while', async (t) => {
  await scene.move(guest, 'leaf2');
  await scene.isRight(t, guest, ['h3-10', 'h1-10-2']);
  const frr = scene.fabric.frr('leaf2');
  frr.signal('SIGSTOP');
  try {
    await scene.move(guest, 'leaf1');
    await scene.isRight(t, guest, ['h3-10', 'h1-10-2'], ['leaf1', 'leaf3']);
  } finally {
    frr.signal('SIGCONT');
  }
  await scene.isRight(t, guest, partners);
  await scene.nothingLocalWasDeleted(t);
});

test.serial(
  'withdraws and announcements in one batch and in one UPDATE leave what was said last',
  async (t) => {
    const { fabric } = scene;
    const first = await elsewhere('10.0.0.9');
    const [nine, eight] = ['10.0.0.9', '10.0.0.8'];
    const pairs = (from: string, to: string, sequence: number) =>
      claims(from, sequence).map((gone, i) => [gone, claims(to, sequence + 1)[i]] as const);

    peer.send(
      ...pairs(nine, eight, first).flatMap(([gone, come]) => [
        peer.withdrawal(gone),
        peer.announcement(come),
      ]),
    );
    await hasRows(fabric, 'leaf1', remoteRows(eight));
    peer.send(...pairs(eight, nine, first + 1).map(([gone, come]) => peer.exchange(gone, come)));
    await hasRows(fabric, 'leaf1', remoteRows(nine));
    // The same route in both fields of one UPDATE: it is announced (RFC 4271 §4.3).
    peer.send(...pairs(nine, nine, first + 2).map(([gone, come]) => peer.exchange(gone, come)));
    await waitFor(async () => (await scene.ourMac('leaf1', fabric.host(guest)))?.sequence === first + 3, {
      what: 'the number of the last announcement',
    });
    await hasRows(fabric, 'leaf1', remoteRows(nine));
    // Many in a row that end with a withdraw: nothing stays behind.
    const many = Array.from({ length: 10 }, (_, i) => claims(nine, first + 4 + i)).flatMap((each) =>
      each.flatMap((claim) => [peer.announcement(claim), peer.withdrawal(claim)]),
    );
    peer.send(...many);
    await lacksRows(fabric, 'leaf1', remoteRows(nine));
    t.is(await routesOfPeer(), 0);
    await migrated();
    await scene.isRight(t, guest, partners);
    await scene.nothingLocalWasDeleted(t);
  },
);

test.serial('the watch tells a local row that is deleted, and one that is replaced', async (t) => {
  const { fabric } = scene;
  // A host that never went: what has just come back may be replaced by what was said of its stay
  const { name, mac, port, address } = fabric.host('h1-10-2');
  await scene.isRight(t, guest, partners);
  await scene.talk(name);
  await fabric.exec('leaf1', 'bridge', 'fdb', 'del', mac, 'dev', port, 'master');
  await fabric.exec('leaf1', 'ip', 'neigh', 'del', address.ipv4, 'dev', 'br10');
  await scene.talk(name);
  const words = ['dev', 'vx10', 'master', 'dynamic', 'extern_learn'];
  await fabric.exec('leaf1', 'bridge', 'fdb', 'replace', mac, ...words);
  const faults = await waitFor(
    async () => {
      const found = await scene.watch.faults();
      if (found.length < 3) throw new Error(found.join('\n'));
      return found;
    },
    { what: 'what was done to leaf1' },
  );
  t.regex(faults[0], new RegExp(`FDB row of ${mac} on ${port} was deleted`));
  t.regex(faults[1], /neighbor .* was deleted/);
  t.regex(faults[2], new RegExp(`FDB row of ${mac} was replaced`));
});
