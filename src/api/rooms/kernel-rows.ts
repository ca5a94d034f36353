import {
  type BridgeFdbRow,
  type DataPlane,
  deviceName,
  sourceVni,
  type VniAttachment,
  type VxlanFdbRow,
} from '../../dataplane/index.js';
import type { Mac } from '../../types/index.js';
import { fdbRowItem } from '../present.js';
import type { FdbRowItem } from '../schemas.js';
import type { Rooms } from './rooms.js';

/** A VNI's rows of its VXLAN port as a dump shows them, NTF_OFFLOADED included, by MAC. */
export interface HardwareRows {
  readonly bridge: ReadonlyMap<Mac, BridgeFdbRow>;
  readonly vxlan: ReadonlyMap<Mac, VxlanFdbRow>;
}

/** Offload is never notified: a dump of the one port shows it. undefined without a switch ASIC, where no dump is worth it. */
export async function hardwareRows(
  { kernel }: Rooms,
  at: VniAttachment | undefined,
): Promise<HardwareRows | undefined> {
  if (!at || !kernel.switchAsic()) return undefined;
  return rowsOf(at, await kernel.readFdb(at.vxlanIfindex));
}

/** The rows of the VNI alone: a single VXLAN device has those of all its VNIs, and a MAC may be in several. */
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

/** The FDB rows of a MAC of the VNI: as the hardware shows them where it has them, else as the kernel notified them. */
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
