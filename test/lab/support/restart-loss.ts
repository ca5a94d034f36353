import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ContinuousPing, type Fabric, waitFor } from '../../../lab/index.js';

/** How the replies are counted. */
export interface RestartLoss {
  /** Seconds between two pings. */
  readonly interval: number;
  /** Milliseconds after the restart by which other leaves have forgotten what the daemon told them before, if they do. */
  readonly forgotten: number;
}

let pings = 0;

/**
 * Replies lost between two hosts, from the first to the second and back, while `restart` runs and until all is well again.
 */
export async function restartLoss(
  fabric: Fabric,
  hosts: readonly [string, string],
  { interval, forgotten }: RestartLoss,
  restart: () => Promise<unknown>,
): Promise<readonly [number, number]> {
  const ways = [hosts, hosts.toReversed()];
  const running = await Promise.all(
    ways.map(([from, to]) =>
      ContinuousPing.start(
        fabric.namespace(from),
        fabric.host(to).address.ipv4,
        interval,
        join(fabric.folder, `restart-ping-${pings++}`),
      ),
    ),
  );
  await delay(interval * 30_000);
  await restart();
  await delay(forgotten);
  for (const [from, to] of ways)
    await waitFor(async () => (await fabric.ping(from, to, { count: 1 })).received === 1, {
      what: `a reply of ${to} to ${from}`,
      timeout: 60_000,
      interval: 50,
    });
  await delay(interval * 20_000);
  const [there, back] = await Promise.all(running.map((ping) => ping.stop()));
  return [there.sent - there.received, back.sent - back.received];
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1];
