/**
 * ExaBGP as a neighbor that injects routes and tells what it receives. It relays nothing. It connects to its
 * neighbors and does not listen. Its EVPN routes are encoded by ExaBGP's own code, see exabgp-evpn.py.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { InjectedRoute, PeerConfig } from './injected-route.js';
import { Daemon, run } from './process.js';
import { sourceFile } from './sources.js';
import { waitFor } from './wait.js';

/** An event as ExaBGP's JSON tells it. */
export interface ExabgpEvent {
  type: 'state' | 'update' | 'open' | 'keepalive' | 'notification' | 'refresh' | 'eor';
  neighbor: {
    address: { local: string; peer: string };
    state?: string;
    direction?: 'send' | 'receive';
    /** For updates: `{update: {attribute, announce, withdraw}}`, or `{eor}` at an End-of-RIB. */
    message?: Record<string, unknown>;
  };
}

/** Beside what every injected route has: extended communities as hex octets, `0x0600000000000001`. */
export type ExabgpRoute = InjectedRoute & { extendedCommunities?: readonly string[] };

/** Extended communities of RFC 9012, §4.1. */
const ENCAPSULATIONS = { vxlan: '0x030c000000000008', mpls: '0x030c00000000000a' } as const;

function exabgpConfig(config: PeerConfig, bridge: string): string {
  const neighbor = (address: string, asn: number, local: string | undefined) => `
neighbor ${address} {
  router-id ${config.routerId};
  local-address ${local};
  local-as ${config.asn};
  peer-as ${asn};
  hold-time 9;
  family { l2vpn evpn; }
  api {
    processes [ bridge ];
    neighbor-changes;
    receive { parsed; open; update; notification; }
  }
}
`;
  const neighbors = config.neighbors.map(({ address, asn }, index) =>
    neighbor(address, asn, config.localAddresses[index]),
  );
  return `process bridge {\n  run /bin/sh ${bridge};\n  encoder json;\n}\n${neighbors.join('')}`;
}

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

/** PMSI tunnel of RFC 6514: flags 0, ingress replication, the VNI as label, the VTEP's address. */
function pmsiAttribute(vni: number, originator: string): string {
  if (originator.includes(':')) throw new Error(`${originator}: only IPv4 originators`);
  const octets = originator.split('.').map((octet) => hex(Number(octet), 2));
  return `attribute [ 0x16 0xc0 0x0006${hex(vni, 6)}${octets.join('')} ]`;
}

function routeLine(route: ExabgpRoute): string {
  const communities = [
    ...route.routeTargets.map((target) => `target:${target}`),
    ENCAPSULATIONS[route.encapsulation ?? 'vxlan'],
    ...(route.extendedCommunities ?? []),
  ];
  const tag = route.ethernetTag ?? 0;
  const nlri =
    route.type === 'mac'
      ? `mac ${route.rd} ${route.vni} ${tag} ${route.mac} ${route.ip ?? '-'}`
      : `multicast ${route.rd} ${route.vni} ${tag} ${route.originator}`;
  const attributes = [`next-hop ${route.nextHop}`, `extended-community [ ${communities.join(' ')} ]`];
  if (route.type === 'multicast' && route.pmsi !== false)
    attributes.push(pmsiAttribute(route.vni, route.originator));
  return `evpn ${nlri} | ${attributes.join(' ')}`;
}

export class Exabgp {
  private daemon: Daemon | undefined;

  /** `folder` is this peer's own; it is created. */
  constructor(
    readonly node: string,
    private readonly namespace: string,
    private readonly folder: string,
    /** What it speaks, or its whole configuration, which names the script that its API runs. */
    private readonly config: PeerConfig | ((bridge: string) => string),
  ) {}

  private file(name: string): string {
    return join(this.folder, name);
  }

