import { DataPlane, Ntf, type VniAttachment } from '../../../src/dataplane/index.js';
import { type HardwareReader, HardwareWatch } from '../../../src/hardware/index.js';
import { watchHosts } from '../../../src/hosts/index.js';
import {
  type Ip,
  MAC_ZERO,
  type Mac,
  type PrefixKey,
  parseIp,
  parseMac,
  silentLog,
  toVni,
  type Vni,
} from '../../../src/types/index.js';
import type { VniDevices } from '../../dataplane/kernel-contract.js';
import { attachment, MemoryWorld, withVni } from '../../dataplane/memory-world.js';
import { VirtualClock } from '../../support/virtual-clock.js';

export const VNI = toVni(10010);
export const VTEP = parseIp('10.0.0.2');
export const ELSEWHERE = parseIp('10.0.0.3');
export const mac = (n: number) => parseMac(`02:00:00:00:00:${n.toString(16).padStart(2, '0')}`);

export type Scene = Awaited<ReturnType<typeof scene>>;

/**
 * A data plane over a kernel in memory, and a chip that has of its rows those whose MACs it was given, and all default
 * destinations; with `limit` it takes what is written by itself, as long as it has room then.
 */
export async function scene(switchId = 'e0', limit?: number) {
  const clock = new VirtualClock();
  const world = new MemoryWorld(clock);
  const devices = world.devices(VNI);
  const bare = world.kernel.topology;
  /** The devices of each VNI, and what is particular about them. */
  const plugged = new Map<Vni, { readonly devices: VniDevices; readonly over: Partial<VniAttachment> }>([
    [VNI, { devices, over: {} }],
  ]);
  /** The VNIs' devices are there, on that switch. */
  const plug = (id: string) => {
    let topology = bare;
    for (const [vni, { devices: its, over }] of plugged) {
      topology = withVni(topology, its, attachment(vni, its, parseIp('10.0.0.1'), over));
      const bridge = topology.bridges.get(its.bridgeIfindex)!;
      const bridges = new Map(topology.bridges).set(its.bridgeIfindex, { ...bridge, switchId: id });
      topology = { ...topology, hasSwitch: id !== '', bridges };
    }
    world.kernel.setTopology(topology);
  };
  plug(switchId);
  const dataPlane = new DataPlane(world.kernel, clock, silentLog, {
    hosts: watchHosts(),
    routes: { tableId: 254, metric: 20 },
  });
  const chip = new Set<Mac>();
  const marks = new Map<PrefixKey, number>();
  const settings = { limit, withholds: false };
  /** Default destinations that the chip does not take. */
  const unflooded = new Set<Ip>();
  /** What a dump shows besides. */
  const strangers: ((visitor: Parameters<HardwareReader['scanFdb']>[1]) => void)[] = [];
  let dumps = 0;
  let heard = 0;
  const hasRows = (its: Mac) =>
    [...plugged.values()].some(
      ({ devices: { vxlanIfindex, bridgeIfindex } }) =>
        world.kernel.tables.vxlanRow(vxlanIfindex, 0, its) !== undefined &&
        world.kernel.tables.bridgeRow(bridgeIfindex, 0, its)?.port === vxlanIfindex,
    );
  const hear = () => {
    const { applied } = world.kernel;
    for (const operation of applied.slice(heard)) {
      if (operation.table !== 'vxlan' && operation.table !== 'bridge') continue;
      for (const its of chip) if (!hasRows(its)) chip.delete(its);
      if (operation.verb === 'delete') chip.delete(operation.mac);
      else if (chip.size < settings.limit! && hasRows(operation.mac)) chip.add(operation.mac);
    }
    heard = applied.length;
    for (const its of chip) if (!hasRows(its)) chip.delete(its);
  };
  const watch = new HardwareWatch(
    dataPlane,
    {
      async scanFdb(ifindex, visitor) {
        dumps++;
        if (settings.limit !== undefined) hear();
        const { tables } = world.kernel;
        const isTaken = (its: Mac, dst?: Ip) =>
          its === MAC_ZERO ? settings.limit !== undefined && !unflooded.has(dst!) : chip.has(its);
        const flagsOf = (flags: number, its: Mac, dst?: Ip) =>
          isTaken(its, dst) ? flags | Ntf.OFFLOADED : flags;
        for (const row of tables.bridgeRowsOfPort(ifindex))
          visitor.bridgeRow(row.vlan, row.mac, flagsOf(row.flags, row.mac));
        for (const row of tables.vxlanRowsOfDevice(ifindex))
          visitor.vxlanRow(row.srcVni, row.mac, row.dst, flagsOf(row.flags, row.mac, row.dst));
        for (const add of strangers) add(visitor);
      },
      async scanRoutes(visitor) {
        visitor.begin();
        for (const row of world.kernel.tables.routeRows()) visitor.route(row, marks.get(row.prefix) ?? 0);
      },
    },
    clock,
    silentLog,
    () => settings.withholds,
  );
  dataPlane.onTopology = (each) => watch.topologyChanged(each);
  const started = dataPlane.start({
    topologyChanged() {},
    localMacChanged() {},
    localNeighChanged() {},
    intruderHeard() {},
  });
  await new Promise((resolve) => setImmediate(resolve));
  clock.runUntilIdle();
  await started;
  dataPlane.serve(VNI);
  return {
    clock,
    kernel: world.kernel,
    devices,
    plug,
    /** A VNI is there on the switch too, or its devices become so. */
    plugIn(vni: Vni, over: Partial<VniAttachment> = {}) {
      plugged.set(vni, { devices: plugged.get(vni)?.devices ?? world.devices(vni), over });
      plug(switchId);
      dataPlane.serve(vni);
    },
    unflooded,
    unplug: () => world.kernel.setTopology(bare),
    settings,
    strangers,
    dataPlane,
    watch,
    chip,
    marks,
    dumps: () => dumps,
    want: (...macs: Mac[]) => {
      for (const each of macs) dataPlane.setMac(VNI, each, VTEP, false, 0);
    },
    async pass(seconds: number) {
      for (let i = 0; i < seconds * 4; i++) {
        clock.advance(250);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    state: (each: Mac) => watch.mac(VNI, each).state,
  };
}
