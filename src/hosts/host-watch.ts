import {
  deviceKey,
  domainKey,
  type HostStats,
  type Hosts,
  type HostsOwner,
  hasOurMark,
  isLocalNeigh,
  isSetByHand,
  type LocalNeigh,
  type MirroredNeighRow,
  Ntf,
  Nud,
  observedSnooper,
  type RefreshSettings,
  type Snooper,
  type TopologyProblem,
  type VniAttachment,
} from '../dataplane/index.js';
import { type Ip, isMulticastMac, MAC_ZERO, type Mac, type Vni } from '../types/index.js';
import type { Charge } from './ask-lanes.js';
import { mayBeHosts } from './believable.js';
import { type Binding, BindingTable } from './bindings.js';
import { HostExcess } from './host-excess.js';
import { HostQuestions, localMacRow, localNeighRow } from './host-questions.js';
import { Refresher } from './refresher.js';
import { UnprovenWords, type Word } from './unproven.js';

const FORGOTTEN_MS = 100;

/**
 * Which IPs local hosts have, and keeps them known. Two sources: the kernel's neighbors on the SVI, and
 * ARP and ND of hosts snooped on their ports, which needs no SVI. The newer one wins if they
 * contradict each other. Both are refreshed by probes before they expire.
 *
 * A snooped binding counts while the bridge has its MAC on an access port, and is accepted only if it was heard at
 * that port.
 */
export class HostWatch implements Hosts {
  readonly refresher: Refresher;
  readonly #owner: HostsOwner;
  readonly #snooper: Snooper | undefined;
  readonly #questions: HostQuestions;
  readonly #excess: HostExcess;
  readonly #bindings: BindingTable;
  readonly #unproven: UnprovenWords;
  /** MACs that the bridge has forgotten, with their ports, and whose IPs are not known from snooping. */
  readonly #forgotten = new Map<Vni, Map<Mac, number>>();
  #refused = 0;
  #drainedAt = Number.NEGATIVE_INFINITY;

