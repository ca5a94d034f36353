/**
 * FRR by hand in a namespace: zebra and bgpd in the foreground with a folder of their own for sockets, so that any
 * number of them run on one machine. Only L2VPN EVPN is spoken; the underlay's routes are the kernel's.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Leaf, Link, Plan, Spine } from './plan.js';
import { Daemon, run } from './process.js';
import { waitFor } from './wait.js';

/** Where Debian puts FRR's daemons. */
const daemonFolder = '/usr/lib/frr';

interface Peering {
  asn: number;
  routerId: string;
  neighbors: string[];
  /** Lines a neighbour needs inside `address-family l2vpn evpn`. */
  perNeighbor: string[];
  /** Lines of the address family itself. */
  family: string[];
}

function bgpdConfig(peering: Peering, remoteAs: string): string {
  const each = (lines: (neighbor: string) => string[]) => peering.neighbors.flatMap(lines);
  return [
    `router bgp ${peering.asn}`,
    ` bgp router-id ${peering.routerId}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ' timers bgp 3 9',
    ...each((n) => [
      ` neighbor ${n} remote-as ${remoteAs}`,
      ` neighbor ${n} timers connect 1`,
      ` neighbor ${n} advertisement-interval 0`,
    ]),
    ' address-family l2vpn evpn',
    ...each((n) => [
      `  neighbor ${n} activate`,
      ...peering.perNeighbor.map((line) => `  neighbor ${n} ${line}`),
    ]),
    ...peering.family.map((line) => `  ${line}`),
    ' exit-address-family',
    '',
  ].join('\n');
}

const remoteAs = (plan: Plan): string => (plan.peering === 'ebgp' ? 'external' : 'internal');

/** bgpd's configuration on a leaf. */
export function frrLeafConfig(leaf: Leaf, plan: Plan): string {
  const neighbors = leaf.links.map((link: Link) => link.spineAddress[plan.transport]);
  const { asn, routerId } = leaf;
  return bgpdConfig(
    { asn, routerId, neighbors, perNeighbor: [], family: ['advertise-all-vni'] },
    remoteAs(plan),
  );
}

/** bgpd's configuration on a spine: it passes EVPN routes on without touching their next hop. */
export function frrSpineConfig(spine: Spine, plan: Plan): string {
  const neighbors = spine.links.map((link) => link.leafAddress[plan.transport]);
  const { asn, routerId } = spine;
  const perNeighbor = plan.peering === 'ebgp' ? ['attribute-unchanged next-hop'] : ['route-reflector-client'];
  return bgpdConfig({ asn, routerId, neighbors, perNeighbor, family: [] }, remoteAs(plan));
}

/** FRR on one node. */
export class Frr {
  private zebra: Daemon | undefined;
  private bgpd: Daemon | undefined;

  /** `folder` is this node's own; it is created. */
  constructor(
    readonly node: string,
    private readonly namespace: string,
    private readonly folder: string,
    private readonly config: string,
  ) {}

  /** Starts both daemons and waits until each answers on its socket. */
  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'zebra.conf'), `hostname ${this.node}\n`);
    writeFileSync(join(this.folder, 'bgpd.conf'), `hostname ${this.node}\n${this.config}`);
    await run('chown', ['-R', 'frr:frr', this.folder]);
    // zebra first: a bgpd that finds no zebra waits seconds before it looks again.
    this.zebra = await this.daemon('zebra', ['-A', '127.0.0.1']);
    await this.answers(this.zebra, 'zebra');
    this.bgpd = await this.daemon('bgpd', []);
    await this.answers(this.bgpd, 'bgpd');
  }

  private daemon(name: string, args: string[]): Promise<Daemon> {
    const file = (suffix: string) => join(this.folder, suffix);
    const command = [
      `${daemonFolder}/${name}`,
      ...['-f', file(`${name}.conf`), '-i', file(`${name}.pid`), '-z', file('zserv.api')],
      ...['--vty_socket', this.folder, '-P', '0', '--log', 'stdout', '--log-level', 'informational'],
      ...args,
    ];
    return Daemon.start(
      `${name} on ${this.node}`,
      'ip',
      ['netns', 'exec', this.namespace, ...command],
      file(`${name}.log`),
    );
  }

  private async answers(daemon: Daemon, name: string): Promise<void> {
    const socket = join(this.folder, `${name}.vty`);
    const api = join(this.folder, 'zserv.api');
    await waitFor(() => !daemon.running || (existsSync(socket) && existsSync(api)), {
      what: `socket of ${daemon.name}`,
      interval: 20,
    });
    daemon.mustRun();
  }

  /** Stops both daemons; bgpd says goodbye to its peers and zebra takes its rows out of the kernel. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.bgpd?.stop(signal);
    await this.zebra?.stop(signal);
  }

  /** Sends a signal to bgpd and does not wait, for example SIGSTOP. */
  signal(signal: NodeJS.Signals): void {
    this.bgpd?.signal(signal);
  }

  /** Runs commands of vtysh and resolves with what they print. */
  async vtysh(...commands: string[]): Promise<string> {
    const args = commands.flatMap((command) => ['-c', command]);
    const { stdout } = await run('vtysh', ['--vty_socket', this.folder, ...args]);
    return stdout;
  }

  /** The JSON of one `show … json`; the caller names the shape that FRR's version has. */
  async vtyshJson<T>(command: string): Promise<T> {
    const text = await this.vtysh(command);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new Error(`${this.node}: "${command}" printed no JSON:\n${text}`);
    }
  }

  /** The addresses of the peers whose EVPN session is up. */
  async establishedPeers(): Promise<string[]> {
    interface Summary {
      peers?: Record<string, { state: string }>;
    }
    const summary = await this.vtyshJson<Summary>('show bgp l2vpn evpn summary json');
    return Object.entries(summary.peers ?? {})
      .filter(([, peer]) => peer.state === 'Established')
      .map(([address]) => address);
  }

  /** The ends of both logs, for a person who asks why. */
  logs(): string {
    return [this.zebra, this.bgpd].map((daemon) => daemon?.logEnd()).join('\n');
  }
}
