/**
 * Inside QEMU with a switch ASIC that is none (lab/asic.ts): leaf1 runs evpnd on the switch, with its host behind a port
 * of it; leaf2 runs FRR.
 */
import assert from 'node:assert/strict';
import { Asic, Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { LinuxKernel } from '../../src/linux/index.js';
import { silentLog } from '../../src/types/index.js';
import { runCases } from './linux-namespace.js';
import { vniOf } from './support/vni.js';

const VNI = 10010;
const PATIENCE = 30_000;
// The second port stays where devlink is
const asic = await Asic.load(2, 'mlxsw_spectrum');
const fabric = await Fabric.create({
  leaves: [
    { engine: 'evpnd', mode: 'vlan-aware' },
    { engine: 'frr', mode: 'vlan-aware' },
  ],
  vnis: [{ vni: VNI, vlan: 10 }],
});
const [local, remote] = ['h1-10', 'h2-10'].map((name) => fabric.host(name));
await asic.plugIn(fabric, local.name, 1);

interface Mac {
  mac: string;
  origin: string;
  offload: { state: string; reason: string | null } | null;
}

async function macs(): Promise<Mac[]> {
  return (await fabric.restApi<{ items: Mac[] }>('leaf1', `/api/v1/vnis/${VNI}/macs`)).body.items;
}

/** The remote MACs by their state, each sorted. */
async function states(): Promise<Record<string, string[]>> {
  const by: Record<string, string[]> = {};
  for (const { mac, offload } of await macs())
    if (offload) by[offload.state] = [...(by[offload.state] ?? []), mac];
  return by;
}

/** MACs of which both rows are marked in iproute2's words. */
async function marked(): Promise<string[]> {
  const rows = (await fabric.bridgeFdb('leaf1')).filter(
    ({ ifname, flags }) => ifname === 'vx10' && flags.includes('offload'),
  );
  const own = rows.filter(({ dst, mac }) => dst !== undefined && mac !== '00:00:00:00:00:00');
  return own
    .map(({ mac }) => mac)
    .filter((mac) => rows.some((row) => row.mac === mac && row.dst === undefined))
    .sort();
}

/** The remote host's neighbor in iproute2's words. */
const remoteNeigh = async () =>
  (await fabric.exec('leaf1', 'ip', 'neigh', 'show', remote.address.ipv4, 'dev', 'br0.10')).stdout;

const mac = (n: number) => `02:77:00:00:00:${n.toString(16).padStart(2, '0')}`;
const many = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => mac(from + i));

/** Hosts behind leaf2 come or go. */
const hosts = (verb: 'replace' | 'del', addresses: readonly string[]) =>
  fabric.apply('leaf2', {
    ip: [],
    bridge: addresses.map(
      (each) =>
        `fdb ${verb} ${each} dev ${remote.port} master vlan 10${verb === 'replace' ? ' dynamic' : ''}`,
    ),
  });

/** Another VTEP, which nobody has. */
const ELSEWHERE = '10.0.0.9';

/** Leaf2 announces its MACs from now on as behind that VTEP; undefined for its own. */
async function hostsBehind(vtep: string | undefined): Promise<void> {
  const leaf = fabric.leaf('leaf2');
  const [{ spine, leafAddress, spineAddress }] = leaf.links;
  if (vtep !== undefined) {
    // The spine passes on only what it has a route to
    await fabric.exec(spine, 'ip', 'route', 'replace', `${vtep}/32`, 'via', leafAddress.ipv4);
    const lines = ['route-map vtep permit 1', 'match evpn route-type macip', `set ip next-hop ${vtep}`];
    await fabric.vtysh('leaf2', 'conf t', ...lines, 'route-map vtep permit 2');
  }
  const line = `neighbor ${spineAddress.ipv4} route-map vtep out`;
  await fabric.vtysh(
    'leaf2',
    'conf t',
    `router bgp ${leaf.asn}`,
    'address-family l2vpn evpn',
    vtep === undefined ? `no ${line}` : line,
  );
}

