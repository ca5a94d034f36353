/** A hostile neighbor in the spine's namespace: one session at an address of its own, over which it sends what is named. */
import { setTimeout as delay } from 'node:timers/promises';
import { type FlowName, flowUpdates, type Span } from './flat-routes.js';
import { ONSLAUGHTS, type Onslaught, type OnslaughtName } from './hostile-routes.js';
import { listenAt } from './listen.js';
import { now, serve } from './rpc.js';
import { SpineSession } from './spine-session.js';

let session: SpineSession | undefined;

function own(): SpineSession {
  if (!session) throw new Error('the attacker does not listen');
  return session;
}

export const handlers = {
  async listen({ address, keepalive }: { address: string; keepalive: number }): Promise<void> {
    session = new SpineSession(address, keepalive, () => {}, { extended: true });
    await listenAt(session);
  },
  /** Resolves when the session is up. */
  async up({ timeout }: { timeout: number }): Promise<void> {
    for (const until = now() + timeout; !own().established; await delay(20))
      if (now() > until) throw new Error(`no session within ${timeout} ms`);
  },
  /**
   * Sends an onslaught, a `share` of its items (0 to 1), as fast as the leaf reads but no longer than `limit`
   * milliseconds. Tells how many octets went out, and whether the leaf ended the session.
   */
  async attack({ name, share, limit }: { name: OnslaughtName; share: number; limit: number }): Promise<{
    octets: number;
    ended: boolean;
    complete: boolean;
  }> {
    const { pieces, count, gap }: Onslaught = ONSLAUGHTS[name];
    const until = now() + limit;
    const { ends } = own();
    let octets = 0;
    try {
      for (const piece of pieces(Math.ceil(count * share))) {
        if (now() > until) return { octets, ended: false, complete: false };
        if (typeof piece === 'number') {
          await delay(piece);
          continue;
        }
        const sent = own().write([piece]);
        const late = delay(Math.max(0, until - now()), 'late' as const, { ref: false });
        // What the leaf does not read is left in the socket
        if ((await Promise.race([sent, late])) === 'late') {
          sent.catch(() => {});
          return { octets, ended: false, complete: false };
        }
        octets += piece.length;
        await delay(gap ?? 0);
      }
    } catch (error) {
      if (own().ends === ends) throw error;
      return { octets, ended: true, complete: false };
    }
    return { octets, ended: own().ends > ends, complete: true };
  },
  /** Sends all of a flow's UPDATEs about a span of its items. */
  async flow(order: {
    name: FlowName;
    span: Span;
    vnis: number;
    verb: 'announce' | 'withdraw';
  }): Promise<void> {
    await own().write(flowUpdates(order.name, order.span, order.vnis, order.verb));
  },
  /** Reads no more. */
  deafen(_: null): void {
    own().deafen();
  },
};

serve(handlers);
