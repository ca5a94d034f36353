import { IPV4_ANY, MAC_ZERO, StartError } from '../types/index.js';
import * as K from './constants.js';
import type { NetlinkSockets } from './native.js';
import { Programmer } from './programmer.js';

/** No device has it. */
const NO_DEVICE = 0x7fff_ffff;

/**
 * Throws StartError unless the kernel lets this process change neighbors and FDB rows of its network namespace. Asked of the kernel
 * itself, which looks at the permission before all else (net/core/rtnetlink.c rtnetlink_rcv_msg): the deletion of a row
 * that cannot exist. Capabilities alone do not show it, since they count in the namespace's own user namespace.
 */
export function requireRowPermission(sockets?: NetlinkSockets): void {
  const programmer = new Programmer(sockets);
  try {
    const row = { ifindex: NO_DEVICE, ip: IPV4_ANY, mac: MAC_ZERO, router: false };
    const [{ errno }] = programmer.apply([{ table: 'neigh', verb: 'delete', ...row }]);
    if (errno === K.EPERM)
      throw new StartError(
        'the kernel lets this process change no FDB rows or neighbors: give it CAP_NET_ADMIN, as systemd/evpnd.service does, or try it with mode: observe',
      );
  } finally {
    programmer.close();
  }
}
