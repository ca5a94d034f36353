/**
 * FRR by hand in a namespace: zebra and bgpd in the foreground with a folder of their own for sockets, so that any
 * number of them run on one machine. Only L2VPN EVPN is spoken; the underlay's routes are the kernel's.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Leaf, Link, Plan, Spine } from './plan.js';
import { Daemon, run } from './process.js';
import { sourceFile } from './sources.js';
import { waitFor } from './wait.js';

/** Where Debian puts FRR's daemons. */
const daemonFolder = '/usr/lib/frr';
/** Where lab/frr10.sh puts FRR 10: the repository is no place for it, and it is kept from one run to the next. */
const frr10Folder = '/var/cache/evpnd-lab/frr10';

/** Milliseconds until a daemon answers; one that ends is not waited for, and an emulated CPU takes its time. */
const START_PATIENCE = 60_000;

/** FRR of the machine (8.4 in Debian 12), or FRR 10 from a newer Debian, which knows the single VXLAN device. */
export type FrrVersion = 8 | 10;

/**
 * Puts FRR 10 where leaves of that engine find it; does nothing where it stands. Call it on the host before a machine is
 * booted, since a machine has no network. Rejects with what was missing.
 */
export async function setUpFrr10(): Promise<void> {
  await run('bash', [sourceFile('frr10.sh'), frr10Folder], { timeout: 300_000 });
}

interface Peering {
  asn: number;
  routerId: string;
  neighbors: string[];
  /** Lines a neighbor needs inside `address-family l2vpn evpn`. */
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
  private mgmtd: Daemon | undefined;
  private zebra: Daemon | undefined;
  private bfdd: Daemon | undefined;
  private bgpd: Daemon | undefined;

  /** `folder` is this node's own; it is created. */
  constructor(
    readonly node: string,
    private readonly namespace: string,
    private readonly folder: string,
    private readonly config: string,
    private readonly version: FrrVersion = 8,
  ) {}

  /** mgmtd's sockets cannot be placed one by one: FRR 10 gets a name, which is a folder of this below /var/run/frr. */
  private get sockets(): string {
    return this.version === 10 ? join('/var/run/frr', this.namespace) : this.folder;
  }

  private program(name: string): string {
    if (this.version === 10) return join(frr10Folder, 'bin', name);
    return name === 'vtysh' ? name : join(daemonFolder, name);
  }

  /** Starts the daemons, bfdd where a neighbor has `bfd`, and waits until each answers on its socket. */
  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'zebra.conf'), `hostname ${this.node}\n`);
    writeFileSync(join(this.folder, 'bgpd.conf'), `hostname ${this.node}\n${this.config}`);
    mkdirSync(this.sockets, { recursive: true });
    // Sockets of daemons that have ended would pass for those that are waited for
    for (const name of ['zserv.api', 'zebra.vty', 'bgpd.vty', 'bfdd.vty', 'bfdd.sock'])
      rmSync(join(this.sockets, name), { force: true });
    await run('chown', ['-R', 'frr:frr', this.folder, this.sockets]);
    if (this.version === 10) {
      this.mgmtd = await this.daemon('mgmtd', []);
      await waitFor(() => !this.mgmtd?.running || existsSync(join(this.sockets, 'mgmtd_fe.sock')), {
        what: `socket of mgmtd on ${this.node}`,
        timeout: START_PATIENCE,
        interval: 20,
      });
    }
    // zebra first: a bgpd that finds no zebra waits seconds before it looks again.
    this.zebra = await this.daemon('zebra', ['-A', '127.0.0.1']);
    await this.answers(this.zebra, 'zebra');
    if (/^ neighbor \S+ bfd/m.test(this.config)) {
      writeFileSync(join(this.folder, 'bfdd.conf'), `hostname ${this.node}\n`);
      const control = this.version === 8 ? ['--bfdctl', join(this.sockets, 'bfdd.sock')] : [];
      this.bfdd = await this.daemon('bfdd', control);
      await this.answers(this.bfdd, 'bfdd');
    }
    this.bgpd = await this.daemon('bgpd', []);
    await this.answers(this.bgpd, 'bgpd');
  }

  private daemon(name: string, args: string[]): Promise<Daemon> {
    const file = (suffix: string) => join(this.folder, suffix);
    const place =
      this.version === 10 ? ['-N', this.namespace] : ['-z', file('zserv.api'), '--vty_socket', this.folder];
    const command = [
      this.program(name),
      ...place,
      ...(name === 'bgpd' || this.version === 8 ? ['-f', file(`${name}.conf`)] : []),
      ...['-i', file(`${name}.pid`), '-P', '0', '--log', 'stdout', '--log-level', 'informational'],
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
    const socket = join(this.sockets, `${name}.vty`);
    const api = join(this.sockets, 'zserv.api');
    await waitFor(() => !daemon.running || (existsSync(socket) && existsSync(api)), {
      what: `socket of ${daemon.name}`,
      timeout: START_PATIENCE,
      interval: 20,
    });
    daemon.mustRun();
  }

  /** Stops the daemons; bgpd says goodbye to its peers and zebra takes its rows out of the kernel. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.bgpd?.stop(signal);
    await this.bfdd?.stop(signal);
    await this.zebra?.stop(signal);
    await this.mgmtd?.stop(signal);
    if (this.version === 10) rmSync(this.sockets, { recursive: true, force: true });
  }

  /** Ends bgpd alone and starts it again: zebra and bfdd go on. `between` is done while there is none. */
  async restartBgpd(signal: NodeJS.Signals, between: () => Promise<unknown> = async () => {}): Promise<void> {
    await this.bgpd?.stop(signal);
    await between();
    this.bgpd = await this.daemon('bgpd', []);
    await this.answers(this.bgpd, 'bgpd');
  }

  /** Sends a signal to every daemon and does not wait: SIGSTOP is a node that forwards on and says nothing. */
  signalAll(signal: NodeJS.Signals): void {
    for (const daemon of [this.bgpd, this.bfdd, this.zebra, this.mgmtd]) daemon?.signal(signal);
  }

  /** Sends a signal to bgpd and does not wait, for example SIGSTOP. */
  signal(signal: NodeJS.Signals): void {
    this.bgpd?.signal(signal);
  }

  /** The same to bfdd. */
  signalBfdd(signal: NodeJS.Signals): void {
    this.bfdd?.signal(signal);
  }

  /** Runs commands of vtysh and resolves with what they print. */
  async vtysh(...commands: string[]): Promise<string> {
    const args = commands.flatMap((command) => ['-c', command]);
    const place = this.version === 10 ? ['-N', this.namespace] : ['--vty_socket', this.folder];
    const { stdout } = await run(this.program('vtysh'), [...place, ...args]);
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

  /** Everything that bgpd has logged since it started. */
  said(): string {
    return this.bgpd?.said() ?? '';
  }

  /** The ends of both logs, for a person who asks why. */
  logs(): string {
    return [this.mgmtd, this.zebra, this.bgpd].flatMap((daemon) => daemon?.logEnd() ?? []).join('\n');
  }
}
