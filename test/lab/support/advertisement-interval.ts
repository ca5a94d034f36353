import type { ExecutionContext } from 'ava';
import { waitFor } from '../../../lab/index.js';
import type { PeerFabric } from './peer-fabric.js';

/** The changes, of which the first begins the wait. */
const [FIRST, SECOND] = ['198.51.100.0/25', '198.51.100.128/25'];

/**
 * Two sessions of a peer, `slow` with an `advertisement-interval` of minutes: of two changes one after the other that one hears the first at
 * once, and the second when it begins anew. `reload` gives evpnd both neighbors and these networks beside others, `heard` says
 * whether the peer has a prefix by a session.
 */
export async function hearsLate(
  t: ExecutionContext,
  peer: PeerFabric,
  slow: string,
  reload: (...networks: string[]) => Promise<void>,
  heard: (session: 'near' | 'slow', prefix: string) => Promise<boolean>,
): Promise<void> {
  const has = (session: 'near' | 'slow', prefix: string) =>
    waitFor(() => heard(session, prefix), { what: `${prefix} at ${session}` });
  await reload();
  await peer.established(slow);
  await waitFor(async () => (await peer.status(slow)).families.every(({ sent }) => sent > 0), {
    what: 'what stands when the session begins',
  });
  await reload(FIRST);
  await has('slow', FIRST);
  await reload(SECOND);
  await has('near', SECOND);
  t.true(await heard('slow', FIRST));
  t.false(await heard('slow', SECOND));
  await peer.command(slow, 'clear');
  await peer.established(slow);
  await has('slow', SECOND);
  t.false(await heard('slow', FIRST));
}
