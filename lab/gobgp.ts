/** GoBGP as a neighbor or a spine: it passes routes on with their next hop, announces its own, tells what it has. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InjectedRoute, PeerConfig } from './injected-route.js';
import { Daemon, run } from './process.js';
import { waitFor } from './wait.js';

/** A path in `gobgp -j`: attributes are objects with the attribute's code as `type`. */
export interface GobgpPath {
  nlri: { type: number; value: Record<string, unknown> };
  best?: boolean;
  attrs: { type: number; [field: string]: unknown }[];
}

/** gobgpd's configuration; next hops stay as they came, which eBGP peers else would change. */
export function gobgpConfig(config: PeerConfig): string {
  const restarts = (config.gracefulRestart ?? false) !== false;
  const isLongLived = config.gracefulRestart === 'long-lived';
  const neighbor = (address: string, asn: number, local: string | undefined) => `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${asn}
  [neighbors.transport.config]
    ${local === undefined ? '' : `local-address = "${local}"`}
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
    hold-time = 9
    keepalive-interval = 3
  ${config.reflect ? `[neighbors.route-reflector.config]\n    route-reflector-client = true\n    route-reflector-cluster-id = "${config.routerId}"` : ''}
  [neighbors.graceful-restart.config]
    enabled = ${restarts}
    restart-time = ${isLongLived ? 2 : 60}
    notification-enabled = ${restarts}
    long-lived-enabled = ${isLongLived}
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l2vpn-evpn"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = ${restarts}
    [neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = ${isLongLived}
      restart-time = 600
`;
  const neighbors = config.neighbors.map(({ address, asn }, index) =>
    neighbor(address, asn, config.localAddresses[index]),
  );
  return `
[global.config]
  as = ${config.asn}
  router-id = "${config.routerId}"
[global.apply-policy.config]
  export-policy-list = ["next-hop-unchanged"]
  default-export-policy = "accept-route"
[[policy-definitions]]
  name = "next-hop-unchanged"
  [[policy-definitions.statements]]
    [policy-definitions.statements.actions]
      route-disposition = "accept-route"
      [policy-definitions.statements.actions.bgp-actions]
        set-next-hop = "unchanged"
${neighbors.join('')}`;
}

export class Gobgp {
  private readonly socket: string;
  private daemon: Daemon | undefined;

  /** `folder` is this peer's own; it is created. */
  constructor(
    readonly node: string,
    private readonly namespace: string,
    private readonly folder: string,
    private readonly config: PeerConfig,
  ) {
    this.socket = `unix://${join(folder, 'gobgp.sock')}`;
  }

  /** Starts gobgpd and waits until its API answers. `restarted`: it says that it comes back from a graceful restart. */
  async start(restarted = false): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    const file = (name: string) => join(this.folder, name);
    writeFileSync(file('gobgpd.toml'), gobgpConfig(this.config));
    // A killed gobgpd leaves its socket, and the next one then refuses to start.
    rmSync(file('gobgp.sock'), { force: true });
    const command = ['gobgpd', '-f', file('gobgpd.toml'), '--api-hosts', this.socket, '--pprof-disable'];
    if (restarted) command.push('--graceful-restart');
    const daemon = await Daemon.start(
      `gobgpd on ${this.node}`,
      'ip',
      ['netns', 'exec', this.namespace, ...command],
      file('gobgpd.log'),
    );
    this.daemon = daemon;
    await waitFor(
      async () =>
        !daemon.running ||
        (existsSync(file('gobgp.sock')) &&
          (await this.json<unknown[]>('neighbor')).length === this.config.neighbors.length),
      { what: `answer of ${daemon.name}` },
    );
    daemon.mustRun();
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.daemon?.stop(signal);
  }

  /** Sends a signal and does not wait, for example SIGSTOP. */
  signal(signal: NodeJS.Signals): void {
    this.daemon?.signal(signal);
  }

  /** The end of its log, for a person who asks why. */
  logs(): string {
    return this.daemon?.logEnd() ?? `--- gobgpd on ${this.node}: never started`;
  }

  /** The gobgp command line; resolves with what it printed, rejects when it refused. */
  async cli(...args: string[]): Promise<string> {
    const { stdout } = await run('gobgp', ['--target', this.socket, ...args]);
    // Its exit code is 0 also for a line it did not understand.
    if (stdout.startsWith('error:')) throw new Error(`gobgp ${args.join(' ')}: ${stdout}`);
    return stdout;
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse((await this.cli('-j', ...args)) || 'null') as T;
  }

  async establishedPeers(): Promise<string[]> {
    interface Neighbor {
      state: { neighbor_address: string; session_state: number | string };
    }
    const neighbors = await this.json<Neighbor[]>('neighbor');
    const established = 6;
    return neighbors
      .filter(({ state }) => state.session_state === established || state.session_state === 'ESTABLISHED')
      .map(({ state }) => state.neighbor_address);
  }

  async announce(route: InjectedRoute): Promise<void> {
    await this.cli('global', 'rib', 'add', '-a', 'evpn', ...routeWords(route));
  }

  async withdraw(route: InjectedRoute): Promise<void> {
    await this.cli('global', 'rib', 'del', '-a', 'evpn', ...routeWords(route));
  }

  /** Every path of its table, by gobgp's own text of the NLRI. */
  async rib(): Promise<Record<string, GobgpPath[]>> {
    return (await this.json<Record<string, GobgpPath[]> | null>('global', 'rib', '-a', 'evpn')) ?? {};
  }
}

function routeWords(route: InjectedRoute): string[] {
  const { encapsulation = 'vxlan', ethernetTag = 0 } = route;
  const tail = ['rt', ...route.routeTargets, 'encap', encapsulation];
  const vni = String(route.vni);
  const tag = ['etag', String(ethernetTag)];
  if (route.type === 'mac') {
    const head = ['macadv', route.mac, route.ip ?? '0.0.0.0', ...tag, 'label', vni, 'rd', route.rd];
    return [...head, ...tail, 'nexthop', route.nextHop];
  }
  const pmsi = route.pmsi === false ? [] : ['pmsi', 'ingress-repl', vni, route.originator];
  const head = ['multicast', route.originator, ...tag, 'rd', route.rd];
  return [...head, ...tail, ...pmsi, 'nexthop', route.nextHop];
}
