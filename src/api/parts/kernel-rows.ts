import { type Static, Type } from '@sinclair/typebox';
import {
  type BridgeFdbRow,
  type DataPlane,
  deviceName,
  type NeighRow,
  Ntf,
  Nud,
  sourceVni,
  switchOf,
  type VniAttachment,
  type VxlanFdbRow,
} from '../../dataplane/index.js';
import { formatMac, type Ip, type Mac } from '../../types/index.js';
import { ipText } from '../present.js';
import type { Rooms } from '../rooms/rooms.js';
import { Address, Count, closed, MacText, nullable, Text } from '../schema-words.js';

const Flags = Type.Array(Text(), { description: 'ndm_flags by name, such as ext_learned, offloaded.' });
const States = Type.Array(Text(), { description: 'ndm_state by name, such as reachable, noarp.' });

export const FdbRowSchema = Type.Object(
  {
    device: Text(),
    state: States,
    flags: Flags,
    dst: nullable(Address('The VTEP, on rows of a VXLAN device.')),
    offloaded: Type.Boolean({
      description:
        'True if the hardware had the row when evpnd looked last, as for `offload` of the MAC; of a local MAC as the kernel told it.',
    }),
  },
  { $id: 'FdbRow', ...closed },
);

export const NeighRowSchema = Type.Object(
  {
    device: Text(),
    mac: nullable(MacText()),
    state: States,
    flags: Flags,
    protocol: Count('NDA_PROTOCOL: the program that wrote it; 0 for the kernel.'),
    offloaded: Type.Boolean({ description: 'True if the hardware has the row.' }),
  },
  { $id: 'NeighRow', ...closed },
);

type FdbRowItem = Static<typeof FdbRowSchema>;
type NeighRowItem = Static<typeof NeighRowSchema>;

/** `ndm_flags` or `ndm_state` bits by their names in lower case, lowest bit first. */
function bitNames(table: Readonly<Record<string, number>>, bits: number): string[] {
  return Object.entries(table)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name.toLowerCase());
}

/** A bridge's or a VXLAN device's row; `device` is the name of the port it points to, or of the VXLAN device. */
function fdbRowItem(row: BridgeFdbRow | VxlanFdbRow, device: string): FdbRowItem {
  return {
    device,
    state: bitNames(Nud, row.state),
    flags: bitNames(Ntf, row.flags),
    dst: 'dst' in row ? ipText(row.dst) : null,
    offloaded: (row.flags & Ntf.OFFLOADED) !== 0,
  };
}

/** A neighbor table's row; `offloaded` has the IPs of those that the hardware has. */
export function neighRowItem(row: NeighRow, device: string, offloaded: ReadonlySet<Ip>): NeighRowItem {
  const { flags } = withMark(row, offloaded.has(row.ip));
  return {
    device,
    mac: row.mac === undefined ? null : formatMac(row.mac),
    state: bitNames(Nud, row.state),
    flags: bitNames(Ntf, flags),
    protocol: row.protocol,
    offloaded: (flags & Ntf.OFFLOADED) !== 0,
  };
}

export const NO_NEIGHS: ReadonlySet<Ip> = new Set();

/** Returns the IPs of the VNI's neighbors that the hardware has, from a dump of its SVI; none without a switch ASIC. */
export async function hardwareNeighs(rooms: Rooms, at: VniAttachment | undefined): Promise<ReadonlySet<Ip>> {
  if (!at || at.sviIfindex === 0 || !mayBeInHardware(rooms, at)) return NO_NEIGHS;
  return await rooms.kernel.offloadedNeighs(at.sviIfindex);
}

function mayBeInHardware({ kernel, dataPlane }: Rooms, at: VniAttachment): boolean {
  return kernel.switchAsic() !== null || switchOf(dataPlane.topology, at) !== '';
}

/** The FDB rows of a MAC of the VNI as the kernel notified them; those of a remote one with the hardware's mark, which no notification has. */
export function fdbItems(
  { dataPlane, hardware }: Pick<Rooms, 'dataPlane' | 'hardware'>,
  at: VniAttachment,
  mac: Mac,
): { readonly bridge: FdbRowItem | null; readonly vxlan: FdbRowItem | null } {
  const { mirror } = dataPlane;
  const bridge = mirror.bridgeRow(at.bridgeIfindex, at.vlan, mac);
  const vxlan = mirror.vxlanRow(at.vxlanIfindex, sourceVni(at), mac);
  const taken = hardware?.rows(at.vni, mac);
  const ofBridge = bridge?.port === at.vxlanIfindex ? taken?.bridge : undefined;
  return {
    bridge: bridge ? fdbRowItem(withMark(bridge, ofBridge), portName(dataPlane, bridge.port)) : null,
    vxlan: vxlan ? fdbRowItem(withMark(vxlan, taken?.vxlan), at.vxlanName) : null,
  };
}

/** The row with the hardware's mark or without; as it is where `taken` is undefined. */
function withMark<Row extends { readonly flags: number }>(row: Row, taken: boolean | undefined): Row {
  if (taken === undefined) return row;
  return { ...row, flags: taken ? row.flags | Ntf.OFFLOADED : row.flags & ~Ntf.OFFLOADED };
}

/** The name of the device that a row of a bridge points to: a port, or the bridge itself. */
export function portName({ topology }: DataPlane, port: number): string {
  return deviceName(topology, port);
}
