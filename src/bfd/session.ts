import type { Clock, Log, Timer } from '../types/index.js';
import { type BfdEvent, transition } from './fsm.js';
import {
  type BfdState,
  type ControlPacket,
  Diagnostic,
  diagnosticText,
  encodeControl,
  PACKET_LENGTH,
} from './packet.js';
import type { BfdListener, BfdSettings, BfdStatus, Dropped } from './status.js';
import { detectionTime, jittered, SLOW_INTERVAL, transmitInterval } from './timing.js';
import type { BfdChannel, BfdTarget } from './transport.js';

/** What a session needs of those who own it. */
export interface BfdSessionHost {
  readonly clock: Clock;
  readonly log: Log;
  /** The way to the neighbor; undefined where there is none yet, and `fault` says why. */
  readonly channel: BfdChannel | undefined;
  readonly fault: string;
  /** Takes in what has arrived and was not read yet. */
  poll(): void;
}

/** Intervals of one end in microseconds. */
interface Intervals {
  readonly minTx: number;
  readonly minRx: number;
}

const MICROSECONDS = 1000;

/** One BFD session in asynchronous mode (RFC 5880 §6.8): its state variables, its timers, its packets. */
export class BfdSession {
  readonly discriminator: number;
  readonly #target: BfdTarget;
  readonly #host: BfdSessionHost;
  readonly #listener: BfdListener;
  readonly #packet = Buffer.alloc(PACKET_LENGTH);
  /** What is sent again and again. */
  readonly #repeated = Buffer.alloc(PACKET_LENGTH);
  #settings: BfdSettings;
  #state: BfdState = 'Down';
  #diagnostic: number = Diagnostic.NONE;
  /** Clock.wallTime() */
  #since: number;
  /** The last packet of the neighbor; undefined while none is received. */
  #remote: ControlPacket | undefined;
  /** By which we send and listen: what we say, but for what a Poll Sequence has yet to confirm (§6.8.3). */
  #used: Intervals;
  #polling = false;
  /** What we say changed during a Poll Sequence, which a Final cannot have confirmed. */
  #pollAgain = false;
  /** Clock.now() */
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Of the packets that are sent again and again; undefined where none are. */
  #interval: number | undefined;
  #detecting: Timer | undefined;
  /** Clock.now() at which that timer fires. */
  #detectsAt = Number.POSITIVE_INFINITY;
  /** Of the interface by which the neighbor was last heard that knows our discriminator. */
  #ifindex = 0;
  #disposed = false;
  #sent = 0;
  #received = 0;
  readonly #dropped: Partial<Record<Dropped, number>> = {};
  #ups = 0;
  #lastDown: BfdStatus['lastDown'];
  #fault: string | undefined;

  constructor(
    target: BfdTarget,
    settings: BfdSettings,
    discriminator: number,
    host: BfdSessionHost,
    listener: BfdListener,
  ) {
    this.#target = target;
    this.#settings = settings;
    this.discriminator = discriminator;
    this.#host = host;
    this.#listener = listener;
    this.#since = host.clock.wallTime();
    this.#used = this.#announced;
  }

