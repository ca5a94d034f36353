import { attempt, Daemon } from './process.js';

/** How to ping; seconds as ping takes them. */
export interface PingOptions {
  count?: number;
  interval?: number;
  /** Seconds to wait for the last reply. */
  wait?: number;
  /** Routers that a packet may pass and one more (TTL, hop limit); the system's when absent. */
  hops?: number;
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
  const { count = 3, interval = 0.2, wait = 1, hops } = options;
  const life = hops === undefined ? [] : ['-t', String(hops)];
  const args = [
    '-q',
    '-n',
    '-c',
    String(count),
    '-i',
    String(interval),
    '-W',
    String(wait),
    ...life,
    address,
  ];
  const result = await attempt('ip', ['netns', 'exec', namespace, 'ping', ...args], {
    timeout: (count * (interval + wait) + 10) * 1_000,
  });
  const output = result.stdout + result.stderr;
  const counts = /(\d+) packets transmitted, (\d+) received/.exec(output);
  if (!counts) throw new Error(`ping ${address} in ${namespace}: ${output}`);
  return { sent: Number(counts[1]), received: Number(counts[2]), output };
}

/** A ping that goes on until it is stopped: how many replies were lost meanwhile. */
export class ContinuousPing {
  private constructor(private readonly daemon: Daemon) {}

  /** `interval` in seconds; `file` takes its output. */
  static async start(
    namespace: string,
    address: string,
    interval: number,
    file: string,
  ): Promise<ContinuousPing> {
    const args = ['netns', 'exec', namespace, 'ping', '-n', '-i', String(interval), '-W', '1', address];
    return new ContinuousPing(await Daemon.start(`ping ${address} in ${namespace}`, 'ip', args, file));
  }

  /** How many replies have come. */
  get replies(): number {
    return this.daemon.log().match(/icmp_seq=\d+ ttl/g)?.length ?? 0;
  }

  /** Ends it and tells what it counted up to the last reply: what was under way then is not lost. */
  async stop(): Promise<PingResult> {
    await this.daemon.stop('SIGINT');
    const output = this.daemon.log();
    const replies = new Set(
      [...output.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, sequence]) => Number(sequence)),
    );
    const sent = Math.max(0, ...replies);
    return { sent, received: replies.size, output };
  }
}
