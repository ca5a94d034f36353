/** The connection of a BGP neighbor that a test plays by hand: OPEN and KEEPALIVEs are its own work, all else the test's. */
import { connect, type Socket } from 'node:net';
import { type Ipv4, parseIp } from '../../../src/types/index.js';
import { encodeKeepalive, encodeOpen, MessageReader, MessageType } from '../../../src/wire/index.js';

type Message = NonNullable<ReturnType<MessageReader['next']>>;

interface PeerSocketOptions {
  /** The address that it connects from, which is its router-id too. */
  readonly address: string;
  readonly asn: number;
  readonly neighbor: string;
  /** The one address family that it offers. */
  readonly family: { readonly afi: number; readonly safi: number };
  /** Called for each message, once an OPEN has been answered. */
  readonly onMessage: (message: Message) => void;
}

/** Milliseconds between two KEEPALIVEs. */
const KEEPALIVE = 2_000;

/** Connects and opens the session; the first KEEPALIVE that it hears begins its own. */
export function peerSocket({ address, asn, neighbor, family, onMessage }: PeerSocketOptions): Socket {
  const reader = new MessageReader();
  const socket = connect({ host: neighbor, port: 179, localAddress: address, noDelay: true }, () => {
    socket.write(
      encodeOpen({
        version: 4,
        myAs: asn,
        holdTime: 90,
        routerId: parseIp(address) as Ipv4,
        capabilities: [
          { code: 1, ...family },
          { code: 65, asn },
        ],
      }),
    );
  });
  let timer: NodeJS.Timeout | undefined;
  socket.on('data', (chunk) => {
    reader.push(chunk);
    for (let message = reader.next(); message; message = reader.next()) {
      if (message.type === MessageType.OPEN) socket.write(encodeKeepalive());
      if (message.type === MessageType.KEEPALIVE)
        timer ??= setInterval(() => socket.write(encodeKeepalive()), KEEPALIVE);
      onMessage(message);
    }
  });
  socket.on('close', () => clearInterval(timer));
  return socket;
}