  /** Returns the interval that our packets announce: a session that is not up begins slowly (§6.8.3). */
  get #announced(): Intervals {
    const interval = this.#settings.interval * MICROSECONDS;
    return {
      minTx: this.#state === 'Up' ? interval : Math.max(interval, SLOW_INTERVAL),
      minRx: interval,
    };
  }

  /** Microseconds; undefined while the neighbor is not heard. */
  get #detectionTime(): number | undefined {
    const remote = this.#remote;
    return remote && detectionTime(this.#used.minRx, remote.desiredMinTx, remote.detectMultiplier);
  }

  /** Begins to send, or begins anew where the way to the neighbor is another one. */
  start(): void {
    this.#transmit();
  }

  /** Takes over other settings, sent to the neighbor by a Poll Sequence where intervals differ (§6.5). */
  configure(settings: BfdSettings): void {
    const differs = settings.interval !== this.#settings.interval;
    if (!differs && settings.multiplier === this.#settings.multiplier) return;
    this.#settings = settings;
    if (differs) this.#negotiate();
    this.#transmit();
    this.#detect();
  }

  /** Our own end is taken down, which the neighbor does not take for a failure (§6.8.16). */
  disable(): void {
    this.#handle('disable');
  }

  /** Milliseconds for which the neighbor has to be sent that our end is down; 0 for a neighbor that is silent. */
  get farewell(): number {
    const remote = this.#remote;
    if (remote === undefined) return 0;
    const interval = transmitInterval(this.#used.minTx, remote.requiredMinRx) ?? 0;
    return (interval * this.#settings.multiplier) / MICROSECONDS;
  }

  /** Stops all timers, for good. */
  dispose(): void {
    this.#disposed = true;
    this.#host.channel?.rest();
    this.#detecting?.cancel();
  }

  drop(reason: Dropped): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  /**
   * True of what only ends the session and comes by another interface than what the neighbor says (RFC 5881 §4): whoever knows its
   * address, such as a host behind a port, could take the session down, since a neighbor that begins knows no discriminator of ours.
   */
  isFromElsewhere({ yourDiscriminator }: ControlPacket, ifindex: number): boolean {
    return (
      !this.#target.multihop && this.#state === 'Up' && yourDiscriminator === 0 && ifindex !== this.#ifindex
    );
  }

  /** Takes in a packet that is this session's (§6.8.6, from where the session is known), and the interface that it came by. */
  receive(packet: ControlPacket, ifindex: number): void {
    if (packet.yourDiscriminator !== 0) this.#ifindex = ifindex;
    this.#received++;
    this.#remote = packet;
    this.#heardAt = this.#host.clock.now();
    if (packet.final && this.#polling) this.#confirmed();
    this.#handle(packet.state);
    if (packet.poll && this.#state !== 'AdminDown') this.#answer();
    this.#detect();
    this.#pace(false);
  }

  get status(): BfdStatus {
    const remote = this.#remote;
    const interval = remote ? transmitInterval(this.#used.minTx, remote.requiredMinRx) : this.#used.minTx;
    return {
      state: this.#state,
      since: this.#since,
      diagnostic: this.#diagnostic,
      multihop: this.#target.multihop,
      settings: this.#settings,
      discriminator: this.discriminator,
      remote: remote && {
        state: remote.state,
        diagnostic: remote.diagnostic,
        discriminator: remote.myDiscriminator,
        desiredMinTx: remote.desiredMinTx / MICROSECONDS,
        requiredMinRx: remote.requiredMinRx / MICROSECONDS,
        multiplier: remote.detectMultiplier,
        controlPlaneIndependent: remote.controlPlaneIndependent,
      },
      transmitInterval: milliseconds(interval),
      detectionTime: milliseconds(this.#detectionTime),
      polling: this.#polling,
      sent: this.#sent + (this.#host.channel?.repeated.sent ?? 0),
      received: this.#received,
      dropped: { ...this.#dropped },
      ups: this.#ups,
      lastDown: this.#lastDown,
      fault: this.#host.channel ? (this.#host.channel.repeated.fault ?? this.#fault) : this.#host.fault,
    };
  }

  // States

  #handle(event: BfdEvent): void {
    const from = this.#state;
    const remote = this.#remote;
    const { state, diagnostic } = transition(from, event);
    if (diagnostic !== undefined) this.#diagnostic = diagnostic;
    if (state === from) return;
    this.#state = state;
    this.#since = this.#host.clock.wallTime();
    if (state === 'Up') this.#ups++;
    // What is not confirmed any more begins slowly, and may do so at once (§6.8.3)
    if (from === 'Up') this.#endPoll();
    this.#negotiate();
    if (event === 'expired') this.#remote = undefined;
    this.#transmit();
    this.#tell(from, event, remote);
  }

  #tell(from: BfdState, event: BfdEvent, remote: ControlPacket | undefined): void {
    const { log } = this.#host;
    const neighbor = this.#target.address;
    if (this.#state === 'Up') log.info({ neighbor }, 'BFD session up');
    if (from !== 'Up') return;
    const reason = this.#reason(event, remote);
    this.#lastDown = { reason, time: this.#since };
    const isMeant = event === 'disable' || event === 'AdminDown';
    log[isMeant ? 'info' : 'warn']({ neighbor, reason }, 'BFD session down');
    if (!isMeant) this.#listener.onDown(reason, remote?.controlPlaneIndependent === true);
  }

  #reason(event: BfdEvent, remote: ControlPacket | undefined): string {
    if (event === 'disable') return 'taken down here';
    if (event === 'AdminDown') return "taken down by the neighbor's operator";
    if (event !== 'expired') return `the neighbor signals Down (${diagnosticText(remote?.diagnostic ?? 0)})`;
    const silence = remote && detectionTime(this.#used.minRx, remote.desiredMinTx, remote.detectMultiplier);
    return `nothing was heard for ${Math.round((silence ?? 0) / MICROSECONDS)} ms (Control Detection Time Expired)`;
  }

  // Intervals

  /** What we say may have changed: while up, the neighbor has to know of it before we do as we say where that is less than before. */
  #negotiate(): void {
    const announced = this.#announced;
    const used = this.#used;
    if (this.#state !== 'Up') {
      this.#used = announced;
      return;
    }
    this.#used = {
      minTx: Math.min(announced.minTx, used.minTx),
      minRx: Math.max(announced.minRx, used.minRx),
    };
    this.#pollAgain = this.#polling;
    this.#polling = true;
  }

  /** The neighbor has answered our Poll. */
  #confirmed(): void {
    this.#polling = this.#pollAgain;
    this.#pollAgain = false;
    if (!this.#polling) this.#used = this.#announced;
  }

  #endPoll(): void {
    this.#polling = false;
    this.#pollAgain = false;
  }

  // Sending

  /** Sends what has changed at once, and from then on by the interval (§6.8.7). */
  #transmit(): void {
    this.#interval = undefined;
    this.#pace(true);
  }

  /** Answers a Poll with a Final, beside all other packets (§6.5). */
  #answer(): void {
    this.#encode(true);
    this.#sendNow();
  }

  #sendNow(): void {
    const { channel } = this.#host;
    if (channel === undefined) return;
    this.#fault = channel.send(this.#packet);
    if (this.#fault === undefined) this.#sent++;
  }

  #encode(final: boolean): void {
    const { minTx, minRx } = this.#announced;
    const remote = this.#remote;
    encodeControl(
      {
        diagnostic: this.#diagnostic,
        state: this.#state,
        poll: this.#polling && !final,
        final,
        controlPlaneIndependent: false,
        demand: false,
        detectMultiplier: this.#settings.multiplier,
        myDiscriminator: this.discriminator,
        yourDiscriminator: remote?.myDiscriminator ?? 0,
        desiredMinTx: minTx,
        requiredMinRx: minRx,
        requiredMinEchoRx: 0,
      },
      this.#packet,
    );
  }

  /** Has the packet sent again and again as it is now; `now`: also at once. */
  #pace(now: boolean): void {
    const { channel } = this.#host;
    if (this.#disposed || channel === undefined) return;
    const interval = this.#isQuiet
      ? undefined
      : transmitInterval(this.#used.minTx, this.#remote?.requiredMinRx ?? 1);
    this.#encode(false);
    if (interval === undefined) {
      if (this.#interval !== undefined || now) channel.rest();
      this.#interval = undefined;
      if (now) this.#sendNow();
      return;
    }
    if (!now && interval === this.#interval && this.#packet.equals(this.#repeated)) return;
    this.#interval = interval;
    this.#packet.copy(this.#repeated);
    this.#fault = channel.repeat(this.#packet, jittered(interval, this.#settings.multiplier), now);
  }

  /** In demand mode the neighbor wants to hear of us only when it asks (§6.8.7). */
  get #isQuiet(): boolean {
    const remote = this.#remote;
    return remote?.demand === true && remote.state === 'Up' && this.#state === 'Up' && !this.#polling;
  }

  // Detection

  /** One timer, whose end is looked at anew when it fires: a packet only notes that it came, unless the time is shorter now. */
  #detect(): void {
    const due = this.#silentAt;
    if (due === undefined || due >= this.#detectsAt || this.#disposed) return;
    const { clock } = this.#host;
    this.#detecting?.cancel();
    this.#detectsAt = due;
    this.#detecting = clock.after(Math.max(0, due - clock.now()), () => this.#detected());
  }

  /** Clock.now() at which the neighbor counts as dead; undefined while it is not heard. */
  get #silentAt(): number | undefined {
    const time = this.#detectionTime;
    return time === undefined ? undefined : this.#heardAt + time / MICROSECONDS;
  }

  get #isSilent(): boolean {
    const due = this.#silentAt;
    return due !== undefined && due <= this.#host.clock.now();
  }

  #detected(): void {
    this.#detectsAt = Number.POSITIVE_INFINITY;
    // A timer that is late has its turn before the socket that was not read meanwhile
    if (this.#isSilent) this.#host.poll();
    if (this.#isSilent) {
      this.#handle('expired');
      this.#remote = undefined;
      this.#pace(false);
    }
    this.#detect();
  }
}

function milliseconds(microseconds: number | undefined): number | undefined {
  return microseconds === undefined ? undefined : microseconds / MICROSECONDS;
}
