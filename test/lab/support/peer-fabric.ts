/**
 * A leaf that runs evpnd, and beside it a node where a test runs another implementation. One link joins them, with an address of
 * both families at each end for each session that the test wants, so that one daemon there shows many settings at once.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, Exabgp, Fabric, waitFor } from '../../../lab/index.js';
import type { NeighborItem } from '../../../src/api/resources/neighbor-item.js';
import type { UnderlayRouteItem } from '../../../src/api/resources/underlay-routes.js';

/** The ends of session `n`. */
export const session = (n: number) => ({
  ours: `10.70.${n}.1`,
  theirs: `10.70.${n}.2`,
  ours6: `fd70:${n}::1`,
  theirs6: `fd70:${n}::2`,
});
/** Loopback addresses of both, which each has a route to. */
export const LOOPBACK = { ours: '10.0.0.1', theirs: '10.0.0.100' } as const;
export const OUR_AS = 65001;
export const THEIR_AS = 65000;

/** More communities than a message of 4096 octets has room for (RFC 8654). FRR shows all of them where the AS has one digit. */
export const manyCommunities = (asn: number) => Array.from({ length: 1100 }, (_, n) => `${asn}:${n}`);

/** A neighbor's settings beside its address; timers are short. */
export const neighbor = (address: string, settings: Record<string, unknown> = {}) => ({
  address,
  'remote-as': THEIR_AS,
  'connect-retry-time': 1,
  ...settings,
});

export class PeerFabric {
  private readonly daemons: Daemon[] = [];
  private exabgp: Exabgp | undefined;

  private constructor(readonly fabric: Fabric) {}

  /** The leaf and the node, joined with addresses for sessions 1 to `sessions`. */
  static async create(sessions: number): Promise<PeerFabric> {
    const fabric = await Fabric.create({
      leaves: [{ engine: 'evpnd', hostsPerVni: 0, config: { neighbors: [] } }],
      spines: [{ engine: 'none' }],
      vnis: [{ vni: 10010, vlan: 10 }],
    });
    const { leafDevice, spineDevice } = fabric.leaf('leaf1').links[0];
    const all = Array.from({ length: sessions }, (_, i) => session(i + 1));
    const lines = (end: 'ours' | 'theirs', device: string) =>
      all.flatMap((each) => [
        `addr add ${each[end]}/24 dev ${device}`,
        `addr add ${each[`${end}6`]}/64 dev ${device} nodad`,
      ]);
    await fabric.apply('leaf1', {
      ip: [
        ...lines('ours', leafDevice),
        `route replace ${LOOPBACK.theirs} via ${session(1).theirs} src ${LOOPBACK.ours}`,
      ],
      bridge: [],
    });
    await fabric.apply('spine1', {
      ip: [
        ...lines('theirs', spineDevice),
        `addr add ${LOOPBACK.theirs}/32 dev lo`,
        `route replace ${LOOPBACK.ours} via ${session(1).ours} src ${LOOPBACK.theirs}`,
      ],
      bridge: [],
    });
    return new PeerFabric(fabric);
  }

  /** A file of the peer's; returns its path. */
  write(name: string, content: string, mode = 0o644): string {
    const folder = join(this.fabric.folder, 'peer');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), content, { mode });
    return join(folder, name);
  }

  /** Starts a program in the peer's namespace. */
  async start(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<Daemon> {
    const words = ['netns', 'exec', this.fabric.namespace('spine1'), ...args];
    const daemon = await Daemon.start(name, 'ip', words, this.write(`${name}.log`, ''), env);
    this.daemons.push(daemon);
    return daemon;
  }

  /** Starts ExaBGP there; its configuration is given the script that its API runs. */
  async startExabgp(config: (bridge: string) => string): Promise<Exabgp> {
    const { fabric } = this;
    this.exabgp = new Exabgp('spine1', fabric.namespace('spine1'), join(fabric.folder, 'peer'), config);
    await this.exabgp.start();
    return this.exabgp;
  }

  /** What a command printed in the peer's namespace. */
  async there(...command: string[]): Promise<string> {
    return (await this.fabric.exec('spine1', ...command)).stdout;
  }

  /** evpnd has these settings, beside those of the fabric. */
  async reload(config: Record<string, unknown>): Promise<void> {
    const evpnd = this.fabric.evpnd('leaf1');
    const reloads = () => evpnd.log().split('configuration reloaded').length;
    const before = reloads();
    evpnd.configure({ ...evpnd.config, ...config });
    evpnd.signal('SIGHUP');
    await waitFor(() => reloads() > before, { what: 'reload', interval: 20 });
  }

  /** Ends evpnd and starts it with these settings, of which a reload could not change all. */
  async restart(config: Record<string, unknown>): Promise<void> {
    const evpnd = this.fabric.evpnd('leaf1');
    await evpnd.stop();
    evpnd.configure({ ...evpnd.config, ...config });
    await evpnd.start();
  }

  async status(name: string): Promise<NeighborItem> {
    const { status, body } = await this.fabric.restApi<NeighborItem>(
      'leaf1',
      `/api/v1/neighbors/${encodeURIComponent(name)}`,
    );
    if (status !== 200) throw new Error(`status ${status} of ${name}: ${JSON.stringify(body)}`);
    return body;
  }

  /** A command to a neighbor, such as `clear?soft=in`. */
  async command(name: string, command: string): Promise<void> {
    const path = `/api/v1/neighbors/${encodeURIComponent(name)}/${command}`;
    const { status, body } = await this.fabric.evpnd('leaf1').post<object>(path);
    if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
  }

  /** These sessions stand. */
  async established(...names: string[]): Promise<void> {
    await waitFor(
      async () => {
        const all = await Promise.all(names.map((name) => this.status(name)));
        const without = all.filter(({ established }) => !established);
        if (without.length === 0) return true;
        throw new Error(
          without
            .map(({ name, state, lastFailedAttempt }) => `${name} ${state} ${lastFailedAttempt?.reason}`)
            .join('; '),
        );
      },
      { what: 'sessions', timeout: 30_000 },
    );
  }

  /** evpnd's routes in the leaf's kernel, sorted: prefix, and what follows it in `ip route`. */
  async installed(family: '-4' | '-6' = '-4'): Promise<string[]> {
    const { stdout } = await this.fabric.exec('leaf1', 'ip', family, 'route', 'show', 'proto', '69');
    return (
      stdout
        .split('\n')
        // Of an IPv6 route each way is a line of its own
        .filter((line) => line !== '' && !line.startsWith('\t'))
        .map((line) => line.split(' ')[0])
        .sort()
    );
  }

  /** The unicast route that holds an address, as the API shows it. */
  async route(ip: string): Promise<UnderlayRouteItem | undefined> {
    const path = `/api/v1/underlay-routes?ip=${encodeURIComponent(ip)}`;
    return (await this.fabric.restApi<{ items: UnderlayRouteItem[] }>('leaf1', path)).body.items[0];
  }

  /** Everything that the peer's daemons have logged since they started. */
  said(): string {
    return [...this.daemons, this.exabgp].map((each) => each?.said() ?? '').join('\n');
  }

  /** The ends of all logs, for a person who asks why. */
  logs(): string {
    const theirs = [...this.daemons.map((daemon) => daemon.logEnd(60)), this.exabgp?.logs() ?? ''];
    return [this.fabric.logs(), ...theirs].join('\n');
  }

  /** Ends all daemons and removes the namespaces. */
  async remove(): Promise<void> {
    await Promise.all([...this.daemons, this.exabgp].map((each) => each?.stop('SIGKILL')));
    await this.fabric.remove();
  }
}
