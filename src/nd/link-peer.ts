import { type Clock, formatIp, type Ip, isIpv4, isLinkLocal, type Log, type Timer } from '../types/index.js';
import {
  decodeNd,
  encodeAdvertisement,
  encodeSolicitation,
  type NdFault,
  ROUTER_SOLICITATION,
} from './packet.js';
import type { LinkListener, LinkPeerStatus, LinkRejects, OtherRouter } from './status.js';
import {
  ALL_NODES,
  ALL_ROUTERS,
  type NdArrival,
  type NdChannel,
  type NdTransport,
  NdTransportError,
} from './transport.js';

/** Milliseconds between advertisements (FRR's `ipv6 nd ra-interval 10`), and seconds that one counts: three times that. */
const ADVERTISEMENT_INTERVAL = 10_000;
export const ROUTER_LIFETIME = 30;
/** RFC 4861 §10: MAX_INITIAL_RTR_ADVERTISEMENTS, sent MIN_DELAY_BETWEEN_RAS milliseconds one behind the other. */
const INITIAL_ADVERTISEMENTS = 3;
const MIN_DELAY_BETWEEN_RAS = 3000;
/** Milliseconds between answers to those who ask, which are sent to them alone. */
const MIN_DELAY_BETWEEN_ANSWERS = 1000;
/** Milliseconds until a socket that could not be had is tried again. */
const RETRY = 5000;
/** Routers beside the one that is taken that are remembered. */
const OTHERS = 8;

/** An interface as router discovery needs it. */
export interface LinkInterface {
  readonly name: string;
  /** It carries frames. */
  readonly running: boolean;
  readonly addresses: readonly {
    readonly ip: Ip;
    readonly state: 'usable' | 'tentative' | 'dadfailed';
  }[];
}

interface Router {
  readonly ip: Ip;
  /** Clock.wallTime() of its last advertisement. */
  heardAt: number;
  /** Clock.now() until which it counts. */
  until: number;
}

interface LinkPeerDeps {
  readonly clock: Clock;
  readonly transport: NdTransport;
  readonly log: Log;
}

/**
 * The router at the other end of one interface: who it is, by its advertisements, and ours, by which it knows us. The first
 * router that is heard is taken, and stays so for as long as its advertisements count or its session stands.
 */
