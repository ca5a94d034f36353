import test from 'ava';
import { type Host, waitFor } from '../../lab/index.js';
import { linkLocalOf, subjectsOf } from './support/local-watch.js';
import { hasRows, hostRows } from './support/rows.js';
import { Scene } from './support/scene.js';

/*
 * Two hosts with one MAC, and sticky MACs that another host takes: leaf1 and leaf3 are evpnd, leaf2 and the spine FRR.
 */
let scene: Scene;
/** Takes the MACs of others. */
const thief = { leaf1: 'h1-10-2', leaf2: 'h2-10-3' } as const;
type Side = keyof typeof thief;

test.before(async () => {
  scene = await Scene.create({
    leaves: [{ engine: 'evpnd', hostsPerVni: 3 }, { engine: 'frr', hostsPerVni: 3 }, { engine: 'evpnd' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
});
test.after.always('remove', () => scene?.remove());
test.afterEach((t) => scene?.nothingLocalWasDeleted(t));

/** Gives a host another MAC, which it announces at once with its own IPs. */
async function takes(name: string, mac: string): Promise<void> {
  await scene.fabric.apply(name, { ip: [`link set eth0 address ${mac}`], bridge: [] });
}

/** The thief has the victim's MAC while `work` runs; what both are known by may be anywhere from then on. */
async function stealing(side: Side, victim: Host, work: () => Promise<void>): Promise<void> {
  const host = scene.fabric.host(thief[side]);
  scene.watch.leaves('leaf1', subjectsOf(host));
  await takes(host.name, victim.mac);
  await work();
  await takes(host.name, host.mac);
}

/** One after the other talks until leaf1 has followed, so often. */
async function fight(victim: Host, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++)
    for (const [name, origin] of [
      [thief.leaf1, 'local'],
      [victim.name, 'remote'],
    ] as const)
      await waitFor(
        async () => {
          await scene.talk(name);
          return (
            (await isDuplicate(victim))?.frozen || (await scene.ourMac('leaf1', victim))?.origin === origin
          );
        },
        { what: `${victim.mac} ${origin} on leaf1 in round ${round}`, timeout: 5_000, interval: 30 },
      );
}

/** What must stay as it is while a MAC is frozen. */
async function decided(victim: Host) {
  const { origin, vtep, sequence } = (await scene.ourMac('leaf1', victim)) ?? {};
  return { origin, vtep, sequence };
}

interface DuplicateView {
  vni: number;
  mac: string | null;
  ip: string | null;
  frozen: boolean;
}

async function duplicates(): Promise<DuplicateView[]> {
  const { status, body } = await scene.fabric.restApi<{ items: DuplicateView[] }>(
    'leaf1',
    '/api/v1/duplicates',
  );
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.items;
}

const isDuplicate = async ({ mac }: Host) => (await duplicates()).find((each) => each.mac === mac);

async function reload(detection: Record<string, unknown>): Promise<void> {
  const evpnd = scene.fabric.evpnd('leaf1');
  const told = () => evpnd.log().split('configuration reloaded').length;
  const before = told();
  evpnd.configure({ ...evpnd.config, evpn: { 'duplicate-detection': detection } });
  evpnd.signal('SIGHUP');
  await waitFor(() => told() > before, { what: 'reload' });
}

test.serial('two hosts with one MAC: a warning, and every move is followed', async (t) => {
  const victim = scene.fabric.host('h2-10');
  await scene.isRight(t, victim.name, ['h3-10']);
  await stealing('leaf1', victim, async () => {
    await fight(victim, 3);
    t.like(await isDuplicate(victim), { vni: 10010, ip: null, frozen: false });
    t.regex(scene.fabric.evpnd('leaf1').log(), new RegExp(`${victim.mac}.*duplicate address`));
    // Others are served as before.
    t.deepEqual(await scene.lostPings('h3-10', ['h1-10']), []);
  });
  await scene.isRight(t, victim.name, ['h1-10', 'h3-10']);
  await scene.isRight(t, thief.leaf1, ['h2-10', 'h3-10']);
});

test.serial(
  'two hosts with one MAC: frozen, no move is followed until the operator lets it go',
  async (t) => {
    const victim = scene.fabric.host('h2-10-3');
    await scene.isRight(t, victim.name, ['h3-10']);
    const frozen = () => isDuplicate(victim).then((duplicate) => duplicate?.frozen === true);
    await reload({ action: 'freeze', moves: 4, 'freeze-time': 'permanent' });
    await stealing('leaf1', victim, async () => {
      await fight(victim, 2);
      await waitFor(frozen, { what: 'freeze' });
      const before = await decided(victim);
      for (const name of [thief.leaf1, victim.name, thief.leaf1]) {
        await scene.talk(name);
        t.deepEqual(await decided(victim), before);
      }
      t.deepEqual(await scene.lostPings('h3-10', ['h1-10', 'h2-10']), []);
    });
    const path = `/api/v1/duplicates?vni=${victim.vni}&mac=${victim.mac}`;
    t.is((await scene.fabric.evpnd('leaf1').delete(path)).status, 200);
    t.false(await frozen());
    await scene.isRight(t, victim.name, ['h1-10', 'h3-10']);
    // A reload that no longer freezes lets go too what is frozen.
    await stealing('leaf1', victim, async () => {
      await fight(victim, 3);
      await waitFor(frozen, { what: 'freeze' });
    });
    await reload({ action: 'warn' });
    t.false(await frozen());
    await scene.isRight(t, victim.name, ['h1-10', 'h3-10']);
  },
);

test.serial('two hosts with one MAC: frozen for a time, which is over one day', async (t) => {
  const victim = scene.fabric.host('h2-10');
  await reload({ action: 'freeze', moves: 4, 'freeze-time': 30 });
  await stealing('leaf1', victim, async () => {
    await fight(victim, 3);
    await waitFor(async () => (await isDuplicate(victim))?.frozen, { what: 'freeze' });
  });
  t.pass();
});

test.serial('a sticky MAC of FRR is attacked from behind evpnd', async (t) => {
  const { fabric } = scene;
  // FRR 8.4 calls sticky what the bridge calls so (NTF_STICKY), if the MAC and its IPs are new and have never moved.
  const victim = { ...fabric.host('h2-10-2'), mac: '02:99:00:00:0a:02' };
  const address = '10.10.10.220';
  const words = ['dev', victim.port, 'master', 'static', 'sticky'];
  await fabric.exec('leaf2', 'bridge', 'fdb', 'add', victim.mac, ...words);
  await fabric.apply(victim.name, {
    ip: ['addr flush dev eth0', `link set eth0 address ${victim.mac}`, `addr add ${address}/24 dev eth0`],
    bridge: [],
  });
  const { vtep } = fabric.leaf('leaf2');
  const [plain] = hostRows(fabric.leaf('leaf1'), victim, vtep);
  // The form that no frame moves
  const remote = plain.replace('extern_learn', 'static extern_learn sticky');
  await waitFor(async () => (await scene.ourMac('leaf1', victim))?.sticky, { what: 'sticky MAC on leaf1' });
  const isReached = async () => {
    for (const host of ['h1-10', 'h3-10'])
      t.is((await fabric.ping(host, address, { count: 2, interval: 0.05 })).received, 2, `${host} to it`);
  };
  await isReached();
  scene.watch.leaves('leaf1', [victim.mac]);
  const from = Date.now();
  await stealing('leaf1', victim, async () => {
    for (let attack = 0; attack < 5; attack++) {
      await scene.talk(thief.leaf1);
      await hasRows(fabric, 'leaf1', [remote]);
      t.like(await scene.ourMac('leaf1', victim), { origin: 'remote', sticky: true, vtep });
      t.like(await scene.ourMac('leaf3', victim), { origin: 'remote', sticky: true, vtep });
    }
    await isReached();
  });
  const { port } = fabric.host(thief.leaf1);
  const learned = (await scene.watch.events('leaf1', from)).filter(
    ({ mac, device }) => mac === victim.mac && device === port,
  );
  t.deepEqual(learned, [], 'the bridge of leaf1 never takes the thief for the victim');
  t.is((await scene.frrMac('leaf2', victim)).type, 'local');
  await isReached();
});

test.serial('a sticky MAC of ours is attacked from behind FRR', async (t) => {
  const { fabric } = scene;
  const victim = fabric.host('h1-10-3');
  await scene.isRight(t, victim.name, ['h3-10']);
  const words = ['master', 'static', 'sticky'];
  await fabric.exec('leaf1', 'bridge', 'fdb', 'replace', victim.mac, 'dev', victim.port, ...words);
  await waitFor(async () => (await scene.ourMac('leaf3', victim))?.sticky, { what: 'sticky MAC on leaf3' });
  const { sequence } = (await scene.ourMac('leaf1', victim)) ?? {};
  const robber = fabric.host(thief.leaf2);
  const linkLocal = linkLocalOf(robber.mac);
  const { svi, sviAddress } = fabric.leaf('leaf1').segments[0];
  /** The thief keeps its link-local address: leaf1 knows it at the MAC that the thief has now. */
  const isKnown = (mac: string, nudge: () => Promise<unknown>) =>
    waitFor(
      async () => {
        await nudge();
        return (await fabric.neigh('leaf1')).find(({ dst }) => dst === linkLocal)?.lladdr === mac;
      },
      { what: `${linkLocal} at ${mac} on leaf1` },
    );
  const [origin, sticky, device] = ['local', true, victim.port];
  await stealing('leaf2', victim, async () => {
    for (let attack = 0; attack < 5; attack++) {
      await scene.talk(thief.leaf2);
      t.like(await scene.ourMac('leaf3', victim), { vtep: fabric.leaf('leaf1').vtep, sticky: true });
    }
    const ask = ['ping', '-c1', '-W1', '-I', linkLocal, sviAddress.ipv6] as const;
    await isKnown(victim.mac, () => fabric.exec(robber.name, ...ask).catch(() => {}));
  });
  // leaf2 hears it at home again, which takes the row of leaf1 that only the theft had made local.
  const heard = ['neigh', 'replace', linkLocal, 'lladdr', robber.mac, 'dev', svi, 'nud', 'stale'] as const;
  await fabric.exec('leaf2', 'ip', ...heard);
  await isKnown(robber.mac, () => Promise.resolve());
  t.like(await scene.ourMac('leaf1', victim), { origin, sticky, device, sequence });
  t.deepEqual(await scene.lostPings(victim.name, ['h1-10', 'h3-10']), []);
});

test.serial('the time of the freeze is over: moves are followed again', async (t) => {
  const victim = scene.fabric.host('h2-10');
  await waitFor(async () => !(await isDuplicate(victim)), { what: 'end of the freeze', timeout: 40_000 });
  await scene.isRight(t, victim.name, ['h1-10', 'h3-10']);
  await scene.isRight(t, 'h1-10', ['h2-10', 'h3-10']);
});
