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
    // At once: a collision of the connections that follow would be the last error
    const { lastDown, lastError } = await peer.status(name);
    await peer.established(name);
    await whole();
    return { lastError, end: [lastDown?.reason, kept() - before] };
  };
  t.deepEqual((await ended(clear)).end, [`NOTIFICATION received: Cease (6), Hard Reset (9) for ${SOFT}`, 0]);
  await soften();
  t.deepEqual((await ended(clear)).end, [`NOTIFICATION received: ${SOFT}`, 1]);
  const { end, lastError } = await ended(() => peer.command(name, 'clear'));
  t.deepEqual(end, ['reset by the operator', 0]);
  t.like(lastError, { direction: 'sent', hardReset: { code: 6, subcode: 4 } });
}
