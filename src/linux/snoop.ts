import type { HostQuestion, Snooper, SnoopObserver } from '../dataplane/index.js';
import type { Ip, Log, Mac } from '../types/index.js';
import * as K from './constants.js';
import { native, type RawSocket } from './native.js';
import { SNAP_LENGTH, snoopFilter } from './snoop-filter.js';
import { type Heard, QUESTION_MAX, readFrame, writeQuestion } from './snoop-packet.js';
import { type Sampled, SnoopShares } from './snoop-shares.js';

/** <linux/if_packet.h>, <linux/if_ether.h>. */
const AF_PACKET = 17;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
const ETH_P_ALL = 0x0003;
const TP_STATUS_CSUMNOTREADY = 1 << 3;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;

/** `struct sockaddr_ll`. */
const ADDRESS = 20;
const IFINDEX = 4;
/** `struct cmsghdr` with a size_t, then `struct tpacket_auxdata`. */
const CMSG_HEADER = process.arch === 'arm' || process.arch === 'ia32' ? 12 : 16;
const CMSG_LEVEL = CMSG_HEADER - 8;
const CONTROL = 48;

/** Frames of one reading, and of one window of time; beyond these the kernel drops them, which costs us nothing. */
const BATCH = 64;
const WINDOW_MS = 100;
const WINDOW_FRAMES = 10_000;
const RECEIVE_BUFFER = 1 << 22;

/** The shape of a problem of the API. */
export interface SnooperProblem {
  readonly severity: 'warning';
  readonly problem: string;
  readonly fix: string;
}

/**
 * Hears ARP and ND on every device of this network namespace by one AF_PACKET socket (the observer knows which of them
 * are access ports), and asks hosts. One socket for all, since each that is closed waits for an RCU grace period, some
 * 20 ms, which a thousand ports would make twenty seconds.
 */
export class LinuxSnooper implements Snooper {
  readonly #log: Log;
  readonly #open: () => RawSocket;
  #problem: SnooperProblem | undefined;
  readonly #bytes = Buffer.alloc(BATCH * SNAP_LENGTH);
  readonly #lengths = new Int32Array(1 + 3 * BATCH);
  readonly #addresses = Buffer.alloc(BATCH * ADDRESS);
  readonly #controls = Buffer.alloc(BATCH * CONTROL);
  readonly #question = Buffer.alloc(QUESTION_MAX);
  readonly #to = Buffer.alloc(ADDRESS);
  readonly #heard: Heard = { mac: 0 as Mac, ip: 0 as Ip, router: undefined };
  #socket: RawSocket | undefined;
  #observer: SnoopObserver | undefined;
  #windowStart = 0;
  #windowFrames = 0;
  readonly #shares = new SnoopShares();
  #turn: NodeJS.Timeout | undefined;
  #sampled: readonly Sampled[] = [];
  #pause: NodeJS.Timeout | undefined;

  constructor(options: { readonly log: Log; readonly open?: () => RawSocket }) {
    this.#log = options.log;
    this.#open = options.open ?? openSocket;
  }

  /** Returns why nothing is heard, for the API; undefined if it is. */
  get problem(): SnooperProblem | undefined {
    return this.#problem;
  }

