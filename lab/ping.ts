import { attempt } from './process.js';

/** How to ping; seconds as ping takes them. */
export interface PingOptions {
  count?: number;
  interval?: number;
  /** Seconds to wait for the last reply. */
  wait?: number;
}
export interface PingResult {
  sent: number;
  received: number;
  output: string;
}

/**
 * iputils' ping from a namespace; resolves also when nothing answered.
 * @throws Error when ping could not send at all (no route, no such address).
 */
export async function ping(
  namespace: string,
  address: string,
  options: PingOptions = {},
): Promise<PingResult> {
  const { count = 3, interval = 0.2, wait = 1 } = options;
  const args = ['-q', '-n', '-c', String(count), '-i', String(interval), '-W', String(wait), address];
  const result = await attempt('ip', ['netns', 'exec', namespace, 'ping', ...args], {
    timeout: (count * (interval + wait) + 10) * 1_000,
  });
  const output = result.stdout + result.stderr;
  const counts = /(\d+) packets transmitted, (\d+) received/.exec(output);
  if (!counts) throw new Error(`ping ${address} in ${namespace}: ${output}`);
  return { sent: Number(counts[1]), received: Number(counts[2]), output };
}
