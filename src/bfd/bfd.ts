import { type Clock, type Ip, type Log, parseIp, type Timer } from '../types/index.js';
import { type ControlPacket, decodeControl } from './packet.js';
import { BfdSession } from './session.js';
import type { BfdListener, BfdSettings, BfdStatus, Dropped } from './status.js';
import {
  type Arrival,
  BFD_TTL,
  type BfdChannel,
  type BfdTarget,
  type BfdTransport,
  BfdTransportError,
} from './transport.js';

/** Milliseconds until a socket that could not be had is tried again. */
const RETRY = 5000;

/** Milliseconds for which a farewell waits for what has to end before; a neighbor that takes nothing must not keep it. */
const PATIENCE = 1000;

interface BfdDeps {
  readonly clock: Clock;
  readonly transport: BfdTransport;
  readonly log: Log;
  /** 0 to below 1, for discriminators; Math.random unless a test wants to know better. */
  readonly random?: () => number;
}

/** A session as the one who asked for it has it. */
export interface BfdWatch {
  readonly status: BfdStatus;
  configure(settings: BfdSettings): void;
  /**
   * AdminDown is sent to the neighbor, for as long as it may take; nothing is reported any more. `after`: not before this has
   * resolved, or a second has passed.
   */
  stop(after?: Promise<void>): void;
}

/** A session, and how it reaches its neighbor. */
interface Entry {
  readonly target: BfdTarget;
  readonly ip: Ip;
  readonly zone: string;
  readonly session: BfdSession;
  channel: BfdChannel | undefined;
  /** Why there is no channel. */
  fault: string;
  /** Until the next attempt at a channel, or the beginning or the end of the farewell. */
  timer: Timer | undefined;
  /** Nobody watches it any more. */
  leaving: boolean;
}

/** The BFD sessions of this leaf: which one a packet is for, and what becomes of those that nobody wants any more. */
export class Bfd {
  readonly #deps: Required<BfdDeps>;
  readonly #entries = new Map<number, Entry>();
  #strangers = 0;
  #begun = false;

  constructor({ random = Math.random, ...deps }: BfdDeps) {
    this.#deps = { ...deps, random };
    deps.transport.onArrival = (arrival) => this.#arrived(arrival);
  }

  /**
   * Sends and listens from now on. What is watched before waits until then, since a process that starts is away from its
   * event loop for longer than a neighbor would wait.
   */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    for (const entry of this.#entries.values()) this.#start(entry);
  }

  /** Packets from addresses with which no session is wanted. */
  get strangers(): number {
    return this.#strangers;
  }