  /** Where the kernel refuses the socket, nothing is received and the log reports why: neighbors of SVIs are known still. */
  start(observer: SnoopObserver): void {
    if (this.#socket) throw new Error('this snooper has been started before');
    this.#observer = observer;
    try {
      this.#socket = this.#open();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#problem = {
        severity: 'warning',
        problem: `ARP and neighbor discovery of hosts are not heard, so that only IPs in the neighbor tables of SVIs are announced, and silent hosts are not asked but there: ${reason}`,
        fix: 'give evpnd CAP_NET_RAW, as systemd/evpnd.service does, and start it anew; or set `evpn.snooping: false`',
      };
      const { problem, fix } = this.#problem;
      this.#log.warn({ fix }, problem);
      return;
    }
    this.#socket.watch(
      () => this.#read(),
      (thrown) => this.#log.error({ err: thrown }, 'handling a frame failed'),
    );
  }

  ask({ port, tag, mac, ip, source }: HostQuestion): boolean {
    if (!this.#socket) return false;
    const length = writeQuestion(this.#question, mac, source, tag, ip);
    this.#to.writeUInt16LE(AF_PACKET, 0);
    this.#to.writeInt32LE(port, IFINDEX);
    return this.#socket.sendTo(this.#question, 0, length, this.#to) === length;
  }

  close(): void {
    clearTimeout(this.#pause);
    clearTimeout(this.#turn);
    this.#socket?.close();
    this.#socket = undefined;
    this.#observer = undefined;
  }

  /** One buffer full a turn of the event loop, and so many a window of time. */
  #read(): void {
    const socket = this.#socket;
    if (!socket) return;
    const count = socket.receiveManyFrom(
      this.#bytes,
      SNAP_LENGTH,
      this.#lengths,
      this.#addresses,
      ADDRESS,
      this.#controls,
      CONTROL,
    );
    for (let i = 0, at = 0; i < count && this.#observer; i++) {
      const length = this.#lengths[1 + 3 * i];
      const port = this.#addresses.readInt32LE(i * ADDRESS + IFINDEX);
      if (this.#shares.take(port)) this.#frame(i, at, length, port, this.#observer);
      else if (this.#shares.isFlooded(port)) this.#endWindow();
      at += (length + 3) & ~3;
    }
    this.#spend(count);
  }

  #spend(frames: number): void {
    const now = performance.now();
    if (now - this.#windowStart >= WINDOW_MS) this.#endWindow();
    this.#windowFrames += frames;
    if (this.#windowFrames < WINDOW_FRAMES || this.#pause) return;
    this.#socket?.pause();
    this.#pause = setTimeout(
      () => {
        this.#pause = undefined;
        this.#socket?.resume();
      },
      WINDOW_MS - (now - this.#windowStart),
    );
  }

  #frame(i: number, at: number, length: number, port: number, observer: SnoopObserver): void {
    const control = i * CONTROL;
    let status = 0;
    let tag = 0;
    if (this.#lengths[3 + 3 * i] >= CMSG_HEADER + 20 && this.#isAuxiliary(control)) {
      status = this.#controls.readUInt32LE(control + CMSG_HEADER);
      if (status & TP_STATUS_VLAN_VALID) {
        const protocol = this.#controls.readUInt16LE(control + CMSG_HEADER + 18);
        // Of service tags no bridge of ours makes a VLAN
        if (status & TP_STATUS_VLAN_TPID_VALID && protocol !== K.ETH_P_8021Q) return;
        tag = this.#controls.readUInt16LE(control + CMSG_HEADER + 16) & 0xfff;
      }
    }
    const heard = this.#heard;
    const kind = readFrame(this.#bytes, at, length, (status & TP_STATUS_CSUMNOTREADY) === 0, heard);
    if (kind !== 'binding' && kind !== 'tentative') return;
    if (kind === 'binding') observer.heard(port, tag, heard.mac, heard.ip, heard.router);
    else observer.tentative(port, tag, heard.ip);
  }

  /** Shares out anew what is heard; goes on by itself while anybody is sampled. */
  #endWindow(): void {
    const now = performance.now();
    const sampled = this.#shares.turn(Math.min(1, Math.max(0.01, (now - this.#windowStart) / WINDOW_MS)));
    this.#windowStart = now;
    this.#windowFrames = 0;
    if (sampled) {
      this.#sampled = sampled;
      this.#socket?.attachFilter(snoopFilter(sampled));
    }
    for (const { ifindex } of this.#sampled) this.#observer?.flooded(ifindex);
    clearTimeout(this.#turn);
    this.#turn =
      this.#sampled.length > 0 ? setTimeout(() => this.#endWindow(), WINDOW_MS).unref() : undefined;
  }

  #isAuxiliary(at: number): boolean {
    return (
      this.#controls.readInt32LE(at + CMSG_LEVEL) === SOL_PACKET &&
      this.#controls.readInt32LE(at + CMSG_LEVEL + 4) === PACKET_AUXDATA
    );
  }
}

/** Filtered before it hears anything; throws an Error where the kernel refuses. */
function openSocket(): RawSocket {
  const { RawSocket } = native();
  // Protocol 0 hears nothing until it is bound
  const socket = new RawSocket(AF_PACKET, K.SOCK_RAW, 0);
  const one = Buffer.from([1, 0, 0, 0]);
  const size = Buffer.alloc(4);
  size.writeInt32LE(RECEIVE_BUFFER, 0);
  const address = Buffer.alloc(ADDRESS);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  try {
    check('the filter', socket.attachFilter(snoopFilter()));
    check('PACKET_AUXDATA', socket.setOption(SOL_PACKET, PACKET_AUXDATA, one));
    // Saves a copy of every packet sent; the filter would drop them as well
    socket.setOption(SOL_PACKET, PACKET_IGNORE_OUTGOING, one);
    socket.setOption(K.SOL_SOCKET, K.SO_RCVBUFFORCE, size);
    check('bind', socket.bind(address));
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function check(what: string, result: number): void {
  if (result < 0) throw new Error(`${what} of a packet socket: errno ${-result}`);
}
