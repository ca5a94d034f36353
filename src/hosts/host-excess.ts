import type { Topology, TopologyProblem } from '../dataplane/index.js';
import {
  type Clock,
  counted,
  Episodes,
  formatMac,
  type LimitedLog,
  type Mac,
  type Vni,
} from '../types/index.js';
import { BINDING_BOUNDS, type BindingObserver, type Holder } from './bindings.js';

/** What this class needs of the data plane. */
interface ExcessOwner {
  readonly clock: Clock;
  readonly log: LimitedLog;
  readonly topology: Topology;
  vniOf(domain: number): Vni | undefined;
}

/** Milliseconds without a refusal after which the condition ends. */
const QUIET_MS = 60_000;

/** Ports whose hosts claim more IPs than the limits allow: a line in the log at the beginning and one at the end. */
export class HostExcess implements BindingObserver {
  readonly #owner: ExcessOwner;
  readonly #evicted: (domain: number, ip: Parameters<BindingObserver['evicted']>[1]) => void;
  /** By domain and MAC: MACs at their bound. */
  readonly #macs: Episodes<string>;
  /** By domain and port: those with such MACs, and those that have the most of a table that is full. */
  readonly #ofMacs: Episodes<string>;
  readonly #ofTable: Episodes<string>;
  /** Ports with more packets than are snooped. */
  readonly #floods: Episodes<number>;
  readonly #places = new Map<
    string,
    { readonly domain: number; readonly port: number; mac: Mac | undefined }
  >();

  constructor(owner: ExcessOwner, evicted: BindingObserver['evicted']) {
    this.#owner = owner;
    this.#evicted = evicted;
    const told = (limit: string) =>
      new Episodes<string>(
        owner.clock,
        QUIET_MS,
        (key) => owner.log.warn(`hosts of a port are at the limit of ${limit}`, () => this.#factsOf(key)),
        (key, { count }) => {
          owner.log.info(`hosts of a port are no longer at the limit of ${limit}`, () => ({
            ...this.#factsOf(key),
            refused: count,
          }));
          this.#forget(key);
        },
      );
    this.#macs = new Episodes(
      owner.clock,
      QUIET_MS,
      () => {},
      () => {},
    );
    this.#floods = new Episodes<number>(
      owner.clock,
      QUIET_MS,
      (port) =>
        owner.log.warn('a port floods ARP or neighbor discovery: only a sample of it is snooped', () => ({
          port: this.#nameOf(port),
        })),
      (port) =>
        owner.log.info('a port no longer floods ARP or neighbor discovery', () => ({
          port: this.#nameOf(port),
        })),
    );
    this.#ofMacs = told('IPs a MAC');
    this.#ofTable = told('IPs that are listened for');
  }

  macIsFull({ domain, port }: Holder, mac: Mac): void {
    this.#macs.seen(`${domain} ${mac}`);
    const key = this.#enter(domain, port, mac);
    this.#ofMacs.seen(key);
  }

  holderIsFull({ domain, port }: Holder): void {
    this.#ofTable.seen(this.#enter(domain, port, undefined));
  }

  /** More ARP and neighbor discovery arrives at the port than is snooped; devices that are not access ports are ignored. */
  portFloods(port: number): void {
    if (this.#owner.topology.ports.get(port)?.role === 'access') this.#floods.seen(port);
  }

  evicted(domain: number, ip: Parameters<BindingObserver['evicted']>[1]): void {
    this.#evicted(domain, ip);
  }

  close(): void {
    for (const episodes of [this.#macs, this.#ofMacs, this.#ofTable]) episodes.close();
    this.#floods.close();
  }

  /** Yields a problem for each port and VNI that is at a limit. */
  *problems(): Iterable<TopologyProblem> {
    const { perMac, inAll } = BINDING_BOUNDS;
    for (const [key, { count }] of this.#ofMacs.entries()) {
      const mac = this.#places.get(key)?.mac;
      const host = mac === undefined ? 'a host' : `host ${formatMac(mac)}`;
      yield this.#problem(
        key,
        `${host} is at the limit of ${perMac} IPs a MAC; ${counted(count, 'announcement')} of further ones refused`,
      );
    }
    for (const [key, { count }] of this.#ofTable.entries())
      yield this.#problem(
        key,
        `its hosts have the most of the ${inAll} IPs that evpnd listens for in all; ${counted(count, 'announcement')} of further ones refused`,
      );
    for (const [port] of this.#floods.entries())
      yield {
        severity: 'warning',
        vni: undefined,
        device: this.#nameOf(port),
        problem:
          'more ARP or neighbor discovery comes in than is listened to: hosts behind it may be known late',
        fix: policeArp(this.#nameOf(port)),
      };
  }

  /** Returns the limit that may keep this IP of the host from being known; undefined if there is none. */
  limitFor(domain: number, mac: Mac, port: number): string | undefined {
    const ofMac = this.#macs.get(`${domain} ${mac}`);
    if (ofMac)
      return `${formatMac(mac)} is at the limit of ${BINDING_BOUNDS.perMac} IPs a MAC (${counted(ofMac.count, 'announcement')} refused)`;
    const ofPort = this.#ofTable.get(placeKey(domain, port));
    return (
      ofPort &&
      `the limit of ${BINDING_BOUNDS.inAll} IPs in all is reached, and its port has the most of them (${counted(ofPort.count, 'announcement')} refused)`
    );
  }

  #enter(domain: number, port: number, mac: Mac | undefined): string {
    const key = placeKey(domain, port);
    const place = this.#places.get(key);
    if (!place) this.#places.set(key, { domain, port, mac });
    else if (mac !== undefined) place.mac = mac;
    return key;
  }

  #forget(key: string): void {
    if (!this.#ofMacs.get(key) && !this.#ofTable.get(key)) this.#places.delete(key);
  }

  #factsOf(key: string): { readonly vni: Vni | undefined; readonly port: string } {
    const place = this.#places.get(key);
    return {
      vni: place && this.#owner.vniOf(place.domain),
      port: this.#nameOf(place?.port ?? 0),
    };
  }

  #nameOf(port: number): string {
    return this.#owner.topology.ports.get(port)?.name ?? `ifindex ${port}`;
  }

  #problem(key: string, problem: string): TopologyProblem {
    const { vni, port } = this.#factsOf(key);
    return { severity: 'warning', vni, device: port, problem, fix: policeArp(port) };
  }
}

/** Returns a command that limits ARP at the port to the needs of a hundred hosts. */
function policeArp(port: string): string {
  return `tc qdisc add dev ${port} clsact; tc filter add dev ${port} ingress protocol arp matchall action police rate 100kbit burst 16k conform-exceed drop`;
}

function placeKey(domain: number, port: number): string {
  return `${domain} ${port}`;
}
