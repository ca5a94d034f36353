/** The programs that are measured as the leaf's BGP speaker. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Daemon,
  Evpnd,
  evpndConfig,
  evpndMain,
  type Leaf,
  onExit,
  type Plan,
  run,
  waitFor,
} from '../lab/index.js';

/** The daemons. */
export type SpeakerName = 'evpnd' | 'frr8' | 'frr10';
/** `floor` is the kernel alone, the same rows in batches without BGP; `sink` reads what the spine sends and does nothing. */
export type EngineName = SpeakerName | 'floor' | 'sink';

/** A leaf's daemons while they run. */
export interface Engine {
  start(): Promise<void>;
  /** kill -9, all of it. */
  kill(): Promise<void>;
  /** Of every process of it that runs. */
  readonly pids: readonly number[];
  logs(): string;
}

/** Where a Debian with FRR 10.3 is unpacked: `mmdebstrap --variant=extract --include=frr … trixie DIR`. */
const FRR10_ROOT = process.env.EVPND_FRR10_ROOT ?? '/var/cache/evpnd-lab/frr10/root';
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
/** Octets of zebra's netlink buffer, as its operators set it for large tables. */
const NETLINK_BUFFER = 64 << 20;

/** Why an engine cannot be measured here; undefined where it can. */
export function whyNotEngine(name: EngineName): string | undefined {
  if (name === 'frr8' && !existsSync('/usr/lib/frr/bgpd')) return 'FRR is not installed';
  if (name === 'frr10' && !existsSync(join(FRR10_ROOT, 'usr/lib/frr/bgpd')))
    return `no FRR 10.3 below ${FRR10_ROOT} (EVPND_FRR10_ROOT names another folder)`;
  return undefined;
}

export function titleOf(name: EngineName): string {
  return {
    evpnd: 'evpnd',
    frr8: 'FRR 8.4',
    frr10: 'FRR 10.3',
    floor: 'kernel alone',
    sink: 'spine alone',
  }[name];
}

/** The neighbours' addresses, and the seconds between KEEPALIVEs. */
export interface Sessions {
  readonly peers: readonly string[];
  readonly keepalive: number;
}

/** Nice=-5, as both systemd units have it. */
const AT_UNITS_PRIORITY = ['nice', '-n', '-5'];

class EvpndEngine implements Engine {
  readonly #evpnd: Evpnd;

  constructor(namespace: string, folder: string, leaf: Leaf, plan: Plan, { peers, keepalive }: Sessions) {
    const ranked = { ...leaf, launcher: AT_UNITS_PRIORITY };
    this.#evpnd = new Evpnd(leaf.name, namespace, folder, ranked, plan, process.env.EVPND_MAIN ?? evpndMain);
    const config = evpndConfig(leaf, plan, folder);
    const [neighbor] = config.neighbors as readonly object[];
    this.#evpnd.configure({
      ...config,
      neighbors: peers.map((address) => ({
        ...neighbor,
        address,
        'hold-time': 3 * keepalive,
        'keepalive-time': keepalive,
      })),
      'state-directory': folder,
      log: { level: 'warn' },
    });
  }

  get socket(): string {
    return this.#evpnd.socket;
  }

  start(): Promise<void> {
    return this.#evpnd.start();
  }

  kill(): Promise<void> {
    return this.#evpnd.kill();
  }

  get pids(): readonly number[] {
    return this.#evpnd.running ? [this.#evpnd.pid] : [];
  }

  logs(): string {
    return this.#evpnd.logs();
  }
}

class FrrEngine implements Engine {
  #daemons: Daemon[] = [];
  readonly #instance = `bench-${process.pid}`;