export class LinkPeer {
  readonly #deps: LinkPeerDeps;
  readonly #listener: LinkListener;
  #ifindex: number | undefined;
  #own: readonly Ip[] = [];
  /** Why nothing is heard. */
  #fault: string | undefined;
  #channel: NdChannel | undefined;
  #router: Router | undefined;
  readonly #others = new Map<Ip, Router>();
  #timer: Timer | undefined;
  #initial = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #sent = 0;
  #received = 0;
  readonly #rejected: LinkRejects = {
    type: 0,
    'hop-limit': 0,
    code: 0,
    length: 0,
    option: 0,
    source: 0,
    own: 0,
  };

  constructor(
    readonly name: string,
    deps: LinkPeerDeps,
    listener: LinkListener,
  ) {
    this.#deps = deps;
    this.#listener = listener;
    this.#fault = absence(name);
  }

  get status(): LinkPeerStatus {
    const router = this.#router;
    return {
      interface: this.name,
      fault: this.#fault,
      router: router && formatIp(router.ip),
      heardAt: router?.heardAt,
      others: this.#othersNow(),
      sent: this.#sent,
      received: this.#received,
      rejected: { ...this.#rejected },
    };
  }

  /** The interface of this name, or that there is none. */
  interfaceIs(ifindex: number | undefined, found: LinkInterface | undefined): void {
    const own = (found?.addresses ?? [])
      .filter(({ ip, state }) => state === 'usable' && !isIpv4(ip) && isLinkLocal(ip))
      .map(({ ip }) => ip);
    const fault = faultOf(this.name, found, own);
    if (this.#ifindex !== undefined && (ifindex !== this.#ifindex || fault !== undefined))
      this.#leave(fault ?? `interface ${this.name} is another one now`);
    const isOther = own.length !== this.#own.length || own.some((ip) => !this.#own.includes(ip));
    this.#own = own;
    if (fault !== undefined || ifindex === undefined) this.#fault = fault;
    else if (this.#ifindex === undefined) this.#enter(ifindex);
    else if (isOther) this.#advertise(ALL_NODES);
  }

  /** Ends; `farewell`: the router is told that we are none any more (RFC 4861 §6.2.5). */
  close(farewell: boolean): void {
    if (farewell) this.#channel?.send(encodeAdvertisement(0), ALL_NODES);
    this.#timer?.cancel();
    this.#channel?.close();
    this.#channel = undefined;
    this.#ifindex = undefined;
  }

  #enter(ifindex: number): void {
    const { clock, log, transport } = this.#deps;
    this.#ifindex = ifindex;
    try {
      this.#channel = transport.open(ifindex, (arrival) => this.#arrived(arrival));
    } catch (error) {
      if (!(error instanceof NdTransportError)) throw error;
      if (error.message !== this.#fault)
        log.warn({ interface: this.name }, `router advertisements cannot be sent or heard: ${error.message}`);
      this.#fault = error.message;
      this.#timer = clock.after(RETRY, () => this.#enter(ifindex));
      return;
    }
    this.#fault = undefined;
    this.#initial = INITIAL_ADVERTISEMENTS;
    // Whoever is there answers, and is answered: a router that knows us first connects before we know it
    this.#solicit();
    this.#timer = clock.after(MIN_DELAY_BETWEEN_RAS, () => this.#turn());
  }

  /** The interface cannot carry the session any more: who was at its other end need not be when it can again. */
  #leave(reason: string): void {
    this.close(false);
    this.#others.clear();
    const had = this.#router !== undefined;
    this.#router = undefined;
    if (had) this.#listener.onPeer(undefined, reason);
  }

  /** Advertises, and asks as long as nobody is known. */
  #turn(): void {
    this.#advertise(ALL_NODES);
    if (this.#router === undefined) this.#solicit();
    const isInitial = --this.#initial > 0;
    this.#timer = this.#deps.clock.after(isInitial ? MIN_DELAY_BETWEEN_RAS : ADVERTISEMENT_INTERVAL, () =>
      this.#turn(),
    );
  }

  #solicit(): void {
    this.#channel?.send(encodeSolicitation(), ALL_ROUTERS);
  }

  #advertise(to: Ip): void {
    if (this.#channel === undefined) return;
    if (this.#channel.send(encodeAdvertisement(ROUTER_LIFETIME), to) === undefined) this.#sent++;
    if (to === ALL_NODES) this.#sentAt = this.#deps.clock.now();
  }

  #arrived({ bytes, start, length, source, hopLimit }: NdArrival): void {
    const message = decodeNd(bytes, start, length, source, hopLimit);
    if (typeof message === 'string') this.#reject(message);
    // What comes back to us by a loop of the link
    else if (this.#own.includes(source)) this.#reject('own');
    else if (message.type === ROUTER_SOLICITATION) this.#solicited(source);
    else {
      this.#received++;
      this.#advertised(source, message.lifetime);
    }
  }

  #reject(why: NdFault | 'own'): void {
    this.#rejected[why]++;
  }

  /** RFC 4861 §6.2.6: whoever has an address is answered there, and all who have none together. */
  #solicited(source: Ip): void {
    const now = this.#deps.clock.now();
    const hasAddress = isLinkLocal(source);
    if (hasAddress) {
      if (now - this.#answeredAt < MIN_DELAY_BETWEEN_ANSWERS) return;
      this.#answeredAt = now;
    } else if (now - this.#sentAt < MIN_DELAY_BETWEEN_RAS) return;
    this.#advertise(hasAddress ? source : ALL_NODES);
  }

  #advertised(ip: Ip, lifetime: number): void {
    const { clock } = this.#deps;
    const heard = { ip, heardAt: clock.wallTime(), until: clock.now() + lifetime * 1000 };
    const router = this.#router;
    if (router?.ip === ip) {
      router.heardAt = heard.heardAt;
      router.until = heard.until;
    } else if (lifetime === 0) this.#others.delete(ip);
    else if (router === undefined) this.#take(heard, 'found by its router advertisement');
    else if (clock.now() >= router.until && !this.#listener.isInUse())
      this.#take(heard, `${formatIp(router.ip)} has not advertised itself for its lifetime`);
    else this.#other(heard);
  }

  #take(router: Router, reason: string): void {
    this.#router = router;
    this.#others.delete(router.ip);
    // It may know nothing of us yet, and refuse our connection
    this.#advertise(router.ip);
    this.#listener.onPeer(`${formatIp(router.ip)}%${this.name}`, reason);
  }

  #other(heard: Router): void {
    const isNew = !this.#others.has(heard.ip);
    if (isNew && this.#othersNow().length >= OTHERS) return;
    this.#others.set(heard.ip, heard);
    if (!isNew || this.#router === undefined) return;
    this.#deps.log.warn(
      { interface: this.name, taken: formatIp(this.#router.ip), other: formatIp(heard.ip) },
      'another router on the link of an unnumbered neighbor: the one that was heard first is taken',
    );
  }

  #othersNow(): OtherRouter[] {
    const now = this.#deps.clock.now();
    for (const [ip, { until }] of this.#others) if (now >= until) this.#others.delete(ip);
    return [...this.#others.values()].map(({ ip, heardAt }) => ({ address: formatIp(ip), heardAt }));
  }
}

function absence(name: string): string {
  return `there is no interface ${name}`;
}

/** Why an interface cannot be used; undefined where it can. */
function faultOf(name: string, found: LinkInterface | undefined, own: readonly Ip[]): string | undefined {
  if (found === undefined) return absence(name);
  if (!found.running) return `interface ${name} is down`;
  return own.length === 0 ? `interface ${name} has no link-local address that is usable` : undefined;
}
