/**
 * A BGP collector: accepts a session, says OPEN and KEEPALIVE, writes down whatever comes, and sends what it is told.
 * Run as a program inside a namespace: one JSON line a message on standard output, one hex line a message to send on
 * standard input.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { parseIp } from '../../src/types/index.js';
import {
  AFI_L2VPN,
  type Capability,
  encodeKeepalive,
  encodeOpen,
  HEADER_LENGTH,
  MessageReader,
  MessageType,
  SAFI_EVPN,
} from '../../src/wire/index.js';

/** Given as one JSON argument. */
export interface CollectorOptions {
  readonly address: string;
  readonly port: number;
  readonly asn: number;
  readonly routerId: string;
  readonly fourOctetAs: boolean;
}

/** One line of output. */
export interface CollectedMessage {
  readonly type: number;
  /** The whole message, header included. */
  readonly hex: string;
}

function openOf(options: CollectorOptions): Buffer {
  const capabilities: Capability[] = [
    { code: 1, afi: AFI_L2VPN, safi: SAFI_EVPN },
    { code: 2 },
    { code: 64, restartState: false, notification: false, restartTime: 120, families: [] },
    ...(options.fourOctetAs ? [{ code: 65, asn: options.asn } as const] : []),
  ];
  return encodeOpen({
    version: 4,
    myAs: options.asn,
    holdTime: 90,
    routerId: Number(parseIp(options.routerId)),
    capabilities,
  });
}

function collect(options: CollectorOptions): void {
  let session: Socket | undefined;
  const server = createServer((socket) => {
    session = socket;
    const reader = new MessageReader();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        const { type, body } = message;
        const whole = Buffer.alloc(HEADER_LENGTH + body.length, 0xff);
        whole.writeUInt16BE(whole.length, 16);
        whole[18] = type;
        whole.set(body, HEADER_LENGTH);
        process.stdout.write(`${JSON.stringify({ type, hex: whole.toString('hex') })}\n`);
        if (type === MessageType.OPEN) socket.write(Buffer.concat([openOf(options), encodeKeepalive()]));
        if (type === MessageType.KEEPALIVE) socket.write(encodeKeepalive());
      }
    });
  });
  server.listen(options.port, options.address);
  createInterface({ input: process.stdin }).on('line', (line) => session?.write(Buffer.from(line, 'hex')));
}

collect(JSON.parse(process.argv[2]));
