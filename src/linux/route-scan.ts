import { type RouteRow, RTPROT_EVPND } from '../dataplane/index.js';
import { AF_INET, AF_INET6, RTM_NEWROUTE } from './constants.js';
import type { NetlinkSockets } from './native.js';
import { encodeRouteDump } from './route-dump.js';
import { decodeRoute } from './route-messages.js';
import { DumpSocket, REPEATS } from './route-socket.js';
import { Slicer } from './slicer.js';

/* Our routes for those who want them as a dump shows them; the reader, which fills the mirror, is another. */

/** Takes our routes one by one, with `rtm_flags`. */
export interface RouteVisitor {
  /** A dump begins, be it anew: what has come before may be incomplete. */
  begin(): void;
  route(row: RouteRow, flags: number): void;
}

/** Visits our routes of both families and all routing tables. Rejects with NetlinkError or NetlinkFormatError. */
export async function scanRoutes(sockets: NetlinkSockets | undefined, visitor: RouteVisitor): Promise<void> {
  const slicer = new Slicer();
  const dump = new DumpSocket(sockets);
  const { bytes } = dump.buffer;
  const visit = (type: number, at: number, end: number) => {
    if (type !== RTM_NEWROUTE) return;
    const row = decodeRoute(bytes, at, end);
    if (row?.protocol === RTPROT_EVPND) visitor.route(row, bytes.readUInt32LE(at + 24));
  };
  try {
    for (let repeats = 0; repeats <= REPEATS; repeats++) {
      let whole = true;
      visitor.begin();
      for (const family of [AF_INET, AF_INET6]) {
        dump.start((words, sequence) => encodeRouteDump(words, family, RTPROT_EVPND, undefined, sequence));
        while (dump.step(visit) === 'more') await slicer.breathe();
        whole &&= !dump.interrupted;
      }
      if (whole) return;
    }
  } finally {
    dump.close();
  }
}
