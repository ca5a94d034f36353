import { CeaseSubcode } from '../wire/index.js';
import { cease } from './cease.js';
import { keepsNewConnection } from './collision.js';
import type { LocalIdentity } from './config.js';
import { type InterfaceChange, lostConnection } from './connected.js';
import { INITIAL_FSM_STATE } from './fsm.js';
import type { FsmEvent, NotificationContent } from './fsm-types.js';
import { Link, type LinkHost } from './link.js';
import type { Negotiated } from './open.js';
import type { Connection, ConnectionHandlers } from './transport.js';

/**
 * The connections of one neighbor: the main one, and beside it for as long as they collide (RFC 4271 §6.8) one that the
 * neighbor opened.
 */
export class Links {
  readonly #host: LinkHost;
  readonly #onMain: () => void;
  readonly #connections = new Set<Connection>();
  #main: Link;
  #incoming: Link | undefined;
  #whenClosed: (() => void)[] = [];

  /** `onMain`: called when another link has become the main one. */
  constructor(host: LinkHost, onMain: () => void) {
    this.#host = host;
    this.#onMain = onMain;
    this.#main = new Link(host, INITIAL_FSM_STATE);
  }

  get main(): Link {
    return this.#main;
  }

  get incoming(): Link | undefined {
    return this.#incoming;
  }

  get all(): readonly Link[] {
    return this.#incoming === undefined ? [this.#main] : [this.#incoming, this.#main];
  }

  /** The one beside this one. */
  other(link: Link): Link | undefined {
    return link === this.#main ? this.#incoming : this.#main;
  }

  /** Takes a connection that the neighbor opened. */
  accept(connection: Connection): ConnectionHandlers {
    const { name, passive, held } = this.#main.state;
    this.#connections.add(connection);
    if (name === 'Active' || held) return this.#main.accept(connection);
    // The peer gave its earlier second attempt up, or it would not begin another
    this.#incoming?.handle({ type: 'OpenCollisionDump' });
    this.#incoming = new Link(this.#host, { name: 'Active', passive, held: false });
    return this.#incoming.accept(connection);
  }

  /** Gives both an event; whichever stops is stopped, the main one first. */
  stop(event: FsmEvent & { readonly type: 'ManualStop' }): void {
    this.#main.handle(event);
    this.#incoming?.handle(event);
  }

  /** The link has the session: it is the main one from now on, and the other one goes. */
  settle(link: Link): void {
    const other = this.other(link);
    if (link !== this.#main) this.#promote(link);
    if (other !== undefined) {
      other.handle({ type: 'OpenCollisionDump' });
      other.dispose();
    }
    this.#incoming = undefined;
  }

  /**
   * An OPEN was accepted on the link. Where the other one has a session, or comes to one, at most one of them stays (RFC 4271
   * §6.8): `isStale`: the session that stands is one that the neighbor has forgotten.
   */
  collide(
    link: Link,
    { remoteAs: asn, remoteRouterId: routerId }: Negotiated,
    local: LocalIdentity,
    isStale: boolean,
  ): void {
    const other = this.other(link);
    if (other === undefined) return;
    if (other.state.name === 'Established') {
      if (isStale) other.handle({ type: 'TcpConnectionFails' });
      else link.handle({ type: 'OpenCollisionDump' });
      return;
    }
    if (other.state.name !== 'OpenConfirm') return;
    const keepsNew = keepsNewConnection(local, { asn, routerId }, other.initiated, link.initiated);
    (keepsNew ? other : link).handle({ type: 'OpenCollisionDump' });
  }

  /** Ends what the interfaces that changed have carried to this address, each with its reason reported before; true where that is something. */
  lose(change: InterfaceChange, address: string, losing: (reason: string) => void): boolean {
    const locals = this.all.map(({ connection }) => connection?.localAddress);
    const reason = locals
      .map((local) => (local === undefined ? undefined : lostConnection(change, address, local)))
      .find((found) => found !== undefined);
    if (reason === undefined) return false;
    this.fail(() => losing(reason));
    return true;
  }

  /** Nothing that was sent by what stands would arrive: it ends, each connection reported before. */
  fail(losing: () => void): void {
    for (const link of this.all) {
      if (link.connection === undefined) continue;
      losing();
      link.handle({ type: 'TcpConnectionFails' });
    }
  }

  /** Ends what both carry without a NOTIFICATION, each reported before, and begins nothing anew. */
  abandon(losing: () => void): void {
    for (const link of this.all) {
      if (link.connection === undefined) continue;
      losing();
      link.handle({ type: 'TcpConnectionFails' });
    }
    this.stop({ type: 'ManualStop', notification: cease(CeaseSubcode.OTHER_CONFIGURATION_CHANGE) });
  }

  /** Ends both without a word, for good: nothing of what they carried is given up. */
  leave(): void {
    for (const link of this.all) link.dispose();
  }

  /** The link's state is another after this event: where it was dumped, the one that it collided with takes its place. */
  changed(link: Link, event: FsmEvent): void {
    const { name } = link.state;
    if (link === this.#incoming) {
      if (name !== 'Idle' && name !== 'Active') return;
      this.#incoming = undefined;
      link.dispose();
    } else if (link === this.#main) {
      this.#onMain();
      if (event.type !== 'OpenCollisionDump' || this.#incoming === undefined) return;
      // The colliding connection that the other side prefers goes on in the main one's place
      this.#promote(this.#incoming);
      this.#incoming = undefined;
      link.dispose();
    }
  }

  /** Ends all for a fault of our own; where even that fails, which is reported by `onStuck`, there is a new main link. */
  abort(notification: NotificationContent, onStuck: (error: unknown) => void): void {
    try {
      for (const link of this.all) link.handle({ type: 'AutomaticStop', notification });
    } catch (error) {
      onStuck(error);
      this.#replaceMain();
    }
  }

  /** Both go on reading where congestion stopped them. */
  resume(): void {
    this.#main.resume();
    this.#incoming?.resume();
  }

  #replaceMain(): void {
    this.#main.dispose();
    this.#main = new Link(this.#host, INITIAL_FSM_STATE);
  }

  /** A connection that we opened. */
  opened(connection: Connection): void {
    this.#connections.add(connection);
  }

  connectionClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }

  /** True also while one that has ended has not closed. */
  get hasConnections(): boolean {
    return this.#connections.size > 0;
  }

  /** Resolves when no connection is left. */
  closed(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenClosed.push(resolve));
  }

  #promote(link: Link): void {
    this.#main = link;
    this.#onMain();
  }
}
