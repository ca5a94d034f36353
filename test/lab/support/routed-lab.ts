import { join } from 'node:path';
import { ContinuousPing, type Fabric, type Family, pace, waitFor } from '../../../lab/index.js';
import { addressesOf, gateway, TABLE } from './routed-fabric.js';

export const families = ['ipv4', 'ipv6'] as const;

/** Seconds between two of the pings that count what is lost. */
const INTERVAL = 0.02;
/** What waits for a timer, such as the hold time of 9 s, loses more, however slow the machine is. */
export const MOST_LOST_MS = 3000;

/** What was lost of one flow. */
export interface Loss {
  readonly flow: string;
  readonly lost: number;
  readonly sent: number;
}

/** A fabric with VRFs, asked as its users would. */
export class RoutedLab {
  #flows = 0;

  constructor(readonly fabric: Fabric) {}

  only(node: string, ...ip: string[]): Promise<void> {
    return this.fabric.apply(node, { ip, bridge: [] });
  }

  /** evpnd's routes of the VRF. */
  routesOf(leaf: string): Promise<string> {
    return this.routes(leaf, 'proto', '69');
  }

  /** Routes of the VRF's table of both families, as `ip route` selects them. */
  async routes(leaf: string, ...selection: string[]): Promise<string> {
    const of = async (family: string) =>
      (
        await this.fabric.exec(
          leaf,
          'ip',
          '-N',
          family,
          'route',
          'show',
          'table',
          String(TABLE),
          ...selection,
        )
      ).stdout;
    return (await of('-4')) + (await of('-6'));
  }

  /** The gateways that the VRF's route to the prefix leads to, in order; none where there is no route, or one that discards. */
  async ways(leaf: string, prefix: string): Promise<string[]> {
    const family = prefix.includes(':') ? '-6' : '-4';
    const show = ['route', 'show', 'table', String(TABLE), prefix];
    const { stdout } = await this.fabric.exec(leaf, 'ip', family, '-j', ...show);
    interface Way {
      gateway?: string;
      via?: { host: string };
    }
    const routes = JSON.parse(stdout || '[]') as (Way & { nexthops?: Way[] })[];
    return routes
      .flatMap((route) => route.nexthops ?? [route])
      .flatMap(({ gateway, via }) => gateway ?? via?.host ?? [])
      .sort();
  }

  /** Waits for an answer. */
  async pings(from: string, to: string, family: Family = 'ipv4'): Promise<void> {
    let output = '';
    await waitFor(
      async () => {
        const result = await this.fabric
          .ping(from, to, { count: 1, family })
          .catch((error) => ({ received: 0, output: String(error) }));
        output = result.output;
        return result.received === 1;
      },
      { what: `answer of ${to} to ${from}, ${family}`, timeout: 30_000, show: () => output },
    );
  }

  /** Every host asks its gateway, so that its leaf knows MAC and IPs. */
  async introduceHosts(): Promise<void> {
    await Promise.all(
      this.fabric.plan.hosts.map(async ({ name, vlan }) => {
        for (const family of families) await this.pings(name, gateway(vlan)[family], family);
      }),
    );
  }

  /** The leaf that answers where a packet's life ends after so many hops, for each address; undefined for none. */
  async leavesAt(from: string, addresses: readonly string[], hops: number): Promise<(string | undefined)[]> {
    const script = addresses.map((address) => `ping -n -c 1 -W 3 -t ${hops} ${address}`).join('\n');
    const { stdout } = await this.fabric.attempt(from, 'sh', '-c', script);
    const [, ...answers] = stdout.split(/^PING /m);
    return answers.map((answer) => {
      const router = /From (\S+) icmp_seq=1 Time (?:to live )?exceeded/.exec(answer)?.[1];
      return this.fabric.plan.leaves.find((leaf) =>
        families.some((family) => addressesOf(leaf, family).some((each) => each === router)),
      )?.name;
    });
  }

  /** The same of one address. */
  async leafAt(from: string, address: string, hops: number): Promise<string | undefined> {
    return (await this.leavesAt(from, [address], hops))[0];
  }

  /**
   * Pings each address from its host fifty times a second while `event` happens and until `done`; each flow has an answer before, and
   * one after. Resolves with what each lost.
   */
  async lostWhile(
    flows: readonly (readonly [from: string, address: string])[],
    event: () => Promise<unknown>,
    done: () => Promise<unknown>,
  ): Promise<Loss[]> {
    const { fabric } = this;
    const running = await Promise.all(
      flows.map(async ([from, address]) => {
        const file = join(fabric.folder, `flow-${++this.#flows}.log`);
        const ping = await ContinuousPing.start(fabric.namespace(from), address, INTERVAL, file);
        return { flow: `${from} to ${address}`, ping };
      }),
    );
    const answered = async (what: string) => {
      const before = running.map(({ ping }) => ping.replies);
      await waitFor(() => running.every(({ ping }, i) => ping.replies > before[i] + 5), {
        what: `answers ${what}`,
        timeout: 20_000,
        show: () => running.map(({ flow, ping }) => `${flow}: ${ping.replies}`).join(', '),
      });
    };
    await answered('before');
    await event();
    await done();
    await answered('after');
    return Promise.all(
      running.map(async ({ flow, ping }) => {
        const { sent, received } = await ping.stop();
        return { flow, lost: sent - received, sent };
      }),
    );
  }
}

/** Throws where a flow lost more than so many milliseconds' worth, which are more on a slow machine. */
export function lostAtMost(losses: readonly Loss[], milliseconds: number): void {
  const worst = Math.max(...losses.map(({ lost }) => lost));
  const text = losses.map(({ flow, lost, sent }) => `${flow}: ${lost} of ${sent}`).join('; ');
  process.stderr.write(`lost ${text}\n`);
  if (worst * INTERVAL * 1000 > milliseconds * pace)
    throw new Error(`lost more than ${milliseconds} ms: ${text}`);
}