  /** Starts it and waits until it takes commands. */
  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    // Opened for reading and writing, the pipe never ends, however many write to it one after the other.
    writeFileSync(
      this.file('bridge.sh'),
      `exec 3<&0\ncat <&3 >>'${this.file('events')}' &\nexec cat <>'${this.file('commands')}'\n`,
    );
    writeFileSync(this.file('events'), '');
    const bridge = this.file('bridge.sh');
    const { config } = this;
    const text = typeof config === 'function' ? config(bridge) : exabgpConfig(config, bridge);
    writeFileSync(this.file('exabgp.conf'), text);
    rmSync(this.file('commands'), { force: true });
    await run('mkfifo', [this.file('commands')]);
    // Debian's own interpreter: another Python first in the path knows nothing of Debian's packages.
    const command = ['/usr/bin/python3', sourceFile('exabgp-evpn.py'), this.file('exabgp.conf')];
    this.daemon = await Daemon.start(
      `exabgp on ${this.node}`,
      'ip',
      ['netns', 'exec', this.namespace, ...command],
      this.file('exabgp.log'),
      { exabgp_daemon_user: 'root', exabgp_api_cli: 'false', exabgp_api_ack: 'true' },
    );
    await this.command('version');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.daemon?.stop(signal);
    try {
      // The helper of a killed ExaBGP reads on for ever, until it finds nobody to pass a line to.
      this.write('');
    } catch {
      // Nobody reads: the helper ended with it.
    }
  }

  /** Sends a signal and does not wait, for example SIGSTOP. */
  signal(signal: NodeJS.Signals): void {
    this.daemon?.signal(signal);
  }

  /** Everything that it has logged since it started. */
  said(): string {
    return this.daemon?.said() ?? '';
  }

  /** The end of its log, for a person who asks why. */
  logs(): string {
    return this.daemon?.logEnd() ?? `--- exabgp on ${this.node}: never started`;
  }

  private lines(): string[] {
    return readFileSync(this.file('events'), 'utf8').split('\n').filter(Boolean);
  }

  private answers(): string[] {
    return this.lines().filter((line) => line === 'done' || line === 'error');
  }

  /** @throws ENXIO while nobody reads; a blocking open would hold up the whole process until somebody does. */
  private write(line: string): void {
    const pipe = openSync(this.file('commands'), constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(pipe, `${line}\n`);
    } finally {
      closeSync(pipe);
    }
  }

  /** Sends a line of ExaBGP's API and waits until it is done. One at a time. */
  async command(line: string): Promise<void> {
    const before = this.answers().length;
    let sent = false;
    const answer = await waitFor(
      () => {
        if (!this.daemon?.running) return 'ended';
        if (!sent) this.write(line);
        sent = true;
        return this.answers()[before];
      },
      { what: `answer to "${line}" from exabgp on ${this.node}`, interval: 50 },
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.logs()}`);
    });
    this.daemon?.mustRun();
    if (answer === 'error') throw new Error(`exabgp refused "${line}"\n${this.logs()}`);
  }

  announce(route: ExabgpRoute): Promise<void> {
    return this.command(`announce ${routeLine(route)}`);
  }

  withdraw(route: ExabgpRoute): Promise<void> {
    return this.command(`withdraw ${routeLine(route)}`);
  }

  /** Everything it told so far, oldest first. */
  events(): ExabgpEvent[] {
    return (
      this.lines()
        .filter((line) => line.startsWith('{'))
        // ExaBGP 4.2 quotes twice where it tells of a ROUTE-REFRESH, and a NOTIFICATION's octets not at all
        .map((line) => JSON.parse(line.replace(/""(\w+)""/g, '"$1"').replace(/\p{Cc}/gu, '')) as ExabgpEvent)
    );
  }

  /** The addresses of the peers whose session is up. */
  establishedPeers(): string[] {
    const state = new Map<string, string>();
    for (const event of this.events()) {
      if (event.type === 'state') state.set(event.neighbor.address.peer, event.neighbor.state ?? '');
    }
    return [...state].filter(([, last]) => last === 'up').map(([address]) => address);
  }
}
