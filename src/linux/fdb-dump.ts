import type { BridgeFdbRow, VxlanFdbRow } from '../dataplane/index.js';
import type { Ip, Mac } from '../types/index.js';
import { AF_BRIDGE, RTM_NEWNEIGH } from './constants.js';
import type { NetlinkSockets } from './native.js';
import { decodeNeigh, type NeighMessage, newNeighMessage } from './neigh-codec.js';
import { encodeNeighDump } from './neigh-requests.js';
import { DumpSocket } from './route-socket.js';
import { isDeviceRow, toBridgeRow, toVxlanRow } from './row-set.js';
import { Slicer } from './slicer.js';

/* One device's FDB rows for those who want them as a dump shows them; the reader, which fills the mirror, is another. */

/** The FDB rows of one device, as the kernel holds them now. */
export interface FdbRows {
  readonly bridge: readonly BridgeFdbRow[];
  readonly vxlan: readonly VxlanFdbRow[];
}

/** Takes the rows of a device one by one, with NTF_OFFLOADED among their flags. */
export interface FdbVisitor {
  bridgeRow(vlan: number, mac: Mac, flags: number): void;
  vxlanRow(srcVni: number, mac: Mac, dst: Ip | undefined, flags: number): void;
}

/** Reads the rows of a port or device. Rejects with NetlinkError. */
export async function readFdb(
  sockets: NetlinkSockets | undefined,
  ifindex: number,
  isVxlan: (ifindex: number) => boolean,
): Promise<FdbRows> {
  const bridge: BridgeFdbRow[] = [];
  const vxlan: VxlanFdbRow[] = [];
  await dumpFdb(sockets, ifindex, (row, mac) => {
    if (!isDeviceRow(row)) bridge.push(toBridgeRow(row, mac));
    else if (isVxlan(row.ifindex)) vxlan.push(toVxlanRow(row, mac));
  });
  return { bridge, vxlan };
}

/** Visits the rows of a VXLAN device and those of the bridge that point to it. Rejects with NetlinkError. */
export function scanFdb(
  sockets: NetlinkSockets | undefined,
  ifindex: number,
  visitor: FdbVisitor,
): Promise<void> {
  return dumpFdb(sockets, ifindex, (row, mac) => {
    if (!isDeviceRow(row)) visitor.bridgeRow(row.vlan, mac, row.flags);
    else visitor.vxlanRow(row.srcVni, mac, row.dst, row.flags);
  });
}

async function dumpFdb(
  sockets: NetlinkSockets | undefined,
  ifindex: number,
  take: (row: NeighMessage, mac: Mac) => void,
): Promise<void> {
  const row = newNeighMessage();
  const slicer = new Slicer();
  const dump = new DumpSocket(sockets);
  try {
    dump.start((words, sequence) => encodeNeighDump(words, 0, AF_BRIDGE, ifindex, sequence));
    const visit = (type: number, at: number, end: number) => {
      if (type !== RTM_NEWNEIGH) return;
      decodeNeigh(dump.buffer, at, end, row);
      if (row.mac !== undefined) take(row, row.mac);
    };
    while (dump.step(visit) === 'more') await slicer.breathe();
  } finally {
    dump.close();
  }
}
