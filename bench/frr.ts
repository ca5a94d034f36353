/** FRR as the leaf: 8.4 of Debian 12 and 10.3 of Debian 13, as its experts set it for large tables, and as it comes. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, type Leaf, onExit, run, waitFor } from '../lab/index.js';
import { AT_UNITS_PRIORITY, type Engine, type Sessions } from './engine.js';
import { l3vniAt, vrfName } from './vrf-workload.js';

/** Where a Debian with FRR 10.3 is unpacked: `mmdebstrap --variant=extract --include=frr … trixie DIR`. */
const FRR10_ROOT = process.env.EVPND_FRR10_ROOT ?? '/var/cache/evpnd-lab/frr10/root';
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** What zebra is told beside the rest. */
export interface ZebraSettings {
  /** Octets of its netlink receive buffer (`-s`). */
  readonly netlinkBuffer: number;
  /** Lines of its configuration. */
  readonly lines: readonly string[];
}

/** All that helps with large tables: no wait before a batch of routes, long batches, a long queue to the kernel. */
const TUNED: ZebraSettings = {
  netlinkBuffer: 268_435_456,
  lines: [
    'zebra work-queue 0',
    'zebra kernel netlink batch-tx-buf 1048576 1000000',
    'zebra dplane limit 10000',
  ],
};
/** As Debian's /etc/frr/daemons starts it. */
const STOCK: ZebraSettings = { netlinkBuffer: 90_000_000, lines: [] };

const KINDS = {
  frr8: { title: 'FRR 8.4', version: 8, settings: TUNED },
  frr10: { title: 'FRR 10.3', version: 10, settings: TUNED },
  frr8stock: { title: 'FRR 8.4, stock zebra', version: 8, settings: STOCK },
  frr10stock: { title: 'FRR 10.3, stock zebra', version: 10, settings: STOCK },
} as const;
export type FrrName = keyof typeof KINDS;

export function isFrr(name: string): name is FrrName {
  return name in KINDS;
}

export const frrTitle = (name: FrrName): string => KINDS[name].title;
const versionOf = (name: FrrName): 8 | 10 => KINDS[name].version;
const settingsOf = (name: FrrName): ZebraSettings => KINDS[name].settings;

/** Why an FRR cannot be measured here; undefined where it can. */
export function whyNotFrr(name: FrrName): string | undefined {
  if (versionOf(name) === 8) return existsSync('/usr/lib/frr/bgpd') ? undefined : 'FRR is not installed';
  if (!existsSync(join(FRR10_ROOT, 'usr/lib/frr/bgpd')))
    return `no FRR 10.3 below ${FRR10_ROOT} (EVPND_FRR10_ROOT names another folder)`;
  return undefined;
}

function zebraConfig({ lines }: ZebraSettings, vrfs: number): string {
  return ['hostname leaf', ...lines, ...eachVrf(vrfs, zebraVrf), ''].join('\n');
}

const eachVrf = (vrfs: number, lines: (vrf: number) => string[]): string[] =>
  Array.from({ length: vrfs }, (_, vrf) => lines(vrf)).flat();

const zebraVrf = (vrf: number): string[] => [`vrf ${vrfName(vrf)}`, ` vni ${l3vniAt(vrf)}`, 'exit-vrf'];

/** What the tuned FRR is configured with, for a person who wants to measure it again: zebra's options and both files. */
export function tunedFrrText(): string {
  const bgpd = frrConfig({ asn: 65001, routerId: '10.0.0.1' }, { peers: ['10.1.1.0'], keepalive: 3 });
  return [`! zebra -A 127.0.0.1 -s ${TUNED.netlinkBuffer}`, ...TUNED.lines, '!', bgpd.trimEnd()].join('\n');
}

export class FrrEngine implements Engine {
  #daemons: Daemon[] = [];
  readonly #instance = `bench-${process.pid}`;
  readonly #version: 8 | 10;
  readonly #settings: ZebraSettings;

