import { AF_UNIX, SOCK_DGRAM } from './constants.js';
import { native } from './native.js';

/** `sun_path` of struct sockaddr_un. */
const PATH_MAX = 108;

/**
 * Tells the service manager a state such as `READY=1` (sd_notify(3)): one datagram to `$NOTIFY_SOCKET`, a path or, after
 * `@`, an abstract name. Returns true where it was sent, false where nobody asked for it. Throws an Error where the
 * socket is named and cannot be reached.
 */
export function sdNotify(state: string, target: string | undefined = process.env.NOTIFY_SOCKET): boolean {
  if (!target) return false;
  const path = Buffer.from(target);
  if (path.length >= PATH_MAX || !(target.startsWith('/') || target.startsWith('@')))
    throw new Error(
      `NOTIFY_SOCKET ${JSON.stringify(target)}: expected a path, or @ and a name, below ${PATH_MAX} octets`,
    );
  const abstract = target.startsWith('@');
  if (abstract) path[0] = 0;
  // A path ends with its zero octet, an abstract name with its last one
  const address = Buffer.alloc(2 + path.length + (abstract ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  path.copy(address, 2);
  const message = Buffer.from(state);
  const { RawSocket } = native();
  const socket = new RawSocket(AF_UNIX, SOCK_DGRAM, 0);
  try {
    const sent = socket.sendTo(message, 0, message.length, address);
    if (sent < 0) throw new Error(`NOTIFY_SOCKET ${JSON.stringify(target)}: sending failed, errno ${-sent}`);
  } finally {
    socket.close();
  }
  return true;
}
