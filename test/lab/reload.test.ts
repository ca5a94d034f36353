import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ContinuousPing, waitFor } from '../../lab/index.js';
import { routesOf } from './support/frr-routes.js';
import { Scene } from './support/scene.js';

/*
 * A reload that changes little touches little: counted in the kernel of the leaf that reloads, in the kernel of an FRR leaf
 * that hears of it, and by the spine, while hosts ping each other. leaf1 runs evpnd.
 */
let scene: Scene;
const [ours, theirs, spine] = ['leaf1', 'leaf2', 'spine1'] as const;
const vni = 10010;
const guest = 'h2-10';
const NTF_EXT_LEARNED = 0x10;

test.before(async () => {
  scene = await Scene.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] }, { [guest]: [ours] });
  // So that a route of ours has a sequence number to lose
  await scene.move(guest, ours);
  await scene.sequenceIs(scene.fabric.host(guest), 1);
});
test.after.always('remove', () => scene?.remove());
test.afterEach((t) => scene?.nothingLocalWasDeleted(t));

interface Told {
  updates: number;
  flaps: number;
}
async function told(): Promise<Told> {
  interface Neighbor {
    messageStats: { updatesRecv: number };
    connectionsDropped: number;
  }
  const address = '10.1.1.1';
  const all = await scene.fabric.vtyshJson<Record<string, Neighbor>>(
    spine,
    `show bgp neighbors ${address} json`,
  );
  return { updates: all[address].messageStats.updatesRecv, flaps: all[address].connectionsDropped };
}

/** Remote rows that changed at a leaf since `from`, and which of them went. */
async function remoteRows(leaf: string, from: number): Promise<{ changed: number; gone: string[] }> {
  const events = (await scene.watch.events(leaf, from)).filter(({ flags }) => flags & NTF_EXT_LEARNED);
  return {
    changed: events.length,
    gone: events.filter(({ gone }) => gone).map(({ device, mac, dst }) => `${device} ${mac} ${dst}`),
  };
}

const evpn = (settings: Record<string, unknown>) => ({ evpn: { vnis: [{ vni, ...settings }] } });
const reloads = () => scene.fabric.evpnd(ours).log().split('configuration reloaded').length - 1;
const routes = () => routesOf(scene.fabric, spine, scene.fabric.leaf(ours).routerId);
const withMobility = async () =>
  (await routes())
    .filter(({ communities }) => communities.includes('MM:1'))
    .map(({ prefix }) => prefix)
    .sort();

/** Reloads with these additions to the first configuration while hosts ping, and returns what the others were told. */
async function reload(t: ExecutionContext, additions: Record<string, unknown>): Promise<Told> {
  const { fabric } = scene;
  const evpnd = fabric.evpnd(ours);
  const before = await told();
  const numbered = await withMobility();
  t.true(numbered.length >= 2);
  const pings = await Promise.all(
    (
      [
        ['h1-10', 'h2-20'],
        ['h2-20', 'h1-20'],
        ['h1-20', 'h2-20'],
      ] as const
    ).map(([host, to], i) =>
      ContinuousPing.start(
        fabric.namespace(host),
        fabric.host(to).vni === fabric.host(host).vni
          ? fabric.host(to).address.ipv4
          : fabric.host(guest).address.ipv4,
        0.01,
        join(fabric.folder, `ping-${t.title.replace(/\W+/g, '-')}-${i}`),
      ),
    ),
  );
  const [from, count] = [Date.now(), reloads()];
  evpnd.configure({ ...evpnd.config, ...additions });
  evpnd.signal('SIGHUP');
  await waitFor(() => reloads() > count, { what: 'reload' });
  // Longer than an old RD stands beside the new one
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const ping of pings) {
    const { sent, received, output } = await ping.stop();
    t.true(sent > 50, output);
    t.is(sent - received, 0, output.slice(-300));
  }
  for (const leaf of [ours, theirs]) t.deepEqual((await remoteRows(leaf, from)).gone, [], leaf);
  t.is((await remoteRows(ours, from)).changed, 0, 'rows written at the leaf that reloads');
  t.deepEqual(await withMobility(), numbered, 'sequence numbers');
  const after = await told();
  t.is(after.flaps, before.flaps);
  return { updates: after.updates - before.updates, flaps: 0 };
}

test.serial('nothing, in the same words and in others', async (t) => {
  t.is((await reload(t, {})).updates, 0);
  t.regex(scene.fabric.evpnd(ours).log(), /configuration reloaded: nothing changed/);
  const { asn, routerId } = scene.fabric.leaf(ours);
  const neighbors = (scene.fabric.evpnd(ours).config.neighbors as object[]).map((neighbor) => ({
    ...neighbor,
    'remote-as': 'external',
    'local-address': '10.1.1.1',
    description: 'spine',
  }));
  const own = {
    rd: `${routerId}:${vni}`,
    'import-route-targets': [`*:${vni}`],
    'export-route-targets': [`${asn}:${vni}`],
  };
  t.is((await reload(t, { neighbors, ...evpn(own) })).updates, 0);
  t.regex(
    scene.fabric.evpnd(ours).log(),
    /"key":"neighbors\[10\.1\.1\.0\]\.remote-as","before":"65000","after":"external"/,
  );
});

test.serial('an import target more and less', async (t) => {
  t.is((await reload(t, evpn({ 'import-route-targets': [`*:${vni}`, '65000:999'] }))).updates, 0);
  t.is((await reload(t, {})).updates, 0);
});

test.serial('export targets: as many routes as before, in the same places', async (t) => {
  const before = await routes();
  const { asn } = scene.fabric.leaf(ours);
  // FRR's leaf imports the VNI of any AS, so the route stays imported
  const { updates } = await reload(t, evpn({ 'export-route-targets': [`${asn}:${vni}`, '65001:777'] }));
  t.true(updates > 0 && updates <= before.length, `${updates} UPDATEs`);
  const after = await routes();
  t.deepEqual(
    after.map(({ rd, prefix }) => [rd, prefix]),
    before.map(({ rd, prefix }) => [rd, prefix]),
  );
  t.true(
    after
      .filter(({ rd }) => rd.endsWith(`:${vni}`))
      .every(({ communities }) => communities.includes('RT:65001:777')),
  );
  await reload(t, {});
  t.deepEqual(await routes(), before);
});

test.serial('an RD: the other leaf has a route all the time', async (t) => {
  const before = await routes();
  await reload(t, evpn({ rd: '10.0.0.1:77' }));
  t.deepEqual(
    (await routes()).map(({ rd, prefix }) => `${rd} ${prefix}`).sort(),
    before.map(({ rd, prefix }) => `${rd.replace(`:${vni}`, ':77')} ${prefix}`).sort(),
  );
  await reload(t, {});
  t.deepEqual(await routes(), before);
});
