import { type Static, Type } from '@sinclair/typebox';
import type { RowOffload, VniHardware } from '../../hardware/index.js';
import { Count, closed, nullable, Text } from '../schema-words.js';

/** How far a row is on its way into a switch ASIC. */
export const OffloadSchema = Type.Object(
  {
    state: Type.Union(
      [
        Type.Literal('offloaded'),
        Type.Literal('pending'),
        Type.Literal('refused'),
        Type.Literal('not-taken'),
        Type.Literal('software'),
      ],
      {
        description:
          'offloaded: the hardware has it; pending: it is given the time to take it; refused: the driver said no; not-taken: it has not taken it in time and gives no reason, as with a table that is full; software: no hardware in this VNI.',
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

const Counts = (what: string) =>
  Type.Object(
    { offloaded: Count(), pending: Count(), refused: Count(), notTaken: Count() },
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
  },
  { $id: 'VniHardware', ...closed },
);

/** A VNI's hardware as the API shows it; null without. */
export function hardwareItem(hardware: VniHardware | undefined): Static<typeof VniHardwareSchema> | null {
  if (!hardware) return null;
  const { switchId, driver, demands, macs, floods } = hardware;
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
  };
}
