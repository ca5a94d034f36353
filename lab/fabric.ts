/** A fabric in network namespaces: built from a plan, asked and changed by node name, removed without a trace. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Capture } from './capture.js';
import { Evpnd } from './evpnd.js';
import { Exabgp } from './exabgp.js';
import { Frr, type FrrVersion, frrLeafConfig, frrSpineConfig } from './frr.js';
import { Gobgp } from './gobgp.js';
import type { PeerConfig } from './injected-route.js';
import {
  type Batch,
  hostSetup,
  hostSysctls,
  leafSetup,
  portSetup,
  routerSysctls,
  spineSetup,
} from './kernel-setup.js';
import { Namespaces, sweepLeftOvers } from './namespaces.js';
import { bridgeFdb, type FdbRow, installedRows, type NeighborRow, neighbors } from './observe.js';
import { type PingOptions, type PingResult, ping } from './ping.js';
import {
  type FabricSpec,
  type Family,
  type Host,
  type Leaf,
  type Plan,
  planFabric,
  type Spine,
} from './plan.js';
import { attempt, CommandError, Daemon, type RunOptions, type RunResult, run } from './process.js';
import type { RestAnswer } from './rest.js';
import { waitFor } from './wait.js';

/** Called at each step of the building, for progress. */
export type Progress = (step: string) => void;

/** Milliseconds of patience with a batch, and with each of its lines: a fabric may have thousands of devices. */
const BATCH_PATIENCE = 30_000;
const LINE_PATIENCE = 10;

type Router = Frr | Evpnd | Gobgp | Exabgp;

export class Fabric {
  private readonly routers = new Map<string, Router>();
  private readonly whereHostIs = new Map<string, string>();
  private captures = 0;

  private constructor(
    readonly plan: Plan,
    private readonly namespaces: Namespaces,
  ) {
    for (const host of plan.hosts) this.whereHostIs.set(host.name, host.leaf);
  }

