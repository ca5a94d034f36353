import { NO_EVENTS } from '../events/index.js';
import { mebibytes, type Timer } from '../types/index.js';
import { CeaseSubcode, UpdateDecoder } from '../wire/index.js';
import { canonicalAddress, zoneOf } from './address.js';
import { byOperator, cease, refuse } from './cease.js';
import type { LocalIdentity, LocalRestart, NeighborConfig, SpeakerConfig } from './config.js';
import { configuredNeighbors } from './configured-neighbors.js';
import { interfaceChange, type LocalInterface } from './connected.js';
import { Rib } from './evpn-rib.js';
import { type FamilyRibs, ribsOf } from './family-ribs.js';
import type { NotificationContent } from './fsm-types.js';
import { type Caller, Gate } from './gate.js';
import { inListenRange } from './listen-ranges.js';
import { Listeners } from './listeners.js';
import { LocalRib } from './local-rib.js';
import type { NeighborStatus } from './neighbor-status.js';
import { RESTART_TIME } from './open.js';
import { Session } from './session.js';
import type { SpentSession } from './session-deps.js';
import type { NeighborOutcome, RouteHolder, SpeakerDeps } from './speaker-deps.js';
import { type Connection, type ConnectionHandlers, type ListenEndpoint, NO_HANDLERS } from './transport.js';
import { TurnBudget } from './turn-budget.js';

/** Routes (and other messages) that are taken in before the event loop gets its turn. */
const ROUTES_PER_TURN = 2048;
const READING_MS = 3;

/** How long `stop` waits for sockets to close. */
const STOP_MILLISECONDS = 3000;

/**
 * A BGP speaker: its neighbors, what they announce of L2VPN/EVPN (`rib`) and what they are sent of it (`localRib`). RIBs of
 * other families are its owner's, who gives them to it.
 */
export class Speaker implements RouteHolder {
  readonly rib: Rib;
  readonly localRib = new LocalRib();
  /** Called with the neighbor's address when its session has brought its End-of-RIB. */
  onEndOfRib: ((address: string) => void) | undefined;
  /** A neighbor was shut down or is configured no more: nobody waits for its End-of-RIB. */
  onNoLongerAwaited: (() => void) | undefined;

  readonly #deps: SpeakerDeps;
  readonly #ribs: readonly FamilyRibs[];
  readonly #decoder = new UpdateDecoder();
  readonly #sessions = new Map<string, Session>();
  readonly #listeners: Listeners;
  #config: SpeakerConfig;
  readonly #restart: LocalRestart = { restarting: false, forwardingPreserved: false };
  readonly #budget: TurnBudget;
  #running = false;
  #interfaces: readonly LocalInterface[] = [];
  readonly #gate: Gate;

