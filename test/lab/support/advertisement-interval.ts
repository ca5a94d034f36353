import type { ExecutionContext } from 'ava';
import { waitFor } from '../../../lab/index.js';
import type { PeerFabric } from './peer-fabric.js';

/** The changes, of which the first begins the wait. */
const [FIRST, SECOND] = ['198.51.100.0/25', '198.51.100.128/25'];

/**
 * Two sessions of a peer, `near` and `slow`, the latter with an `advertisement-interval` of minutes: of two changes one after the other that one hears the first at
 * once, and the second when it begins anew. `reload` gives evpnd both neighbors and these networks beside others, `heard` says
 * whether the peer has a prefix by a session.
 */
export async function hearsLate(
  t: ExecutionContext,
  peer: PeerFabric,
  { near, slow }: { near: string; slow: string },
  reload: (...networks: string[]) => Promise<void>,
  heard: (session: 'near' | 'slow', prefix: string) => Promise<boolean>,
): Promise<void> {
  const has = (session: 'near' | 'slow', prefix: string) =>
    waitFor(() => heard(session, prefix), { what: `${prefix} at ${session}` });
  await reload();
  await peer.established(slow);
  // A change that is still in the first table does not begin the wait
  const sent = async (name: string) =>
    new Map((await peer.status(name)).families.map((each) => [each.name, each.sent]));
  await waitFor(
    async () => {
      const [told, whole] = [await sent(slow), await sent(near)];
      return [...told].every(([name, count]) => count > 0 && count === (whole.get(name) ?? count));
    },
    { what: 'what stands when the session begins' },
  );
  await reload(FIRST);
  await has('slow', FIRST);
  await reload(SECOND);
  await has('near', SECOND);
  t.true(await heard('slow', FIRST));
  t.false(await heard('slow', SECOND));
  await peer.command(slow, 'clear');
  await peer.established(slow);
  await has('slow', SECOND);
  // A peer that keeps routes for a session that returns has it until the End-of-RIB
  await waitFor(async () => !(await heard('slow', FIRST)), { what: `the end of ${FIRST} at slow` });
}
