import { type Static, Type } from '@sinclair/typebox';
import type { RouteCounts, RouteOffload, RowOffload, VniHardware } from '../../hardware/index.js';
import { formatIp } from '../../types/index.js';
import { Address, Count, closed, nullable, ref, Text } from '../schema-words.js';

/** How far a row is on its way into a switch ASIC. */
export const OffloadSchema = Type.Object(
  {
    state: Type.Union(
      [
        Type.Literal('offloaded'),
        Type.Literal('pending'),
        Type.Literal('refused'),
        Type.Literal('not-taken'),
        Type.Literal('withheld'),
        Type.Literal('software'),
      ],
      {
        description:
          'offloaded: the hardware has it; pending: it is given the time to take it; refused: the driver said no; not-taken: it has not taken it in time and gives no reason, as with a table that is full; withheld: that was so, and `hardware-overflow: withhold` keeps it out of the kernel, so that frames to it are flooded; software: no hardware in this VNI.',
      },
    ),
    reason: nullable(Text("The driver's words, of a refused row.")),
  },
  { $id: 'Offload', ...closed },
);

/** A row's state as the API shows it. */
export function offloadItem(offload: RowOffload | undefined): Static<typeof OffloadSchema> {
  return { state: offload?.state ?? 'software', reason: offload?.reason ?? null };
}

/** What a switch ASIC made of a route. */
export const RouteOffloadSchema = Type.Object(
  {
    state: Type.Union(
      [Type.Literal('offloaded'), Type.Literal('trap'), Type.Literal('refused'), Type.Literal('software')],
      {
        description:
          'offloaded: the hardware forwards by it; trap: the hardware hands what it matches to the CPU; refused: the hardware has not taken it, and goes by a shorter one; software: the driver has not marked it.',
      },
    ),
    reason: nullable(Text("The kernel's words, of a route that it refused.")),
  },
  { $id: 'RouteOffload', ...closed, description: 'What a switch ASIC made of a route that is installed.' },
);

/** A route's state as the API shows it; null where there is no switch, or no such route of ours. */
export function routeOffloadItem(
  offload: RouteOffload | undefined,
): Static<typeof RouteOffloadSchema> | null {
  return offload ? { state: offload.state, reason: offload.reason ?? null } : null;
}

/** How many routes of a routing table are in which state. */
export const RouteCountsSchema = Type.Object(
  { offloaded: Count(), trap: Count(), refused: Count(), software: Count() },
  {
    $id: 'RouteCounts',
    ...closed,
    description:
      'Routes by what the switch ASIC made of them, as `offload` of /underlay-routes has it; software are also those that are not written yet.',
  },
);

/** The same as the API shows it; null where there is no switch. */
export function routeCountsItem(counts: RouteCounts | undefined): Static<typeof RouteCountsSchema> | null {
  return counts ? { ...counts } : null;
}

const Counts = (what: string) =>
  Type.Object(
    { offloaded: Count(), pending: Count(), refused: Count(), notTaken: Count(), withheld: Count() },
    { ...closed, description: `${what}, by how far they are on their way into the hardware.` },
  );

/** What a VNI has in hardware. */
export const VniHardwareSchema = Type.Object(
  {
    switchId: Text('phys_switch_id of the ports of its bridge.'),
    driver: nullable(Text("The kernel's driver of the switch; null where sysfs does not say.")),
    demands: Type.Array(
      Type.Object(
        {
          attribute: Text(),
          wanted: Text(),
          found: Text(),
          fix: nullable(Text('The command that mends it.')),
        },
        closed,
      ),
      {
        description:
          'What the driver demands of the VXLAN device and its bridge, and does not find: it takes no row before.',
      },
    ),
    macs: Counts('Remote MACs'),
    floodVteps: Counts('Default destinations'),
    floodVtepsOutside: Type.Array(Type.Object({ vtep: Address(), offload: ref(OffloadSchema) }, closed), {
      description: 'Default destinations that the hardware does not have.',
    }),
  },
  { $id: 'VniHardware', ...closed },
);

/** A VNI's hardware as the API shows it; null without. */
export function hardwareItem(hardware: VniHardware | undefined): Static<typeof VniHardwareSchema> | null {
  if (!hardware) return null;
  const { switchId, driver, demands, macs, floods, floodsOutside } = hardware;
  return {
    switchId,
    driver: driver || null,
    demands: demands.map(({ demand, wanted, found, fix }) => ({
      attribute: demand ?? '',
      wanted: wanted ?? '',
      found: found ?? '',
      fix: fix ?? null,
    })),
    macs: { ...macs },
    floodVteps: { ...floods },
    floodVtepsOutside: floodsOutside.map(({ dst, offload }) => ({
      vtep: formatIp(dst),
      offload: offloadItem(offload),
    })),
  };
}
