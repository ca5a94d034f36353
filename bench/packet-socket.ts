import { readFileSync } from 'node:fs';
import * as K from '../src/linux/constants.js';
import { native, type RawSocket } from '../src/linux/native.js';

const AF_PACKET = 17;
const SOCKADDR_LL = 20;

/** A socket that sends whole frames from a device; it hears nothing. */
export function packetSocket(device: string): RawSocket {
  const socket = new (native().RawSocket)(AF_PACKET, K.SOCK_RAW, 0);
  const address = Buffer.alloc(SOCKADDR_LL);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8')), 4);
  const result = socket.bind(address);
  if (result < 0) throw new Error(`bind to ${device}: errno ${-result}`);
  return socket;
}