  /**
   * Builds namespaces, links and bridges, then starts every daemon and waits until each answers. Sessions need not be
   * up yet: see `waitUntilConverged`. A failure removes all that was built.
   */
  static async create(spec: FabricSpec, progress: Progress = () => {}): Promise<Fabric> {
    const plan = planFabric(spec);
    await sweepLeftOvers();
    const fabric = new Fabric(plan, new Namespaces());
    try {
      await fabric.build();
      progress(`namespaces, links and bridges stand (${plan.leaves.map((leaf) => leaf.mode).join(', ')})`);
      await fabric.startRouters();
      progress(`daemons answer (${[...fabric.routers.keys()].join(', ')})`);
      return fabric;
    } catch (error) {
      const logs = fabric.logs();
      await fabric.remove();
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs}`, { cause: error });
    }
  }

  /** A folder of the fabric for files of a test; removed with it. */
  get folder(): string {
    return this.namespaces.folder;
  }

  /** The network namespace of a node. */
  namespace(node: string): string {
    return this.namespaces.of(node);
  }

  leaf(name: string): Leaf {
    return found(this.plan.leaves, name, 'leaf');
  }

  spine(name: string): Spine {
    return found(this.plan.spines, name, 'spine');
  }

  host(name: string): Host {
    return found(this.plan.hosts, name, 'host');
  }

  /** The leaf a host is at now. */
  leafOf(host: string): string {
    return this.whereHostIs.get(host) ?? this.host(host).leaf;
  }

  /** Notes that a host is at another leaf now: what moves it says so, for all who ask `leafOf`. */
  placeHost(host: string, leaf: string): void {
    this.whereHostIs.set(this.host(host).name, this.leaf(leaf).name);
  }

  private async build(): Promise<void> {
    const { leaves, spines, hosts } = this.plan;
    const all = [...leaves, ...spines, ...hosts].map((node) => node.name);
    await this.namespaces.add(all, this.plan.inPlace);
    await Promise.all(
      all.map((node) => this.sysctl(node, node.startsWith('h') ? hostSysctls : routerSysctls)),
    );
    const namespaceOf = (node: string) => this.namespace(node);
    for (const leaf of leaves) {
      const own = hosts.filter((host) => host.leaf === leaf.name);
      await this.apply(leaf.name, leafSetup(leaf, own, this.plan, namespaceOf));
    }
    await Promise.all([
      ...spines.map((spine) => this.apply(spine.name, spineSetup(spine, this.plan))),
      ...hosts.map((host) => this.apply(host.name, hostSetup(host, this.leaf(host.leaf)))),
    ]);
  }

  private async sysctl(node: string, settings: readonly string[]): Promise<void> {
    await this.exec(node, 'sysctl', '-qw', ...settings);
  }

  /** Applies lines of `ip -batch` and `bridge -batch` to a node, one process a tool. */
  async apply(node: string, batch: Batch): Promise<void> {
    for (const tool of ['ip', 'bridge'] as const) {
      if (batch[tool].length === 0) continue;
      const args = ['-n', this.namespace(node), '-batch', '-'];
      const lines = batch[tool];
      const timeout = BATCH_PATIENCE + lines.length * LINE_PATIENCE;
      const result = await attempt(tool, args, { input: `${lines.join('\n')}\n`, timeout });
      if (result.code !== 0) {
        const failed = /Command failed -:(\d+)/.exec(result.stderr);
        const line = failed ? lines[Number(failed[1]) - 1] : '';
        throw new CommandError(`${tool} ${args.join(' ')}`, result, `exit code ${result.code} at "${line}"`);
      }
    }
  }

  private async startRouters(): Promise<void> {
    const { leaves, spines } = this.plan;
    const starts: Promise<void>[] = [];
    for (const spine of spines) {
      if (spine.engine === 'frr') starts.push(this.startFrr(spine.name, frrSpineConfig(spine, this.plan)));
      if (spine.engine === 'gobgp' || spine.engine === 'exabgp') starts.push(this.startPeer(spine));
    }
    for (const leaf of leaves) {
      if (leaf.engine === 'frr' || leaf.engine === 'frr10')
        starts.push(
          this.startFrr(leaf.name, frrLeafConfig(leaf, this.plan), leaf.engine === 'frr10' ? 10 : 8),
        );
      if (leaf.engine === 'evpnd') starts.push(this.startEvpnd(leaf));
    }
    await Promise.all(starts);
  }

  private nodeFolder(node: string): string {
    const folder = join(this.folder, node);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Starts FRR on a node of engine `none` with a configuration of bgpd of the caller's. */
  async startFrr(node: string, bgpdConfig: string, version: FrrVersion = 8): Promise<void> {
    const frr = new Frr(node, this.namespace(node), this.nodeFolder(node), bgpdConfig, version);
    this.routers.set(node, frr);
    await frr.start();
  }

  private async startEvpnd(leaf: Leaf): Promise<void> {
    const folder = this.nodeFolder(leaf.name);
    const evpnd = new Evpnd(leaf.name, this.namespace(leaf.name), folder, leaf, this.plan);
    this.routers.set(leaf.name, evpnd);
    await evpnd.start();
  }

  private async startPeer(spine: Spine): Promise<void> {
    const { transport, peering, leaves } = this.plan;
    const config: PeerConfig = {
      asn: spine.asn,
      routerId: spine.routerId,
      reflect: peering === 'ibgp',
      gracefulRestart: spine.gracefulRestart,
      localAddresses: spine.links.map((link) => link.spineAddress[transport]),
      neighbors: spine.links.map((link) => ({
        address: link.leafAddress[transport],
        asn: found(leaves, link.leaf, 'leaf').asn,
      })),
    };
    const make = spine.engine === 'gobgp' ? Gobgp : Exabgp;
    const peer = new make(spine.name, this.namespace(spine.name), this.nodeFolder(spine.name), config);
    this.routers.set(spine.name, peer);
    await peer.start();
  }

  /** @throws Error when the node does not run GoBGP. */
  gobgp(node: string): Gobgp {
    const router = this.routers.get(node);
    if (router instanceof Gobgp) return router;
    throw new Error(`${node} does not run GoBGP`);
  }

  /** @throws Error when the node does not run ExaBGP. */
  exabgp(node: string): Exabgp {
    const router = this.routers.get(node);
    if (router instanceof Exabgp) return router;
    throw new Error(`${node} does not run ExaBGP`);
  }

  /** The addresses of the peers that a spine has an EVPN session with. */
  async establishedPeers(spine: string): Promise<string[]> {
    const router = this.routers.get(spine);
    if (!router || router instanceof Evpnd) throw new Error(`${spine} runs no BGP speaker that tells`);
    return router.establishedPeers();
  }

  /** @throws Error when the node does not run FRR. */
  frr(node: string): Frr {
    const router = this.routers.get(node);
    if (router instanceof Frr) return router;
    throw new Error(`${node} does not run FRR`);
  }

  /** @throws Error when the node does not run evpnd. */
  evpnd(node: string): Evpnd {
    const router = this.routers.get(node);
    if (router instanceof Evpnd) return router;
    throw new Error(`${node} does not run evpnd`);
  }

  /** Runs a command in a node; rejects with its full output unless it exits with 0. */
  exec(node: string, ...command: string[]): Promise<RunResult> {
    return this.execWith(node, {}, ...command);
  }

  execWith(node: string, options: RunOptions, ...command: string[]): Promise<RunResult> {
    return run('ip', ['netns', 'exec', this.namespace(node), ...command], options);
  }

  /** Runs a command in a node and resolves whatever its exit code. */
  attempt(node: string, ...command: string[]): Promise<RunResult> {
    return attempt('ip', ['netns', 'exec', this.namespace(node), ...command]);
  }

  vtysh(node: string, ...commands: string[]): Promise<string> {
    return this.frr(node).vtysh(...commands);
  }

  vtyshJson<T>(node: string, command: string): Promise<T> {
    return this.frr(node).vtyshJson<T>(command);
  }

  /** GET on the REST API of a leaf that runs evpnd. */
  restApi<T>(node: string, path: string): Promise<RestAnswer<T>> {
    return this.evpnd(node).get<T>(path);
  }

  bridgeFdb(node: string): Promise<FdbRow[]> {
    return bridgeFdb(this.namespace(node));
  }

  neigh(node: string): Promise<NeighborRow[]> {
    return neighbors(this.namespace(node));
  }

  /** What the leaf's daemon put into its kernel, comparable between daemons: see `installedRows`. */
  installedRows(leaf: string): Promise<string[]> {
    return installedRows(
      this.namespace(leaf),
      this.leaf(leaf).segments.map((s) => s.vxlan),
    );
  }

  /** Pings from a node to an address, or to a host by name in one family. */
  ping(from: string, to: string, options: PingOptions & { family?: Family } = {}): Promise<PingResult> {
    const host = this.plan.hosts.find((each) => each.name === to);
    const address = host ? host.address[options.family ?? 'ipv4'] : to;
    return ping(this.namespace(from), address, options);
  }

  /** Starts tcpdump on a device of a node. */
  capture(node: string, device: string, filter = ''): Promise<Capture> {
    const file = join(this.folder, `${node}-${device}-${++this.captures}.pcap`);
    return Capture.start(this.namespace(node), device, filter, file);
  }

  /**
   * Moves a running host's link to another leaf, as a hypervisor moves a guest: MAC and addresses stay. Unless
   * `silent`, the host then announces itself (gratuitous ARP and unsolicited neighbor advertisement).
   */
  async moveHost(name: string, toLeaf: string, options: { silent?: boolean } = {}): Promise<void> {
    const host = this.host(name);
    const from = this.leafOf(name);
    if (from === toLeaf) return;
    const target = this.leaf(toLeaf);
    await this.apply(from, {
      ip: [`link set ${host.port} netns ${this.namespace(toLeaf)}`],
      bridge: [],
    });
    await this.apply(toLeaf, portSetup(target, host));
    this.placeHost(name, toLeaf);
    if (options.silent) return;
    await this.linkCarries(host);
    await this.announceHost(name);
  }

  /** The kernel drops what is sent before it has dealt with a link that came up, at both ends, which it does by and by. */
  private async linkCarries({ name, port }: Host): Promise<void> {
    const said = async (node: string, ...command: string[]) => (await this.exec(node, ...command)).stdout;
    await waitFor(
      async () =>
        (await said(name, 'ip', '-brief', 'link', 'show', 'eth0')).includes(' UP ') &&
        (await said(this.leafOf(name), 'bridge', 'link', 'show', 'dev', port)).includes('state forwarding'),
      { what: `link of ${name} to ${this.leafOf(name)}` },
    );
  }

  /** Makes a host announce its MAC with every address it has. */
  async announceHost(name: string): Promise<void> {
    const { mac } = this.host(name);
    // The kernel announces (arp_notify, ndisc_notify) whenever the address is set, also to what it was.
    await this.apply(name, { ip: [`link set eth0 address ${mac}`], bridge: [] });
  }

  /** Every host pings the SVI of its leaf in both families, so that the leaf's kernel knows each MAC with its IPs. */
  async introduceHosts(): Promise<void> {
    await Promise.all(
      this.plan.hosts.map(async (host) => {
        const leaf = this.leaf(this.leafOf(host.name));
        const svi = leaf.segments.find((s) => s.vni === host.vni);
        if (!leaf.hasSvi || !svi) return;
        await this.ping(host.name, svi.sviAddress.ipv4, { count: 1 });
        await this.ping(host.name, svi.sviAddress.ipv6, { count: 1 });
      }),
    );
  }

  /** The ends of all logs, for the one who asks why. */
  logs(): string {
    return [...this.routers.values()].map((router) => router.logs()).join('\n');
  }

  /** Ends all daemons, those that a test started and did not come to stop too, and removes all namespaces; a second call does nothing. */
  async remove(): Promise<void> {
    await Promise.all([...this.routers.values()].map((router) => router.stop('SIGKILL')));
    await Daemon.killAll(` ${this.namespaces.name}-`);
    this.namespaces.remove();
  }
}

function found<T extends { name: string }>(nodes: readonly T[], name: string, kind: string): T {
  const node = nodes.find((each) => each.name === name);
  if (node) return node;
  throw new Error(`no ${kind} "${name}"; there are ${nodes.map((each) => each.name).join(', ')}`);
}
