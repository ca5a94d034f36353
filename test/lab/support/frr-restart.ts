import type { ExecutionContext } from 'ava';
import { waitFor } from '../../../lab/index.js';
import type { PeerFabric } from './peer-fabric.js';

/** Two sessions with the FRR of node `spine1`, each with unicast routes of one family. */
export interface RestartCase {
  readonly sessions: readonly [string, string];
  /** What FRR announces, which is installed when the case begins, by `ip -4` and `ip -6`. */
  readonly prefixes: Readonly<Record<'-4' | '-6', readonly string[]>>;
  /** Both sides keep the routes for longer than FRR's restart time (RFC 9494). */
  readonly isLong: boolean;
  start(): Promise<unknown>;
}

/** FRR is killed and starts again, and no route of both families goes meanwhile. */
export async function keepsOverRestart(
  t: ExecutionContext,
  peer: PeerFabric,
  { sessions: addresses, prefixes, isLong, start }: RestartCase,
): Promise<void> {
  const count = prefixes['-4'].length;
  const sessions = () => Promise.all(addresses.map((address) => peer.status(address)));
  const unicast = async () =>
    (await sessions()).map(({ families }) =>
      families.find(({ negotiated, staleRoutes }) => negotiated || staleRoutes),
    );
  await peer.fabric.frr('spine1').stop('SIGKILL');
  await waitFor(
    async () =>
      (await unicast()).every(
        (one) => one?.staleRoutes?.count === count && one.staleRoutes.longLived === isLong,
      ),
    { what: 'stale routes', timeout: 30_000 },
  );
  await start();
  const lost: string[] = [];
  await waitFor(
    async () => {
      const now = [...(await peer.installed('-4')), ...(await peer.installed('-6'))];
      lost.push(...[...prefixes['-4'], ...prefixes['-6']].filter((prefix) => !now.includes(prefix)));
      return (await sessions()).every(
        ({ established, endOfRibReceivedAt }) => established && endOfRibReceivedAt !== null,
      );
    },
    { what: 'the End-of-RIB', timeout: 60_000 },
  );
  t.deepEqual(lost, []);
  t.true((await unicast()).every((one) => one?.staleRoutes === null && one.received === count));
}
