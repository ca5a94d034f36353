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
    offloaded: Type.Boolean({ description: 'True if the hardware has the row.' }),
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
  const flags = offloaded.has(row.ip) ? row.flags | Ntf.OFFLOADED : row.flags & ~Ntf.OFFLOADED;
  return {
    device,
    mac: row.mac === undefined ? null : formatMac(row.mac),
    state: bitNames(Nud, row.state),
    flags: bitNames(Ntf, flags),
    protocol: row.protocol,
    offloaded: (flags & Ntf.OFFLOADED) !== 0,
  };
}

/** A VNI's rows of its VXLAN port as a dump shows them, NTF_OFFLOADED included, by MAC. */
export interface HardwareRows {
  readonly bridge: ReadonlyMap<Mac, BridgeFdbRow>;
  readonly vxlan: ReadonlyMap<Mac, VxlanFdbRow>;
}

/** Returns rows with their offload flag, which is never notified, from a dump of the port; undefined without a switch ASIC. */
export async function hardwareRows(
  rooms: Rooms,
  at: VniAttachment | undefined,
): Promise<HardwareRows | undefined> {
  if (!at || !mayBeInHardware(rooms, at)) return undefined;
  return rowsOf(at, await rooms.kernel.readFdb(at.vxlanIfindex));
}

function mayBeInHardware({ kernel, dataPlane }: Rooms, at: VniAttachment): boolean {
  return kernel.switchAsic() !== null || switchOf(dataPlane.topology, at) !== '';
}

export const NO_NEIGHS: ReadonlySet<Ip> = new Set();

/** Returns the IPs of the VNI's neighbors that the hardware has, from a dump of its SVI; none without a switch ASIC. */
export async function hardwareNeighs(rooms: Rooms, at: VniAttachment | undefined): Promise<ReadonlySet<Ip>> {
  if (!at || at.sviIfindex === 0 || !mayBeInHardware(rooms, at)) return NO_NEIGHS;
  return await rooms.kernel.offloadedNeighs(at.sviIfindex);
}

/** Only the rows of this VNI: a single VXLAN device has those of all its VNIs, and a MAC may be in several. */
function rowsOf(at: VniAttachment, rows: readonly (BridgeFdbRow | VxlanFdbRow)[]): HardwareRows {
  const bridge = new Map<Mac, BridgeFdbRow>();
  const vxlan = new Map<Mac, VxlanFdbRow>();
  const srcVni = sourceVni(at);
  for (const row of rows)
    if ('port' in row) {
      if (row.vlan === at.vlan) bridge.set(row.mac, row);
    } else if (row.srcVni === srcVni) vxlan.set(row.mac, row);
  return { bridge, vxlan };
}

/** The FDB rows of a MAC of the VNI: as dumped with the offload flag if there is hardware, otherwise as the kernel notified them. */
export function fdbItems(
  dataPlane: DataPlane,
  at: VniAttachment,
  mac: Mac,
  hardware: HardwareRows | undefined,
): { readonly bridge: FdbRowItem | null; readonly vxlan: FdbRowItem | null } {
  const { mirror } = dataPlane;
  const bridge = hardware?.bridge.get(mac) ?? mirror.bridgeRow(at.bridgeIfindex, at.vlan, mac);
  const vxlan = hardware?.vxlan.get(mac) ?? mirror.vxlanRow(at.vxlanIfindex, sourceVni(at), mac);
  return {
    bridge: bridge ? fdbRowItem(bridge, portName(dataPlane, bridge.port)) : null,
    vxlan: vxlan ? fdbRowItem(vxlan, at.vxlanName) : null,
  };
}

/** The name of the device that a row of a bridge points to: a port, or the bridge itself. */
export function portName({ topology }: DataPlane, port: number): string {
  return deviceName(topology, port);
}