  /** Throws ParseError for a neighbor address that is none, Error for one that is there twice. */
  constructor(config: SpeakerConfig, deps: SpeakerDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#gate = new Gate(deps.clock, deps.log);
    this.#listeners = new Listeners(deps.transport, deps.log, this.#gate, {
      callerAt: (address, device) => this.#callerAt(address, device),
      mayBecomeNeighbor: (address) => {
        const session = this.#sessions.get(zoneOf(address));
        return session !== undefined && session.whereabouts.address === undefined;
      },
      addressOf: (neighbor) => this.#addressOf(neighbor),
      accept: (connection, device) => this.#accept(connection, device),
      tooFar: (address, ttl) => this.#sessionAt(address)?.tooFar(ttl),
    });
    this.#budget = new TurnBudget(deps.clock, ROUTES_PER_TURN, READING_MS);
    this.rib = new Rib(deps.clock, config, deps.decision);
    this.rib.isOriginated = (nlri) => this.localRib.route(nlri) !== undefined;
    this.#ribs = [ribsOf(this.rib, this.localRib), ...(deps.otherRibs ?? [])];
    for (const { rib } of this.#ribs) {
      rib.onReleased = (attributes) => this.#decoder.released(attributes);
      rib.onRelieved = () => {
        for (const session of this.#sessions.values()) session.resume();
      };
    }
    for (const [name, neighbor] of configuredNeighbors(config, this.#interfaces))
      this.#sessions.set(name, this.#sessionOf(neighbor));
  }

  /** Connections of unconfigured sources that were turned away. */
  get rejectedConnections(): number {
    return this.#gate.rejected;
  }

  /** Returns where the speaker listens, with the ports that the kernel chose for port 0. */
  get listening(): readonly ListenEndpoint[] {
    return this.#listeners.endpoints;
  }

  /**
   * To be called before `start` where the data plane still forwards what an earlier process installed: OPENs then show
   * so (RFC 4724 §4.1), and that we restarted for as long as a neighbor may keep our routes.
   */
  restarted(): void {
    this.#restart.forwardingPreserved = true;
    this.#restart.restarting = true;
    this.#deps.clock.after(RESTART_TIME * 1000, () => {
      this.#restart.restarting = false;
    });
  }

  /** Listens, then starts every neighbor. Rejects with ListenError, and listens nowhere then. */
  async start(): Promise<void> {
    await this.#listeners.listen(this.#config);
    this.#running = true;
    for (const session of this.#sessions.values()) session.start();
  }

  /**
   * Takes over a new configuration. Sessions whose own settings are the same are left alone; another AS or router id
   * concerns all of them. Rejects with ListenError or ParseError, and changes nothing then.
   */
  async reconfigure(config: SpeakerConfig): Promise<void> {
    const neighbors = configuredNeighbors(config, this.#interfaces);
    if (this.#running) await this.#listeners.listen(config);
    this.#config = config;
    for (const { rib } of this.#ribs) rib.setIdentity(config);
    const before = this.#awaited;
    for (const [address, session] of this.#sessions) {
      const ranged =
        session.config.listenRange === undefined
          ? undefined
          : this.#ranged(address, session.config.device)?.config;
      if (neighbors.has(address)) continue;
      if (ranged === undefined)
        this.#remove(
          address,
          session,
          cease(CeaseSubcode.PEER_DECONFIGURED),
          'neighbor removed from the configuration',
        );
      else if (ranged.shutdown === undefined || session.isShutDown) neighbors.set(address, ranged);
      else
        this.#remove(
          address,
          session,
          cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, ranged.shutdown),
          'its listen range is shut down',
        );
    }
    for (const [address, neighbor] of neighbors) {
      const session = this.#sessions.get(address);
      if (session !== undefined) {
        session.reconfigure(neighbor, this.#identity(config, neighbor));
        continue;
      }
      const added = this.#sessionOf(neighbor);
      this.#sessions.set(address, added);
      if (this.#running) added.start();
    }
    if (before.some((session) => session.isShutDown || !this.#isHeld(session))) this.onNoLongerAwaited?.();
  }

  /** Those that are to be up. */
  get #awaited(): readonly Session[] {
    return [...this.#sessions.values()].filter(({ isShutDown }) => !isShutDown);
  }

  #isHeld(session: Session): boolean {
    return this.#sessions.get(session.config.address) === session;
  }

  #remove(address: string, session: Session, notification: NotificationContent, reason: string): void {
    this.#sessions.delete(address);
    this.#deps.convergence?.lateness.forget(address);
    session.stop(notification, reason);
    for (const { rib } of this.#ribs)
      void rib.neighborDown({ neighbor: address }).then(() => {
        if (!this.#sessions.has(address)) rib.forgetNeighbor(address);
      });
  }

  /** Ends every session with Cease/Administrative Shutdown and waits for the sockets, for some seconds at most. */
  stop(reason = ''): Promise<void> {
    return this.#end((session) => {
      session.stop(cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, reason), reason || 'shutdown');
      return session.closed();
    });
  }

  /**
   * Ends every connection without a word, so that neighbors that do graceful restart keep our routes (RFC 4724 §4.2), and waits
   * until they have closed them too, for some seconds at most. The RIBs stay as they are.
   */
  leave(): Promise<void> {
    return this.#end((session) => session.leave());
  }

  async #end(how: (session: Session) => Promise<void>): Promise<void> {
    this.#running = false;
    const closed = [...this.#sessions.values()].map(how);
    let timer: Timer | undefined;
    await Promise.race([
      Promise.all([...closed, this.#listeners.close()]),
      new Promise<void>((resolve) => {
        timer = this.#deps.clock.after(STOP_MILLISECONDS, resolve);
      }),
    ]);
    timer?.cancel();
  }

  neighbors(): NeighborStatus[] {
    return [...this.#sessions.values()].map((session) => session.status());
  }

  /**
   * Undefined where no neighbor has this interface or address; any spelling of it will do, and a link-local one may go
   * without its zone where one neighbor alone has it.
   */
  neighbor(address: string): NeighborStatus | undefined {
    return this.#find(address)?.status();
  }

  /**
   * True when the session of every neighbor that is not shut down stands and has brought its End-of-RIB; never with a listen
   * range that is not shut down, of which nobody knows who is still to come.
   */
  endOfRibReceivedFromAll(): boolean {
    if (this.#config.listenRanges?.some(({ neighbor }) => neighbor.shutdown === undefined)) return false;
    for (const session of this.#sessions.values()) {
      if (!session.isShutDown && !session.endOfRibReceived) return false;
    }
    return true;
  }

  /** Ends the neighbor's session with Cease/Administrative Reset and `words` (RFC 9003), and begins anew. */
  resetNeighbor(address: string, words = ''): NeighborOutcome {
    const session = this.#find(address);
    if (session === undefined) return 'no neighbor';
    const by = session.keptDown.now?.by;
    if (by === 'limit') session.enable();
    else if (by !== undefined) return by === 'setting' ? 'shut down by its setting' : 'shut down';
    session.restart(cease(CeaseSubcode.ADMINISTRATIVE_RESET, words), byOperator('reset', words));
    return 'done';
  }

  /** Asks the neighbor for its routes again (`in`, RFC 2918), or sends it ours again (`out`). */
  refreshNeighbor(address: string, direction: 'in' | 'out'): NeighborOutcome {
    const session = this.#find(address);
    if (session === undefined) return 'no neighbor';
    return direction === 'in' ? session.refreshIn() : session.refreshOut();
  }

  /**
   * Ends the neighbor's session with Cease/Administrative Shutdown and `words` (RFC 9003), and keeps it down, also over
   * `reconfigure`, until `enableNeighbor`.
   */
  shutDownNeighbor(address: string, words = ''): NeighborOutcome {
    const session = this.#find(address);
    session?.shutDown(words, byOperator('shut down', words));
    if (session !== undefined) this.onNoLongerAwaited?.();
    return session === undefined ? 'no neighbor' : 'done';
  }

  /** Undoes `shutDownNeighbor`. A neighbor that its setting keeps down stays so. */
  enableNeighbor(address: string): NeighborOutcome {
    const session = this.#find(address);
    if (session === undefined) return 'no neighbor';
    return session.enable() ? 'done' : 'shut down by its setting';
  }

  /**
   * Takes note of all interfaces of the machine, at the beginning and whenever they change; one that did not change is to be
   * the same object. A session with a directly
   * connected neighbor whose interface stops running, is gone or loses the session's address ends at once; one that waits
   * for its next attempt makes it when its interface comes up.
   */
  interfacesChanged(interfaces: readonly LocalInterface[]): void {
    const change = interfaceChange(this.#interfaces, interfaces);
    this.#interfaces = interfaces;
    if (change.gone.length + change.come.length === 0) return;
    if (this.#running)
      void this.#listeners.devicesChanged(this.#config, new Set(interfaces.map(({ name }) => name)));
    this.#sourcesChanged();
    for (const session of this.#sessions.values()) session.interfacesChanged(change);
  }

  /** The device that all neighbors are bound to is gone, for this reason: sessions that stand end at once. */
  deviceGone(reason: string): void {
    for (const session of this.#sessions.values()) session.deviceGone(reason);
  }

  /** Of RouteHolder, as are the next two. */
  get memory(): number {
    return this.#ribs.reduce((sum, { rib }) => sum + rib.memory, 0);
  }

  get heaviest(): RouteHolder['heaviest'] {
    return heaviestOf(this.#ribs.map(({ rib }) => rib.heaviest));
  }

  makeRoom(neighbor: string, reason: string): void {
    this.#sessions.get(neighbor)?.makeRoom(reason);
  }

  #sourcesChanged(): void {
    for (const [address, neighbor] of configuredNeighbors(this.#config, this.#interfaces)) {
      const { localAddress, sourceFault } = this.#sessions.get(address)?.config ?? neighbor;
      if (localAddress !== neighbor.localAddress || sourceFault !== neighbor.sourceFault)
        this.#sessions.get(address)?.reconfigure(neighbor, this.#identity(this.#config, neighbor));
    }
  }

  /** Limits of the neighbors bound each; what all take together is bounded at the expense of the one that takes most. */
  readonly #grown = (): void => {
    const { routeMemory = Number.POSITIVE_INFINITY, elsewhere = () => [] } = this.#deps;
    const holders: readonly RouteHolder[] = [this, ...elsewhere()];
    const all = holders.reduce((sum, { memory }) => sum + memory, 0);
    if (all <= routeMemory) return;
    const found = holders.map((holder) => ({ holder, heaviest: holder.heaviest }));
    const most = heaviestOf(found.map(({ heaviest }) => heaviest));
    if (most === undefined) return;
    found
      .find(({ heaviest }) => heaviest === most)
      ?.holder.makeRoom(
        most.neighbor,
        `out of memory for routes: those of all neighbors take about ${mebibytes(all)} of ${mebibytes(routeMemory)} MiB, this one's ${mebibytes(most.memory)}`,
      );
  };

  #identity({ asn, routerId }: SpeakerConfig, { localAs }: NeighborConfig): LocalIdentity {
    return { asn: localAs ?? asn, routerId, restart: this.#restart };
  }

  /** By what names it, or by the address that it has now. */
  #find(name: string): Session | undefined {
    const named = this.#sessions.get(name);
    if (named !== undefined) return named;
    let canonical: string;
    try {
      canonical = canonicalAddress(name);
    } catch {
      return undefined;
    }
    const exact = this.#sessions.get(canonical) ?? this.#behindLink(canonical);
    if (exact !== undefined) return exact;
    const zoned = [...this.#sessions].filter(([each]) => each.startsWith(`${canonical}%`));
    return zoned.length === 1 ? zoned[0][1] : undefined;
  }

  /** The neighbor by interface that is at this address, which has the interface's name for a zone. */
  #behindLink(address: string): Session | undefined {
    const session = this.#sessions.get(zoneOf(address));
    return session?.whereabouts.address === address ? session : undefined;
  }

  /** Returns where the neighbor is; undefined as long as that is not known. */
  #addressOf(neighbor: NeighborConfig): string | undefined {
    if (neighbor.interface === undefined) return canonicalAddress(neighbor.address);
    return this.#sessions.get(neighbor.interface)?.whereabouts.address;
  }

  #sessionOf(neighbor: NeighborConfig): Session {
    const { clock, transport, log, events = NO_EVENTS, bfd, linkPeers, random = Math.random } = this.#deps;
    return new Session(neighbor, this.#identity(this.#config, neighbor), {
      clock,
      transport,
      log,
      events,
      convergence: this.#deps.convergence,
      random,
      bfd,
      linkPeers,
      rib: this.rib,
      ribs: this.#ribs,
      decoder: this.#decoder,
      budget: this.#budget,
      onEndOfRib: (address) => this.onEndOfRib?.(address),
      onGrown: this.#grown,
      onStopped: () => this.onNoLongerAwaited?.(),
      onSpent: this.#spent,
      onMoved: () => this.#listeners.neighborsMoved(this.#config),
    });
  }

  /** A neighbor of a listen range goes when its session has, unless it is back in the same turn. */
  readonly #spent = ({ config: { address } }: SpentSession): void => {
    const session = this.#sessions.get(address);
    this.#deps.clock.soon(() => {
      if (session !== undefined && this.#sessions.get(address) === session && session.isSpent)
        this.#remove(
          address,
          session,
          cease(CeaseSubcode.PEER_DECONFIGURED),
          'the neighbor of a listen range is gone',
        );
    });
  };

  #ranged(address: string, device: string | undefined): ReturnType<typeof inListenRange> {
    return inListenRange(this.#config.listenRanges ?? [], address, device);
  }

  /** The settings of whoever connects from a listen range that has room; undefined for others. */
  #asNewcomer(address: string, device: string | undefined): NeighborConfig | undefined {
    const { config, limit } = this.#ranged(address, device) ?? {};
    if (config === undefined || limit === undefined) return undefined;
    let count = 0;
    for (const session of this.#sessions.values())
      if (session.config.listenRange === config.listenRange) count++;
    return count < limit ? config : undefined;
  }

  #newcomer(config: NeighborConfig): Session {
    const { address } = config;
    const session = this.#sessionOf(config);
    this.#sessions.set(address, session);
    session.start();
    return session;
  }

  #callerAt(address: string, device: string | undefined): Caller {
    if (!this.#running) return 'stranger';
    const standing = this.#sessionAt(address);
    if (standing !== undefined) return standing.config.device === device ? 'neighbor' : 'stranger';
    const newcomer = this.#asNewcomer(address, device);
    if (newcomer === undefined) return 'stranger';
    return newcomer.shutdown === undefined ? 'neighbor' : 'shut down';
  }

  #sessionAt(address: string): Session | undefined {
    return this.#sessions.get(address) ?? this.#behindLink(address);
  }

  #accept(connection: Connection, device: string | undefined): ConnectionHandlers {
    const { remoteAddress } = connection;
    const standing = this.#running ? this.#sessionAt(remoteAddress) : undefined;
    const newcomer =
      this.#running && standing === undefined ? this.#asNewcomer(remoteAddress, device) : undefined;
    const words = newcomer?.shutdown;
    // By another way than its own it is a stranger
    const known = standing?.config.device === device ? standing : undefined;
    const session = known ?? (newcomer && words === undefined ? this.#newcomer(newcomer) : undefined);
    if (session !== undefined) return this.#gate.entered(remoteAddress, true, session.accept(connection));
    const { ADMINISTRATIVE_SHUTDOWN, CONNECTION_REJECTED } = CeaseSubcode;
    refuse(
      connection,
      words === undefined ? cease(CONNECTION_REJECTED) : cease(ADMINISTRATIVE_SHUTDOWN, words),
    );
    return this.#gate.entered(remoteAddress, false, NO_HANDLERS);
  }
}

/** The first of those that take most. */
function heaviestOf(all: readonly RouteHolder['heaviest'][]): RouteHolder['heaviest'] {
  return all.reduce((most, each) => ((each?.memory ?? 0) > (most?.memory ?? 0) ? each : most), undefined);
}