  constructor(
    readonly version: 8 | 10,
    readonly namespace: string,
    readonly folder: string,
    readonly config: string,
  ) {}

  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'zebra.conf'), 'hostname leaf\n');
    writeFileSync(join(this.folder, 'bgpd.conf'), this.config);
    await run('chown', ['-R', 'frr:frr', this.folder]);
    if (this.version === 10) {
      const folder = join('/run/frr', this.#instance);
      await run('install', ['-d', '-o', 'frr', '-g', 'frr', folder]);
      onExit(() => rmSync(folder, { recursive: true, force: true }));
      await this.#daemon('mgmtd', []);
    }
    await this.#daemon('zebra', ['-A', '127.0.0.1', '-s', String(NETLINK_BUFFER)]);
    await this.#daemon('bgpd', []);
  }

  async #daemon(name: string, extra: string[]): Promise<void> {
    const file = (suffix: string) => join(this.folder, suffix);
    const program =
      this.version === 8
        ? [`/usr/lib/frr/${name}`]
        : [
            join(FRR10_ROOT, 'usr/lib64/ld-linux-x86-64.so.2'),
            ...['--argv0', name, '--library-path'],
            `${join(FRR10_ROOT, LIBRARIES, 'frr')}:${join(FRR10_ROOT, LIBRARIES)}`,
            join(FRR10_ROOT, 'usr/lib/frr', name),
          ];
    // 10.x finds its other daemons' sockets by the name of the instance
    const instance = this.version === 10 ? ['-N', this.#instance] : [];
    // mgmtd has its configuration from the others
    const config = name === 'mgmtd' ? [] : ['-f', file(`${name}.conf`), '-z', file('zserv.api')];
    const daemon = await Daemon.start(
      `${name} of FRR ${this.version}`,
      'ip',
      [
        ...['netns', 'exec', this.namespace, ...AT_UNITS_PRIORITY, ...program],
        ...config,
        ...['-i', file(`${name}.pid`)],
        ...['--vty_socket', this.folder, '-P', '0', '--log', 'stdout', '--log-level', 'warnings'],
        ...instance,
        ...extra,
      ],
      file(`${name}.log`),
    );
    this.#daemons.push(daemon);
    await waitFor(() => !daemon.running || existsSync(file(`${name}.vty`)), {
      what: `socket of ${daemon.name}`,
      interval: 20,
    });
    daemon.mustRun();
  }

  async kill(): Promise<void> {
    const daemons = this.#daemons;
    this.#daemons = [];
    await Promise.all(daemons.map((daemon) => daemon.stop('SIGKILL')));
    for (const file of readdirSync(this.folder))
      if (/\.(vty|api|pid)$/.test(file)) rmSync(join(this.folder, file));
  }

  get pids(): readonly number[] {
    return this.#daemons.map(({ pid }) => pid);
  }

  logs(): string {
    return this.#daemons.map((daemon) => daemon.logEnd()).join('\n');
  }
}

/** FRR's configuration at its fastest: no eBGP policy, no advertisement interval, short timers. */
function frrConfig(leaf: Leaf, { keepalive }: Sessions): string {
  const spine = leaf.links[0].spineAddress.ipv4;
  return [
    'hostname leaf',
    `router bgp ${leaf.asn}`,
    ` bgp router-id ${leaf.routerId}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ` timers bgp ${keepalive} ${10 * keepalive}`,
    ` neighbor ${spine} remote-as external`,
    ` neighbor ${spine} timers connect 1`,
    ` neighbor ${spine} advertisement-interval 0`,
    ' address-family l2vpn evpn',
    `  neighbor ${spine} activate`,
    '  advertise-all-vni',
    ' exit-address-family',
    '',
  ].join('\n');
}

/** An engine on the leaf of a fabric, not started; FRR has the first of the neighbours alone; `socket` is evpnd's REST API. */
export function makeEngine(
  name: SpeakerName,
  namespace: string,
  folder: string,
  leaf: Leaf,
  plan: Plan,
  sessions: Sessions,
): Engine & { readonly socket?: string } {
  if (name === 'evpnd') return new EvpndEngine(namespace, folder, leaf, plan, sessions);
  return new FrrEngine(name === 'frr8' ? 8 : 10, namespace, folder, frrConfig(leaf, sessions));
}
