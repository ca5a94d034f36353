import { workerData } from 'node:worker_threads';
import { native } from '../../../src/linux/index.js';

/** A thread that sends a frame by a device again and again, until it is terminated. */
const { ifindex, frame } = workerData as { readonly ifindex: number; readonly frame: Uint8Array };
const AF_PACKET = 17;
const to = Buffer.alloc(20);
to.writeUInt16LE(AF_PACKET, 0);
to.writeInt32LE(ifindex, 4);
const socket = new (native().RawSocket)(AF_PACKET, 3, 0);
for (;;) socket.sendTo(frame, 0, frame.length, to);
