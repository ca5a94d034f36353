import type { ExecutionContext } from 'ava';
import { waitFor } from '../../../lab/index.js';
import type { PeerFabric } from './peer-fabric.js';

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
  t.deepEqual(await ended(clear), [`NOTIFICATION received: Cease (6), Hard Reset (9) for ${SOFT}`, 0]);
  await soften();
  t.deepEqual(await ended(clear), [`NOTIFICATION received: ${SOFT}`, 1]);
  t.deepEqual(await ended(() => peer.command(name, 'clear')), ['reset by the operator', 0]);
  t.like((await peer.status(name)).lastError, { direction: 'sent', hardReset: { code: 6, subcode: 4 } });
}