  /** A session, in the active role (RFC 5880 §6.1). Throws ParseError for an address that is none. */
  watch(target: BfdTarget, settings: BfdSettings, listener: BfdListener): BfdWatch {
    const [address, zone = ''] = target.address.split('%');
    const ip = parseIp(address);
    // Drawn before the one of an earlier session is free again
    const discriminator = this.#discriminator();
    for (const entry of this.#entries.values())
      if (entry.leaving && isOf(entry, ip, zone, target.multihop)) this.#forget(entry);
    const { clock, log, transport } = this.#deps;
    const session: BfdSession = new BfdSession(
      target,
      settings,
      discriminator,
      {
        clock,
        log,
        get channel() {
          return entry.channel;
        },
        get fault() {
          return entry.fault;
        },
        poll: () => transport.poll(),
      },
      {
        onDown(...told) {
          if (!entry.leaving) listener.onDown(...told);
        },
      },
    );
    const entry: Entry = {
      target,
      ip,
      zone,
      session,
      channel: undefined,
      fault: 'BFD begins when the start of evpnd is complete',
      timer: undefined,
      leaving: false,
    };
    this.#entries.set(discriminator, entry);
    if (this.#begun) this.#start(entry);
    return {
      get status() {
        return session.status;
      },
      configure: (wanted) => session.configure(wanted),
      stop: (after) => this.#leave(entry, after),
    };
  }

  /**
   * Ends all sessions with AdminDown, which is no failure (RFC 5882 §4.3), said once: whoever misses it takes our silence for what
   * it is, since our C bit is clear. BGP has to be over before: FRR takes AdminDown for a failure of the path, which ends a session
   * that stands and lets go of its routes.
   */
  close(): void {
    for (const entry of this.#entries.values()) {
      entry.session.disable();
      this.#forget(entry);
    }
    this.#deps.transport.close();
  }

  #discriminator(): number {
    for (;;) {
      const drawn = 1 + Math.floor(this.#deps.random() * 0xffff_ffff);
      // A test's random numbers may all be the same one
      for (let i = drawn; i <= 0xffff_ffff; i++) if (!this.#entries.has(i)) return i;
    }
  }

  /** Opens the way to the neighbor, or tries so every few seconds, and begins to send. */
  #start(entry: Entry): void {
    const { clock, log, transport } = this.#deps;
    try {
      entry.channel = transport.open(entry.target);
      entry.timer = undefined;
      entry.session.start();
    } catch (error) {
      if (!(error instanceof BfdTransportError)) throw error;
      if (error.message !== entry.fault)
        log.warn({ neighbor: entry.target.address }, `BFD cannot run: ${error.message}`);
      entry.fault = error.message;
      entry.timer = clock.after(RETRY, () => this.#start(entry));
    }
  }

  #leave(entry: Entry, after: Promise<void> | undefined): void {
    if (entry.leaving) return;
    entry.leaving = true;
    entry.timer?.cancel();
    if (after === undefined) {
      this.#sayFarewell(entry);
      return;
    }
    let isSaid = false;
    const once = () => {
      if (isSaid || this.#entries.get(entry.session.discriminator) !== entry) return;
      isSaid = true;
      this.#sayFarewell(entry);
    };
    entry.timer = this.#deps.clock.after(PATIENCE, once);
    void after.then(once);
  }

  #sayFarewell(entry: Entry): void {
    entry.timer?.cancel();
    entry.session.disable();
    entry.timer = this.#deps.clock.after(entry.session.farewell, () => this.#forget(entry));
  }

  #forget(entry: Entry): void {
    entry.timer?.cancel();
    entry.session.dispose();
    entry.channel?.close();
    this.#entries.delete(entry.session.discriminator);
  }

  #arrived(arrival: Arrival): void {
    const packet = decodeControl(arrival.bytes, arrival.start, arrival.length);
    const found = this.#find(arrival, packet);
    if (found === undefined) {
      this.#strangers++;
      return;
    }
    const dropped = refusal(found, arrival, packet);
    if (dropped !== undefined) found.session.drop(dropped);
    else found.session.receive(packet as ControlPacket, arrival.ifindex);
  }

  /**
   * By our discriminator where the neighbor knows it, else by its address (RFC 5880 §6.3, RFC 5881 §3); what is not taken is
   * counted at the session of its address.
   */
  #find({ ip, zone, multihop }: Arrival, packet: ControlPacket | string): Entry | undefined {
    const known = typeof packet === 'string' ? undefined : this.#entries.get(packet.yourDiscriminator);
    if (known !== undefined && isOf(known, ip, zone, multihop)) return known;
    for (const entry of this.#entries.values()) if (isOf(entry, ip, zone, multihop)) return entry;
    return undefined;
  }
}

function isOf(entry: Entry, ip: Ip, zone: string, multihop: boolean): boolean {
  return entry.ip === ip && entry.zone === zone && entry.target.multihop === multihop;
}

/** Returns why the packet is not taken, though it came from the neighbor's address. */
function refusal(
  { session, target }: Entry,
  { ttl, ifindex }: Arrival,
  packet: ControlPacket | Dropped,
): Dropped | undefined {
  // RFC 5881 §5: before anything else of it is looked at
  if (!target.multihop && ttl !== BFD_TTL) return 'ttl';
  if (typeof packet === 'string') return packet;
  if (session.isFromElsewhere(packet, ifindex)) return 'interface';
  const { yourDiscriminator } = packet;
  return yourDiscriminator === 0 || yourDiscriminator === session.discriminator ? undefined : 'no-session';
}
