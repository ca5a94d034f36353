import { Ntf, type Operation } from '../dataplane/index.js';
import { RTM_DELNEIGH, RTM_NEWNEIGH } from './constants.js';
import { swap32 } from './neigh-codec.js';
import { assemble, IF_ANY_BIT, IF_EQUAL, LOAD_BYTE, LOAD_HALF, LOAD_WORD, RETURN } from './socket-filter.js';

/** A jump of classic BPF reaches 255 instructions. */
export const MAX_DEVICES = 240;

/** The devices on which a batch writes rows with our mark. */
export function devicesOf(operations: readonly Operation[]): Set<number> {
  const devices = new Set<number>();
  for (const operation of operations) {
    const device = deviceOf(operation);
    if (device !== undefined) devices.add(device);
  }
  return devices;
}

/** The `ndm_ifindex` of the row's notification, where that carries NTF_EXT_LEARNED. */
function deviceOf(operation: Operation): number | undefined {
  switch (operation.table) {
    case 'bridge':
    case 'fdb':
      return operation.port;
    case 'vxlan':
    case 'neigh':
      return operation.ifindex;
    default:
      return undefined;
  }
}

/**
 * A program that lets all notifications pass but RTM_NEWNEIGH and RTM_DELNEIGH of rows with NTF_EXT_LEARNED on these
 * devices (MAX_DEVICES at most): what a daemon hears of its own writing. BPF reads numbers in network order, netlink writes them in the
 * machine's.
 */
export function echoFilter(devices: ReadonlySet<number>): Buffer {
  const checks = [...devices];
  const pass = checks.length;
  return assemble([
    { code: LOAD_HALF, k: 4 },
    { code: IF_EQUAL, k: RTM_NEWNEIGH << 8, jt: 1 },
    { code: IF_EQUAL, k: RTM_DELNEIGH << 8, jf: pass + 3 },
    { code: LOAD_BYTE, k: 26 },
    { code: IF_ANY_BIT, k: Ntf.EXT_LEARNED, jf: pass + 1 },
    { code: LOAD_WORD, k: 20 },
    ...checks.map((ifindex, i) => ({ code: IF_EQUAL, k: swap32(ifindex), jt: pass - i })),
    { code: RETURN, k: 0xffffffff },
    { code: RETURN, k: 0 },
  ]);
}
