import type { ExecutionContext } from 'ava';
import { waitFor } from '../../../lab/index.js';
import type { PeerFabric } from './peer-fabric.js';

/** As FRR logs one that it hears. */
const HARD_RESET = /NOTIFICATION\(Hard Reset\): received from/g;
const SOFT = 'Cease (6), Administrative Reset (4)';

/**
 * A Hard Reset of FRR and ours remove the routes of the session, a soft Cease keeps them (RFC 8538). `clear` resets it at FRR, `soften` has
 * FRR do so softly, `whole` waits until all routes are there again.
 */
export async function hardResets(
  t: ExecutionContext,
  peer: PeerFabric,
  name: string,
  { clear, soften, whole }: Readonly<Record<'clear' | 'soften' | 'whole', () => Promise<unknown>>>,
): Promise<void> {
  const kept = () =>
    peer.fabric
      .evpnd('leaf1')
      .logLines()
      .filter(({ msg, neighbor }) => neighbor === name && msg.includes('are kept as stale')).length;
  const ended = async (end: () => Promise<unknown>) => {
    const [{ flaps }, before] = [await peer.status(name), kept()];
    await end();
    await waitFor(async () => (await peer.status(name)).flaps > flaps, { what: 'the end' });
    const { reason } = (await peer.status(name)).lastDown ?? {};
    await peer.established(name);
    await whole();
    return [reason, kept() - before];
  };
  const hardResetsHeard = () => peer.fabric.frr('spine1').said().match(HARD_RESET)?.length ?? 0;
  t.deepEqual(await ended(clear), [`NOTIFICATION received: Cease (6), Hard Reset (9) for ${SOFT}`, 0]);
  await soften();
  t.deepEqual(await ended(clear), [`NOTIFICATION received: ${SOFT}`, 1]);
  // Not our last error, which may be a collision of the connections that follow
  const before = hardResetsHeard();
  t.deepEqual(await ended(() => peer.command(name, 'clear')), ['reset by the operator', 0]);
  await waitFor(() => hardResetsHeard() > before, { what: "our Hard Reset in FRR's log" });
}
