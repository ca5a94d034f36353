import * as K from './constants.js';
import { LinkTable } from './link-table.js';
import { writeHeader } from './message.js';
import { type DumpSocket, REPEATS } from './route-socket.js';

/** Carries out what reads one message of a dump: one that is cut short must not hide those behind it. */
type Guard = (take: () => void) => void;

/** Reads links, VLANs, addresses and VNI filters in one go. Throws NetlinkError. */
export function readLinks(dump: DumpSocket, guard: Guard): LinkTable {
  for (let repeats = 0; ; repeats++) {
    const table = new LinkTable();
    const whole =
      dumpLinks(dump, guard, table, K.RTM_GETLINK, K.AF_UNSPEC, K.RTEXT_FILTER_SKIP_STATS) &&
      dumpLinks(dump, guard, table, K.RTM_GETLINK, K.AF_BRIDGE, K.RTEXT_FILTER_BRVLAN_COMPRESSED) &&
      dumpLinks(dump, guard, table, K.RTM_GETADDR, K.AF_UNSPEC, undefined) &&
      dumpVniFilters(dump, guard, table);
    if (whole || repeats >= REPEATS) return table;
  }
}

/** True where the kernel's table stood still meanwhile. */
function dumpLinks(
  dump: DumpSocket,
  guard: Guard,
  table: LinkTable,
  request: number,
  family: number,
  filter: number | undefined,
): boolean {
  // struct ifinfomsg takes 16 octets, struct ifaddrmsg and struct tunnel_msg 8
  const body = request === K.RTM_GETLINK ? 16 : 8;
  const length = 16 + body + (filter === undefined ? 0 : 8);
  dump.start((words, sequence) => {
    const bytes = Buffer.from(words.buffer);
    writeHeader({ bytes, words }, 0, length, request, K.NLM_F_REQUEST | K.NLM_F_DUMP, sequence);
    words.fill(0, 4, length >> 2);
    words[4] = family;
    if (filter !== undefined) {
      words[8] = (K.IFLA_EXT_MASK << 16) | 8;
      words[9] = filter;
    }
    return length >> 2;
  });
  const { bytes } = dump.buffer;
  const visit = (type: number, at: number, end: number) => guard(() => table.take(type, bytes, at, end));
  while (dump.step(visit) === 'more');
  return !dump.interrupted;
}

/** Kernels before 5.18 have no VNI filters and refuse the request. */
function dumpVniFilters(dump: DumpSocket, guard: Guard, table: LinkTable): boolean {
  for (const link of table.links.values())
    if (link.vxlan?.vniFilter) return dumpLinks(dump, guard, table, K.RTM_GETTUNNEL, K.AF_BRIDGE, undefined);
  return true;
}
