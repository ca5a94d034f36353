/** One BGP session of the synthetic spine's: answers the leaf's OPEN, and counts what it sends without decoding it. */
import type { Socket } from 'node:net';
import { type Ipv4, parseIp } from '../src/types/index.js';
import {
  AFI_IPV4,
  AFI_L2VPN,
  encodeKeepalive,
  encodeOpen,
  MessageType,
  SAFI_EVPN,
  SAFI_UNICAST,
} from '../src/wire/index.js';
import { now } from './rpc.js';
import { isBenchMac, isRemoteVtep, SPINE_ASN } from './workload.js';

/** The hold time is so many of the seconds between KEEPALIVEs. */
const KEEPALIVES_A_HOLD = 10;
const HEADER_LENGTH = 19;

export class SpineSession {
  established = false;
  endOfRib = false;
  /** Type-3 routes that the leaf announced. */
  imets = 0;
  messages = 0;
  /** How often a session ended that had been established. */
  ends = 0;
  /** MACs that the leaf announces now (Type-2 without regard to IPs), and when the last change of each came. */
  readonly held = new Set<number>();
  arrivals = new Map<number, number>();
  lastChange = 0;
  /** Milliseconds between two arrivals of anything from the leaf. */
  #longestSilence = 0;
  #lastHeard = 0;
  #socket: Socket | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #keepalives: NodeJS.Timeout | undefined;

  /** `address` is the spine's end of it, `keepalive` in seconds; `heard` is called after each arrival; `more` is what it can beside EVPN. */
  constructor(
    readonly address: string,
    private readonly keepalive: number,
    private readonly heard: () => void,
    private readonly more: { readonly extended?: boolean; readonly unicast?: boolean } = {},
  ) {}

  /** The last connection counts: a restarted leaf comes anew. */
  accept(peer: Socket): void {
    this.#socket?.destroy();
    this.#socket = peer;
    this.#reset();
    peer.setNoDelay(true);
    peer.on('data', (chunk: Buffer) => {
      if (peer === this.#socket) this.#receive(chunk);
    });
    peer.on('error', () => peer.destroy());
    peer.on('close', () => {
      if (peer !== this.#socket) return;
      this.#socket = undefined;
      this.#reset();
    });
    peer.write(
      encodeOpen({
        version: 4,
        myAs: SPINE_ASN,
        holdTime: this.keepalive * KEEPALIVES_A_HOLD,
        routerId: parseIp(this.address) as Ipv4,
        capabilities: [
          { code: 1, afi: AFI_L2VPN, safi: SAFI_EVPN },
          { code: 65, asn: SPINE_ASN },
          ...(this.more.unicast ? [{ code: 1, afi: AFI_IPV4, safi: SAFI_UNICAST } as const] : []),
          ...(this.more.extended ? [{ code: 6 } as const] : []),
        ],
      }),
    );
    clearInterval(this.#keepalives);
    this.#keepalives = setInterval(() => this.#socket?.write(encodeKeepalive()), this.keepalive * 1_000);
  }

  /** @throws Error while there is no session. */
  get socket(): Socket {
    if (!this.#socket || !this.established) throw new Error(`${this.address}: no session`);
    return this.#socket;
  }

  /** Resolves when the last octet left this process. */
  write(buffers: readonly Buffer[]): Promise<void> {
    const peer = this.socket;
    return new Promise((resolve, reject) => {
      let next = 0;
      const closed = () => reject(new Error(`${this.address}: the session went while UPDATEs were sent`));
      const go = () => {
        while (next < buffers.length) if (!peer.write(buffers[next++])) return;
        peer.off('drain', go);
        peer.off('close', closed);
        resolve();
      };
      peer.on('drain', go);
      peer.once('close', closed);
      go();
    });
  }

  /** Cuts the session without a word. */
  cut(): void {
    this.socket.resetAndDestroy();
    this.#socket = undefined;
    this.#reset();
  }

  /** Reads no more, and goes on to send KEEPALIVEs. */
  deafen(): void {
    this.socket.pause();
  }

  forgetSilence(): void {
    this.#longestSilence = 0;
    this.#lastHeard = now();
  }

  /** Since `forgetSilence`, the one that lasts now included. */
  get longestSilence(): number {
    return Math.max(this.#longestSilence, now() - this.#lastHeard);
  }

  #reset(): void {
    this.#rest = Buffer.alloc(0);
    if (this.established) this.ends++;
    this.established = false;
    this.endOfRib = false;
    this.imets = 0;
    this.held.clear();
  }

  #receive(chunk: Buffer): void {
    const at = now();
    this.#longestSilence = Math.max(this.#longestSilence, at - this.#lastHeard);
    this.#lastHeard = at;
    this.lastChange = at;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    while (bytes.length - from >= HEADER_LENGTH) {
      const length = bytes.readUInt16BE(from + 16);
      if (bytes.length - from < length) break;
      this.messages++;
      this.#take(bytes[from + 18], bytes, from + HEADER_LENGTH);
      from += length;
    }
    this.#rest = bytes.subarray(from);
    this.heard();
  }

  #take(type: number, bytes: Buffer, body: number): void {
    if (type === MessageType.OPEN) this.#socket?.write(encodeKeepalive());
    else if (type === MessageType.KEEPALIVE) this.established = true;
    else if (type === MessageType.UPDATE) this.#walkUpdate(bytes, body);
    else if (type === MessageType.NOTIFICATION)
      process.stderr.write(`spine: NOTIFICATION ${bytes[body]}/${bytes[body + 1]}\n`);
  }

  #walkUpdate(bytes: Buffer, start: number): void {
    const withdrawnLength = bytes.readUInt16BE(start);
    let at = start + 4 + withdrawnLength;
    const end = at + bytes.readUInt16BE(start + 2 + withdrawnLength);
    while (at < end) {
      const extended = (bytes[at] & 0x10) !== 0;
      const length = extended ? bytes.readUInt16BE(at + 2) : bytes[at + 2];
      const value = at + (extended ? 4 : 3);
      const code = bytes[at + 1];
      if (code === 14) {
        const nextHop = bytes[value + 3];
        this.#walkRoutes(bytes, value + 4 + nextHop + 1, value + length, true);
      } else if (code === 15) {
        if (length === 3) this.endOfRib = true;
        else this.#walkRoutes(bytes, value + 3, value + length, false);
      }
      at = value + length;
    }
  }

  /** Walks the EVPN routes of an MP attribute; reads no more of a Type-2 than its MAC. */
  #walkRoutes(bytes: Buffer, from: number, end: number, reach: boolean): void {
    for (let at = from; at < end; at += 2 + bytes[at + 1]) {
      // Routes of ours that the leaf tells us again: their RD names one of the remote leaves
      if (isRemoteVtep(bytes.readUInt32BE(at + 4))) continue;
      if (bytes[at] === 3 && reach) this.imets++;
      if (bytes[at] !== 2) continue;
      const mac = bytes.readUIntBE(at + 2 + 8 + 10 + 4 + 1, 6);
      if (!isBenchMac(mac)) continue;
      this.arrivals.set(mac, this.lastChange);
      if (reach) this.held.add(mac);
      else this.held.delete(mac);
    }
  }
}
