import { Ntf } from '../dataplane/index.js';
import type { Ip, Mac } from '../types/index.js';
import { AF_BRIDGE, AF_INET, AF_INET6, RTM_NEWNEIGH } from './constants.js';
import type { NetlinkSockets } from './native.js';
import { decodeNeigh, type NeighMessage, newNeighMessage } from './neigh-codec.js';
import { encodeNeighDump, encodeNeighDumpOf } from './neigh-requests.js';
import { DumpSocket } from './route-socket.js';
import { isDeviceRow } from './row-set.js';
import { Slicer } from './slicer.js';

/* One device's FDB rows and neighbors for those who want them as a dump shows them; the reader, which fills the mirror, is another. */

/** Takes the rows of a device one by one, with NTF_OFFLOADED among their flags. */
export interface FdbVisitor {
  bridgeRow(vlan: number, mac: Mac, flags: number): void;
  vxlanRow(srcVni: number, mac: Mac, dst: Ip | undefined, flags: number): void;
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

/** Returns the IPs of a device's neighbors that a switch ASIC has (NTF_OFFLOADED). Rejects with NetlinkError. */
export async function offloadedNeighs(
  sockets: NetlinkSockets | undefined,
  ifindex: number,
): Promise<ReadonlySet<Ip>> {
  const ips = new Set<Ip>();
  for (const family of [AF_INET, AF_INET6])
    await dumpNeighs(
      sockets,
      (words, sequence) => encodeNeighDumpOf(words, 0, family, ifindex, sequence),
      // Older kernels do not filter
      (row) => {
        if (row.ifindex === ifindex && row.dst !== undefined && (row.flags & Ntf.OFFLOADED) !== 0)
          ips.add(row.dst);
      },
    );
  return ips;
}

function dumpFdb(
  sockets: NetlinkSockets | undefined,
  ifindex: number,
  take: (row: NeighMessage, mac: Mac) => void,
): Promise<void> {
  return dumpNeighs(
    sockets,
    (words, sequence) => encodeNeighDump(words, 0, AF_BRIDGE, ifindex, sequence),
    (row) => {
      if (row.mac !== undefined) take(row, row.mac);
    },
  );
}

async function dumpNeighs(
  sockets: NetlinkSockets | undefined,
  encode: (words: Uint32Array, sequence: number) => number,
  take: (row: NeighMessage) => void,
): Promise<void> {
  const row = newNeighMessage();
  const slicer = new Slicer();
  const dump = new DumpSocket(sockets);
  try {
    dump.start(encode);
    const visit = (type: number, at: number, end: number) => {
      if (type !== RTM_NEWNEIGH) return;
      decodeNeigh(dump.buffer, at, end, row);
      take(row);
    };
    while (dump.step(visit) === 'more') await slicer.breathe();
  } finally {
    dump.close();
  }
}