async function become(what: string, wanted: Record<string, number>): Promise<Record<string, string[]>> {
  let found: Record<string, string[]> = {};
  await waitFor(
    async () => {
      found = await states();
      const keys = new Set([...Object.keys(found), ...Object.keys(wanted)]);
      return [...keys].every((key) => (found[key]?.length ?? 0) === (wanted[key] ?? 0));
    },
    { what, timeout: PATIENCE, interval: 300, show: () => JSON.stringify(found) },
  );
  return found;
}

/** What becomes of MACs that the chip leaves out, from now on. */
async function overflow(policy: 'software' | 'withhold'): Promise<void> {
  const evpnd = fabric.evpnd('leaf1');
  const evpn = evpnd.config.evpn as object | undefined;
  evpnd.configure({ ...evpnd.config, evpn: { ...evpn, 'hardware-overflow': policy } });
  evpnd.signal('SIGHUP');
}

const drifts = async () =>
  (
    await fabric.restApi<{ items: { resolvedAt: string | null }[] }>('leaf1', '/api/v1/drift')
  ).body.items.filter(({ resolvedAt }) => resolvedAt === null).length;

const problems = async () => (await vniOf(fabric, 'leaf1', VNI)).problems.map(({ problem }) => problem);

const raised = (text: RegExp, stands: boolean) =>
  waitFor(async () => (await problems()).some((each) => text.test(each)) === stands, {
    what: `problem ${text} ${stands ? 'found' : 'over'}`,
    timeout: PATIENCE,
  });

/** Leaf2's FRR has the MAC behind leaf1, or not. */
const announced = (address: string, stands: boolean) =>
  waitFor(
    async () => (await fabric.vtysh('leaf2', `show evpn mac vni ${VNI}`)).includes(address) === stands,
    { what: `${address} ${stands ? 'announced' : 'withdrawn'}`, timeout: PATIENCE },
  );

