import { DataPlane, Ntf } from '../../../src/dataplane/index.js';
import { type HardwareReader, HardwareWatch } from '../../../src/hardware/index.js';
import { watchHosts } from '../../../src/hosts/index.js';
import {
  MAC_ZERO,
  type Mac,
  type PrefixKey,
  parseIp,
  parseMac,
  silentLog,
  toVni,
} from '../../../src/types/index.js';
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
  /** The VNI's devices are there, on that switch. */
  const plug = (id: string) => {
    const topology = withVni(bare, devices, attachment(VNI, devices, parseIp('10.0.0.1')));
    const bridge = topology.bridges.get(devices.bridgeIfindex)!;
    world.kernel.setTopology({
      ...topology,
      hasSwitch: id !== '',
      bridges: new Map(topology.bridges).set(devices.bridgeIfindex, { ...bridge, switchId: id }),
    });
  };
  plug(switchId);
  const dataPlane = new DataPlane(world.kernel, clock, silentLog, {
    hosts: watchHosts(),
    routes: { tableId: 254, metric: 20 },
  });
  const chip = new Set<Mac>();
  const marks = new Map<PrefixKey, number>();
  const settings = { limit, withholds: false };
  /** What a dump shows besides. */
  const strangers: ((visitor: Parameters<HardwareReader['scanFdb']>[1]) => void)[] = [];
  let dumps = 0;
  let heard = 0;
  const hasRows = (its: Mac) =>
    world.kernel.tables.vxlanRow(devices.vxlanIfindex, 0, its) !== undefined &&
    world.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, its)?.port === devices.vxlanIfindex;
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
        const flagsOf = (flags: number, its: Mac) =>
          chip.has(its) || (its === MAC_ZERO && settings.limit !== undefined) ? flags | Ntf.OFFLOADED : flags;
        for (const row of tables.bridgeRowsOfPort(ifindex))
          visitor.bridgeRow(row.vlan, row.mac, flagsOf(row.flags, row.mac));
        for (const row of tables.vxlanRowsOfDevice(ifindex))
          visitor.vxlanRow(row.srcVni, row.mac, row.dst, flagsOf(row.flags, row.mac));
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