  constructor(
    readonly name: FrrName,
    readonly namespace: string,
    readonly folder: string,
    readonly config: string,
    readonly vrfs = 0,
  ) {
    this.#version = versionOf(name);
    this.#settings = settingsOf(name);
  }

  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'zebra.conf'), zebraConfig(this.#settings, this.vrfs));
    writeFileSync(join(this.folder, 'bgpd.conf'), this.config);
    await run('chown', ['-R', 'frr:frr', this.folder]);
    if (this.#version === 10) {
      const folder = join('/run/frr', this.#instance);
      await run('install', ['-d', '-o', 'frr', '-g', 'frr', folder]);
      onExit(() => rmSync(folder, { recursive: true, force: true }));
      await this.#daemon('mgmtd', []);
    }
    await this.#daemon('zebra', ['-A', '127.0.0.1', '-s', String(this.#settings.netlinkBuffer)]);
    await this.#daemon('bgpd', []);
  }

  async #daemon(name: string, extra: string[]): Promise<void> {
    const file = (suffix: string) => join(this.folder, suffix);
    const program =
      this.#version === 8
        ? [`/usr/lib/frr/${name}`]
        : [
            join(FRR10_ROOT, 'usr/lib64/ld-linux-x86-64.so.2'),
            ...['--argv0', name, '--library-path'],
            `${join(FRR10_ROOT, LIBRARIES, 'frr')}:${join(FRR10_ROOT, LIBRARIES)}`,
            join(FRR10_ROOT, 'usr/lib/frr', name),
          ];
    // 10.x finds its other daemons' sockets by the name of the instance
    const instance = this.#version === 10 ? ['-N', this.#instance] : [];
    // mgmtd has its configuration from the others
    const config = name === 'mgmtd' ? [] : ['-f', file(`${name}.conf`), '-z', file('zserv.api')];
    const daemon = await Daemon.start(
      `${name} of FRR ${this.#version}`,
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

/** bgpd's configuration at its fastest: no eBGP policy, no advertisement interval, short timers. */
export function frrConfig(
  leaf: Pick<Leaf, 'asn' | 'routerId'>,
  { peers, keepalive, unicast, vrfs = 0 }: Sessions,
): string {
  return [
    'hostname leaf',
    `router bgp ${leaf.asn}`,
    ` bgp router-id ${leaf.routerId}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ` timers bgp ${keepalive} ${10 * keepalive}`,
    ...peers.flatMap((peer, n) => [
      ` neighbor ${peer} remote-as external`,
      // The first is on the link, the others are behind it; where routes of the kernel come of it each has a link
      ...(n > 0 && !unicast ? [` neighbor ${peer} ebgp-multihop 2`] : []),
      ` neighbor ${peer} timers connect 1`,
      ` neighbor ${peer} advertisement-interval 0`,
    ]),
    ' address-family l2vpn evpn',
    ...peers.map((peer) => `  neighbor ${peer} activate`),
    '  advertise-all-vni',
    ' exit-address-family',
    ...(unicast ? unicastConfig(peers) : []),
    ...eachVrf(vrfs, (vrf) => bgpVrf(leaf.asn, vrf)),
    '',
  ].join('\n');
}

/** As many paths as evpnd takes. */
const bgpVrf = (asn: number, vrf: number): string[] => [
  '!',
  `router bgp ${asn} vrf ${vrfName(vrf)}`,
  ' no bgp ebgp-requires-policy',
  ...['ipv4', 'ipv6'].flatMap((family) => [
    ` address-family ${family} unicast`,
    '  maximum-paths 32',
    ' exit-address-family',
  ]),
];

/** A leaf is no way between two spines: it announces nothing of the one to the other. */
function unicastConfig(peers: readonly string[]): string[] {
  return [
    ' address-family ipv4 unicast',
    ...peers.flatMap((peer) => [`  neighbor ${peer} activate`, `  neighbor ${peer} prefix-list none out`]),
    '  maximum-paths 2',
    ' exit-address-family',
    '!',
    'ip prefix-list none deny any',
  ];
}