try {
  await runCases([
    {
      name: 'every row of a fabric shows as offloaded, as in bridge fdb',
      run: async () => {
        await waitUntilConverged(fabric, () => {}, 40_000);
        await fabric.exec('leaf1', 'ip', 'link', 'set', 'dev', 'vx10', 'type', 'vxlan', 'tos', 'inherit');
        await waitFor(async () => (await vniOf(fabric, 'leaf1', VNI)).hardware?.driver === 'mlxsw_spectrum', {
          what: 'the driver',
        });
        assert.deepEqual(await become('the remote host in hardware', { offloaded: 1 }), {
          offloaded: [remote.mac],
        });
        assert.deepEqual(await marked(), [remote.mac]);
        const { hardware } = await vniOf(fabric, 'leaf1', VNI);
        const all = { offloaded: 1, pending: 0, refused: 0, notTaken: 0, withheld: 0 };
        assert.deepEqual(hardware, {
          switchId: 'e0e0e0e0e0e0e001',
          driver: 'mlxsw_spectrum',
          demands: [],
          macs: all,
          floodVteps: all,
          floodVtepsOutside: [],
        });
      },
    },
    {
      name: 'a remote neighbor shows as offloaded, as in ip neigh',
      run: async () => {
        const path = `/api/v1/vnis/${VNI}/arp-cache`;
        const { items } = (
          await fabric.restApi<{ items: { ip: string; kernel: { offloaded: boolean } | null }[] }>(
            'leaf1',
            path,
          )
        ).body;
        const shown = items.find(({ ip }) => ip === remote.address.ipv4)?.kernel?.offloaded;
        assert.match(await remoteNeigh(), / offload /);
        assert.equal(shown, true);
      },
    },
    {
      name: 'devlink names the ASIC and its tables, with what is in them',
      run: async () => {
        const kernel = new LinuxKernel({ log: silentLog });
        // A question that an emulated processor answers late counts as unanswered
        const found = await waitFor(() => kernel.asic(), { what: 'the ASIC' });
        assert.deepEqual([found.bus, found.driver], ['platform', 'mlxsw_spectrum']);
        const tables = await waitFor(async () => (await kernel.asicTables(found)).at(0), {
          what: 'its tables',
        });
        assert.deepEqual(tables, { name: 'fdb', size: 65536, occupied: asic.used });
      },
    },
    {
      name: 'a MAC that the chip learned is announced, and withdrawn when the chip ages it',
      run: async () => {
        asic.command(`learn 1 ${mac(200)} 10`);
        await announced(mac(200), true);
        const item = (await macs()).find((each) => each.mac === mac(200));
        assert.deepEqual([item?.origin, item?.offload], ['local', null]);
        asic.command(`age 1 ${mac(200)} 10`);
        await announced(mac(200), false);
      },
    },
    {
      name: 'a MAC that moves is in the chip once, and the VTEP is there before the bridge sends frames to it',
      run: async () => {
        const events = () =>
          asic
            .events()
            .filter((each) => each.includes(mac(201)))
            .map((each) => each.replace(mac(201), 'MAC'));
        const place = () => asic.table().filter((each) => each.includes(mac(201)));
        asic.command(`learn 1 ${mac(201)} 10`);
        await announced(mac(201), true);
        asic.forgetEvents();
        await hosts('replace', [mac(201)]);
        await become('it behind leaf2', { offloaded: 2 });
        assert.deepEqual(place(), [`vx10 ${mac(201)} vlan 10 dst 10.0.0.2`]);
        assert.deepEqual(events(), ['add vxlan vx10 MAC 10.0.0.2:0', 'add bridge vx10 MAC 10']);
        asic.forgetEvents();
        asic.command(`learn 1 ${mac(201)} 10`);
        await become('it behind leaf1', { offloaded: 1 });
        await waitFor(() => events().some((each) => each.startsWith('del vxlan')), {
          what: 'end of the old row',
        });
        assert.deepEqual(place(), [`${local.port} ${mac(201)} vlan 10`]);
        // The chip is not told of what it has told itself
        assert.deepEqual(events(), ['del vxlan vx10 MAC 10.0.0.2:0']);
        asic.command(`age 1 ${mac(201)} 10`);
        await announced(mac(201), false);
      },
    },
    {
      name: 'a MAC that moves from VTEP to VTEP stays in the chip, and goes from it first only where the driver changes no row',
      run: async () => {
        const events = () => asic.events().filter((each) => / vxlan | bridge /.test(each));
        const leadsTo = (dst: string) =>
          waitFor(() => asic.table().includes(`vx10 ${remote.mac} vlan 10 dst ${dst}`), {
            what: `the MAC behind ${dst}`,
            timeout: PATIENCE,
            show: () => [...asic.table(), ...asic.events()].join('\n'),
          });
        asic.forgetEvents();
        await hostsBehind(ELSEWHERE);
        await leadsTo(ELSEWHERE);
        assert.deepEqual(events(), [`add vxlan vx10 ${remote.mac} ${ELSEWHERE}:0`]);
        asic.set('fixed', 'Y');
        asic.forgetEvents();
        await hostsBehind(undefined);
        await leadsTo('10.0.0.2');
        assert.deepEqual(events(), [
          `refuse vxlan vx10 ${remote.mac} 10.0.0.2:0`,
          `del vxlan vx10 ${remote.mac} ${ELSEWHERE}:0`,
          `add vxlan vx10 ${remote.mac} 10.0.0.2:0`,
        ]);
        asic.set('fixed', 'N');
        assert.deepEqual((await become('the MAC in hardware', { offloaded: 1 })).offloaded, [remote.mac]);
        assert.deepEqual(await marked(), [remote.mac]);
      },
    },
    {
      name: 'a slow chip: pending, then offloaded',
      run: async () => {
        asic.set('delay_ms', 5000);
        await hosts('replace', [mac(100)]);
        await become('a MAC under way', { offloaded: 1, pending: 1 });
        await become('the MAC in hardware', { offloaded: 2 });
        asic.set('delay_ms', 0);
        assert.deepEqual(await marked(), [remote.mac, mac(100)]);
      },
    },
    {
      name: 'what the driver refuses shows its words, and is taken once it may be',
      run: async () => {
        asic.set('veto', 28);
        await hosts('replace', [mac(101)]);
        const { refused } = await become('a MAC that is refused', { offloaded: 2, refused: 1 });
        assert.deepEqual(refused, [mac(101)]);
        const item = (await macs()).find((each) => each.mac === mac(101));
        assert.match(item?.offload?.reason ?? '', /this chip takes no such row/);
        await raised(/1 MAC refused, such as one with .*this chip takes no such row/, true);
        asic.set('veto', 0);
        await become('the MAC in hardware', { offloaded: 3 });
        await raised(/refused/, false);
      },
    },
    {
      name: 'a full table leaves eleven out and says so; withheld they have no rows, and frames reach them all the same; ten go, and they follow',
      run: async () => {
        // One that answers is among those that are left out
        asic.set('limit', 12);
        asic.command(`lose ${remote.mac}`);
        await hosts('replace', many(1, 20));
        const found = await become('twelve in, eleven out', { offloaded: 12, 'not-taken': 11 });
        await raised(/has not taken 11 MACs .* \(12 MACs of the VNI are in it\)/, true);
        assert.deepEqual(await marked(), found.offloaded);
        const out = found['not-taken'];
        await overflow('withhold');
        const { withheld } = await become('eleven withheld', { offloaded: 12, withheld: 11 });
        assert.deepEqual(withheld, out);
        await raised(/11 MACs withheld from the kernel/, true);
        const rows = (await fabric.bridgeFdb('leaf1')).filter(({ ifname }) => ifname === 'vx10');
        assert.deepEqual(
          rows.filter(({ mac: its }) => out.includes(its)),
          [],
        );
        await fabric.ping(local.name, remote.address.ipv4, { count: 1 });
        const { body } = await fabric.restApi<{ verdict: string[] }>(
          'leaf1',
          `/api/v1/explain?vni=${VNI}&mac=${remote.mac}`,
        );
        assert.ok(body.verdict.some((each) => each.includes('hardware-overflow: withhold')));
        assert.equal(await drifts(), 0);
        asic.set('limit', 13);
        await hosts(
          'del',
          many(1, 20).filter((each) => !out.includes(each)),
        );
        await become('all in', { offloaded: 13 });
        assert.deepEqual(await marked(), [...out, mac(100), mac(101)].sort());
        await raised(/withheld|has not taken/, false);
        await overflow('software');
      },
    },
    {
      name: 'what the chip loses is found and given to it again',
      run: async () => {
        asic.set('limit', -1);
        asic.command(`lose ${mac(100)}`);
        // Something written makes evpnd look soon
        await hosts('del', [mac(101)]);
        await become('the loss', { offloaded: 11, pending: 1 });
        await become('all in', { offloaded: 12 });
        assert.ok((await marked()).includes(mac(100)));
      },
    },
    {
      name: 'a chip that is taken out leaves no mark behind, and the next one, which is empty, is offered what stands',
      run: async () => {
        await asic.unload();
        assert.deepEqual(await marked(), []);
        assert.doesNotMatch(await remoteNeigh(), / offload /);
        await Asic.load(2, 'mlxsw_spectrum');
        await asic.plugIn(fabric, local.name, 1);
        let found: Record<string, string[]> = {};
        await waitFor(
          async () => {
            found = await states();
            return found.software === undefined;
          },
          { what: 'the new chip', timeout: PATIENCE },
        );
        assert.equal(found.offloaded, undefined);
        // It is given its time first, and then one row
        await waitFor(async () => (await states()).offloaded !== undefined, {
          what: 'a MAC in the new chip',
          timeout: 2 * PATIENCE,
          show: () => [...asic.table(), ...asic.events()].join('\n'),
        });
      },
    },
  ]);
} finally {
  await fabric.remove();
}