  constructor(owner: HostsOwner, snooper: Snooper | undefined, refresh: RefreshSettings) {
    this.#owner = owner;
    this.#snooper = snooper && owner.observes ? observedSnooper(snooper) : snooper;
    this.#excess = new HostExcess(owner, (domain, ip) => this.#mark(domain, ip));
    this.#bindings = new BindingTable(this.#excess);
    this.#unproven = new UnprovenWords(
      owner.clock,
      (word) => this.#learn(word),
      (word) => {
        this.#refused++;
        this.#reportIntruder(word);
      },
      () => owner.kernel.hear(),
    );
    this.#questions = new HostQuestions(owner, this.#snooper, (vni, ip) => this.localNeigh(vni, ip));
    this.refresher = new Refresher(
      owner.clock,
      {
        interval: (vni) => this.#interval(vni),
        lane: (vni, ip) => this.#laneOf(vni, this.localNeigh(vni, ip)?.mac, undefined),
        searchLane: (vni, mac, port) => this.#laneOf(vni, mac, port),
        // Only local hosts are to be probed. Amid a write of ours nothing is heard, and the rows are as old as that
        begin: () => owner.kernel.hear(),
        ask: (charge) => this.#questions.ask(charge),
        find: (vni, ip, mac, port) =>
          port === undefined
            ? this.#questions.find(vni, ip, mac)
            : this.#questions.recall(vni, ip, mac, port),
        end: () => this.#questions.sendProbes(),
        silent: (charge) => this.#silent(charge),
      },
      refresh,
    );
  }

  start(): void {
    this.#snooper?.start({
      heard: (port, tag, mac, ip, router) => this.#heard(port, tag, mac, ip, router),
      tentative: (port, tag, ip) => this.#tentative(port, tag, ip),
      flooded: (port) => this.#excess.portFloods(port),
    });
  }

  close(): void {
    this.refresher.close();
    this.#excess.close();
    this.#snooper?.close();
  }

  reconfigure(settings: RefreshSettings): void {
    this.refresher.reconfigure(settings);
  }

  stats(): HostStats {
    return {
      refreshes: this.refresher.refreshes,
      watched: this.refresher.size,
      backlog: this.refresher.backlog,
      bindings: this.#bindings.size,
      evicted: this.#bindings.evicted,
      refused: this.#refused + this.#bindings.refused,
    };
  }

  problems(): Iterable<TopologyProblem> {
    return this.#excess.problems();
  }

  limitFor(vni: Vni, mac: Mac): string | undefined {
    const at = this.#owner.topology.vnis.get(vni);
    const row = at && localMacRow(this.#owner, at.bridgeIfindex, at.vlan, mac);
    return row && this.#excess.limitFor(domainKey(at.bridgeIfindex, at.vlan), mac, row.port);
  }

  find(vni: Vni, ip: Ip, mac: Mac): void {
    this.refresher.find(vni, ip, mac);
  }

  lastRefresh(vni: Vni, ip: Ip): number | undefined {
    return this.refresher.lastRefresh(vni, ip);
  }

  localNeigh(vni: Vni, ip: Ip): LocalNeigh | undefined {
    const at = this.#owner.topology.vnis.get(vni);
    if (!at) return undefined;
    const binding = this.#liveBinding(at, ip);
    const row = localNeighRow(this.#owner.mirror, at, ip);
    const isStatic = row !== undefined && isSetByHand(row);
    if (binding && row?.mac !== binding.mac && !isStatic) return binding;
    return row && { mac: row.mac, router: (row.flags & Ntf.ROUTER) !== 0, isStatic, epoch: row.epoch };
  }

  *localNeighs(vni: Vni): Iterable<Ip> {
    const at = this.#owner.topology.vnis.get(vni);
    if (!at) return;
    if (at.sviIfindex !== 0)
      for (const row of this.#owner.mirror.neighRowsOf(at.sviIfindex)) if (isLocalNeigh(row)) yield row.ip;
    if (at.bridgeIfindex === 0) return;
    for (const ip of this.#bindings.ips(domainKey(at.bridgeIfindex, at.vlan)))
      if (!localNeighRow(this.#owner.mirror, at, ip) && this.#liveBinding(at, ip)) yield ip;
  }

  ownChanged(at: VniAttachment): void {
    if (at.bridgeIfindex === 0) return;
    const { own, ownVteps } = this.#owner.topology;
    const domain = domainKey(at.bridgeIfindex, at.vlan);
    for (const ip of this.#bindings.ips(domain))
      if (!mayBeHosts(ip, ownVteps, own.get(at.vni))) this.#drop(domain, ip);
  }

  attached(vni: Vni): void {
    for (const ip of this.localNeighs(vni)) this.refresher.watch(vni, ip);
  }

  beaten(at: VniAttachment, ip: Ip, epoch: number): void {
    const binding =
      at.bridgeIfindex === 0 ? undefined : this.#bindings.drop(domainKey(at.bridgeIfindex, at.vlan), ip);
    if (binding?.epoch === epoch) this.#owner.mirror.setNeighEpoch(at.sviIfindex, ip, epoch);
    this.#forgetUnknown(at.vni, ip);
  }

  detached(vni: Vni): void {
    this.refresher.forgetVni(vni);
  }

  keepBridges(existing: ReadonlyMap<number, unknown>): void {
    for (const domain of [...this.#bindings.domains()])
      if (!existing.has(Math.floor(domain / 4096)))
        for (const ip of [...this.#bindings.ips(domain)]) this.#bindings.drop(domain, ip);
  }

  bridgeChanged(domain: number, mac: Mac, isLocal: boolean): void {
    if (isLocal) {
      this.#unproven.prove(mac);
      return;
    }
    const ips = this.#bindings.ipsOf(domain, mac);
    if (ips) for (const ip of [...ips]) this.#drop(domain, ip);
  }

  /**
   * The bridge has forgotten a local MAC, before its bindings go: a flush takes the rows of hosts that are there. The host
   * is probed where it was, and its answer restores the row; a silent host would stay unknown.
   */
  bridgeForgot(domain: number, mac: Mac, port: number): void {
    const vni = this.#owner.vniOf(domain);
    if (vni === undefined || !this.refresher.settings.enabled) return;
    const ips = this.#bindings.ipsOf(domain, mac);
    if (ips) {
      for (const ip of ips) this.refresher.find(vni, ip, mac, port);
      return;
    }
    if (this.#forgotten.size === 0) this.#owner.clock.after(FORGOTTEN_MS, () => this.#askForgotten());
    const places = this.#forgotten.get(vni) ?? new Map<Mac, number>();
    places.set(mac, port);
    this.#forgotten.set(vni, places);
  }

  /** To find the IPs of a MAC on the SVI takes a walk over its neighbors: one for all MACs that were removed together. */
  #askForgotten(): void {
    for (const [vni, places] of this.#forgotten) {
      const at = this.#owner.topology.vnis.get(vni);
      if (!at || at.sviIfindex === 0) continue;
      for (const row of this.#owner.mirror.neighRowsOf(at.sviIfindex)) {
        const port = isLocalNeigh(row) ? places.get(row.mac) : undefined;
        if (port === undefined || row.mac === undefined) continue;
        this.refresher.find(vni, row.ip, row.mac, port);
      }
    }
    this.#forgotten.clear();
  }

  epochOf(at: VniAttachment | undefined, ip: Ip, mac: Mac | undefined): number {
    if (!at || at.bridgeIfindex === 0) return 0;
    const binding = this.#bindings.get(domainKey(at.bridgeIfindex, at.vlan), ip);
    return binding && binding.mac === mac ? binding.epoch : 0;
  }

  neighChanged(
    vni: Vni,
    at: VniAttachment,
    ip: Ip,
    before: MirroredNeighRow | undefined,
    after: MirroredNeighRow | undefined,
  ): void {
    const domain = domainKey(at.bridgeIfindex, at.vlan);
    const was = isLocalNeigh(before) ? before : undefined;
    if (isLocalNeigh(after)) {
      const spoke = was?.mac !== after.mac || (after.state & ~was.state & Nud.REACHABLE) !== 0;
      if (!spoke) {
        this.refresher.watch(vni, ip);
        return;
      }
      this.refresher.heard(vni, ip);
      const binding = this.#bindings.get(domain, ip);
      if (binding && binding.mac !== after.mac) this.#drop(domain, ip);
      return;
    }
    // The host has not answered the kernel
    if (was && after && after.state & Nud.FAILED && this.#bindings.get(domain, ip)?.mac === was.mac)
      this.#drop(domain, ip);
    if (was) this.#forgetUnknown(vni, ip);
  }

  /** No local host has the IP: it is no longer watched. */
  #forgetUnknown(vni: Vni, ip: Ip): void {
    if (!this.localNeigh(vni, ip)) this.refresher.forget(vni, ip);
  }

  #liveBinding(at: VniAttachment, ip: Ip): Binding | undefined {
    if (at.bridgeIfindex === 0) return undefined;
    const binding = this.#bindings.get(domainKey(at.bridgeIfindex, at.vlan), ip);
    return binding && localMacRow(this.#owner, at.bridgeIfindex, at.vlan, binding.mac) ? binding : undefined;
  }

  /** Returns the port and VNI of a MAC, 0 for no port, as one number. */
  #laneOf(vni: Vni, mac: Mac | undefined, port: number | undefined): number {
    const at = port === undefined && mac !== undefined ? this.#owner.topology.vnis.get(vni) : undefined;
    const row = at && mac !== undefined && localMacRow(this.#owner, at.bridgeIfindex, at.vlan, mac);
    return deviceKey((row ? row.port : port) ?? 0, vni);
  }

  #interval(vni: Vni): number {
    const { topology } = this.#owner;
    const milliseconds = this.refresher.settings.interval * 1000;
    const bridge = topology.bridges.get(topology.vnis.get(vni)?.bridgeIfindex ?? 0);
    // The answer keeps the bridge's row as well, so that it must come in time for that
    return bridge?.ageingTime ? Math.min(milliseconds, bridge.ageingTime / 3) : milliseconds;
  }

  #heard(port: number, tag: number, mac: Mac, ip: Ip, router: boolean | undefined): void {
    const { topology } = this.#owner;
    const vlan = this.#vlanOf(port, tag);
    if (vlan === undefined) return;
    const vni = this.#owner.vniOf(domainKey(topology.ports.get(port)?.bridgeIfindex ?? 0, vlan));
    const own = vni === undefined ? undefined : topology.own.get(vni);
    if (
      mac === MAC_ZERO ||
      isMulticastMac(mac) ||
      own?.macs.has(mac) ||
      !mayBeHosts(ip, topology.ownVteps, own)
    ) {
      this.#refused++;
      return;
    }
    const word = { port, vlan, mac, ip, router };
    if (this.#learn(word)) return;
    const now = this.#owner.clock.now();
    if (now - this.#drainedAt >= 1) {
      this.#drainedAt = now;
      this.#owner.kernel.hear();
      if (this.#learn(word)) return;
    }
    if (!this.#unproven.add(word)) this.#refused++;
  }

  #reportIntruder({ port, vlan, mac }: Word): void {
    const { mirror, topology } = this.#owner;
    const domain = domainKey(topology.ports.get(port)?.bridgeIfindex ?? 0, vlan);
    const vni = this.#owner.vniOf(domain);
    if (vni === undefined) return;
    const row = mirror.bridgeRow(Math.floor(domain / 4096), vlan, mac);
    if (row && row.port !== port && hasOurMark(row) && (row.flags & Ntf.STICKY) !== 0)
      this.#owner.intruderHeard(vni, mac, port);
  }

  /** Accepts the binding if the bridge has the MAC at the port where it was heard. */
  #learn({ port, vlan, mac, ip, router }: Word): boolean {
    const { mirror, topology } = this.#owner;
    const bridgeIfindex = topology.ports.get(port)?.bridgeIfindex ?? 0;
    if (localMacRow(this.#owner, bridgeIfindex, vlan, mac)?.port !== port) return false;
    const domain = domainKey(bridgeIfindex, vlan);
    const vni = this.#owner.vniOf(domain);
    const binding = this.#bindings.get(domain, ip);
    let changed = true;
    if (binding?.mac === mac) {
      changed = router !== undefined && router !== binding.router;
      if (changed) binding.router = router === true;
      this.#bindings.heard(domain, ip, port);
    } else {
      const row = vni === undefined ? undefined : this.#localRowOf(vni, ip);
      const epoch = row?.mac === mac ? row.epoch : mirror.nextEpoch();
      const heard: Binding = { mac, router: router ?? false, isStatic: false, epoch };
      if (!this.#bindings.put(domain, ip, heard, port)) return true;
    }
    if (vni === undefined) return true;
    this.refresher.heard(vni, ip);
    if (changed) this.#owner.localNeighChanged(vni, ip);
    return true;
  }

  #localRowOf(vni: Vni, ip: Ip): (MirroredNeighRow & { readonly mac: Mac }) | undefined {
    const at = this.#owner.topology.vnis.get(vni);
    return at && localNeighRow(this.#owner.mirror, at, ip);
  }

  /**
   * A host that probes whether its own address is free takes a probe of ours, whose sender has no address either, for
   * another host that wants it (RFC 5227 §2.1.1), and gives it up: so it is not probed for a while.
   */
  #tentative(port: number, tag: number, ip: Ip): void {
    const vlan = this.#vlanOf(port, tag);
    if (vlan === undefined) return;
    const domain = domainKey(this.#owner.topology.ports.get(port)?.bridgeIfindex ?? 0, vlan);
    const vni = this.#owner.vniOf(domain);
    if (vni !== undefined && this.localNeigh(vni, ip)) this.refresher.heard(vni, ip);
  }

  /** Returns the VLAN of a frame; undefined if the port does not carry it. */
  #vlanOf(port: number, tag: number): number | undefined {
    const { topology } = this.#owner;
    const found = topology.ports.get(port);
    const bridge = topology.bridges.get(found?.bridgeIfindex ?? 0);
    if (!bridge || found?.role !== 'access') return undefined;
    // On a VLAN-unaware bridge, tagged frames belong to other networks
    if (!bridge.vlanAware) return tag === 0 ? 0 : undefined;
    const vlan = tag === 0 ? found.pvid : tag;
    return vlan === 0 ? undefined : vlan;
  }

  #drop(domain: number, ip: Ip): void {
    if (this.#bindings.drop(domain, ip)) this.#mark(domain, ip);
  }

  #mark(domain: number, ip: Ip): void {
    const vni = this.#owner.vniOf(domain);
    if (vni === undefined) return;
    this.#forgetUnknown(vni, ip);
    this.#owner.localNeighChanged(vni, ip);
  }

  #silent({ vni, ip }: Charge): void {
    const at = this.#owner.topology.vnis.get(vni);
    if (at && at.bridgeIfindex !== 0) this.#drop(domainKey(at.bridgeIfindex, at.vlan), ip);
  }
}
