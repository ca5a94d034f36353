import {
  type BridgePort,
  domainKey,
  type HostsOwner,
  isLocalNeigh,
  isLocalRow,
  type KernelMirror,
  type MirroredBridgeRow,
  type MirroredNeighRow,
  Ntf,
  Nud,
  type Operation,
  type Snooper,
  type VniAttachment,
} from '../dataplane/index.js';
import { type Ip, isIpv4, type Mac, needsZone, type Vni } from '../types/index.js';
import type { Charge } from './ask-lanes.js';
import type { Outcome } from './refresher.js';

/** What probing needs of the data plane. */
type QuestionsOwner = Pick<HostsOwner, 'kernel' | 'mirror' | 'topology' | 'vniOf'>;

/** Returns the row of a local neighbor on the VNI's SVI; valid until the next change. */
export function localNeighRow(
  mirror: KernelMirror,
  at: VniAttachment,
  ip: Ip,
): (MirroredNeighRow & { readonly mac: Mac }) | undefined {
  if (at.sviIfindex === 0) return undefined;
  const row = mirror.peekNeigh(at.sviIfindex, ip);
  return isLocalNeigh(row) ? row : undefined;
}

/** Returns the bridge's row of a MAC that is on an access port. */
export function localMacRow(
  { mirror, topology }: Pick<QuestionsOwner, 'mirror' | 'topology'>,
  bridgeIfindex: number,
  vlan: number,
  mac: Mac,
): MirroredBridgeRow | undefined {
  const row = mirror.bridgeRow(bridgeIfindex, vlan, mac);
  return row && isLocalRow(row, topology) ? row : undefined;
}

/** Probes local hosts: through the kernel if the SVI resolves them, otherwise by a packet to that host only. */
export class HostQuestions {
  readonly #owner: QuestionsOwner;
  readonly #snooper: Snooper | undefined;
  readonly #localNeigh: (vni: Vni, ip: Ip) => { readonly mac: Mac } | undefined;
  readonly #probes: Operation[] = [];

  /** `localNeigh` returns the local host with the IP. */
  constructor(
    owner: QuestionsOwner,
    snooper: Snooper | undefined,
    localNeigh: (vni: Vni, ip: Ip) => { readonly mac: Mac } | undefined,
  ) {
    this.#owner = owner;
    this.#snooper = snooper;
    this.#localNeigh = localNeigh;
  }

  /** Probes the host that has the IP of the charge. */
  ask({ vni, ip }: Charge): Outcome {
    const at = this.#owner.topology.vnis.get(vni);
    const neigh = this.#localNeigh(vni, ip);
    if (!at || !neigh || this.#owner.vniOf(domainKey(at.bridgeIfindex, at.vlan)) !== vni) return 'forget';
    const mac = localMacRow(this.#owner, at.bridgeIfindex, at.vlan, neigh.mac);
    if (!mac) return 'later';
    const row = localNeighRow(this.#owner.mirror, at, ip);
    const rowState = row?.mac === neigh.mac ? row.state : 0;
    // A probe by the kernel would remove another agent's mark from its row (net/core/neighbour.c)
    const isFixed =
      (rowState & (Nud.PERMANENT | Nud.NOARP)) !== 0 || ((row?.flags ?? 0) & Ntf.EXT_LEARNED) !== 0;
    if (rowState !== 0 && !isFixed && this.#kernelCanAsk(at, ip)) {
      if (rowState & (Nud.DELAY | Nud.PROBE)) return 'later';
      this.#probes.push({
        table: 'neigh-probe',
        verb: 'add',
        ifindex: at.sviIfindex,
        ip,
        mac: undefined,
      });
      return 'sent';
    }
    if (!this.#question(at, mac.port, neigh.mac, ip)) return 'later';
    // A permanent row is probed only to keep the bridge's row
    return rowState !== 0 ? 'sent' : 'asked';
  }

  /** Without a link-local address the kernel sends no solicitation, and concludes that the host is silent. */
  #kernelCanAsk(at: VniAttachment, asked: Ip): boolean {
    if (isIpv4(asked)) return true;
    const own = this.#owner.topology.interfaces.get(at.sviIfindex)?.addresses;
    return own?.some(({ ip, state }) => state === 'usable' && needsZone(ip)) ?? false;
  }

  /** Probes for an IP that the MAC should have, at the port where the bridge has the MAC. */
  find(vni: Vni, ip: Ip, mac: Mac): Outcome {
    const at = this.#owner.topology.vnis.get(vni);
    if (!at || this.#localNeigh(vni, ip)) return 'forget';
    const local = localMacRow(this.#owner, at.bridgeIfindex, at.vlan, mac);
    if (!local) return 'forget';
    if (this.#snooper) return this.#question(at, local.port, mac, ip) ? 'asked' : 'later';
    if (at.sviIfindex === 0 || !this.#kernelCanAsk(at, ip)) return 'forget';
    // Our row of the remote host goes first: the kernel keeps what is extern_learn from all but us
    const row = this.#owner.mirror.peekNeigh(at.sviIfindex, ip);
    if (row && row.flags & Ntf.EXT_LEARNED) return 'later';
    this.#probes.push({ table: 'neigh-probe', verb: 'add', ifindex: at.sviIfindex, ip, mac });
    return 'sent';
  }

  /** Probes a host whose MAC the bridge has forgotten, at the port where it was. */
  recall(vni: Vni, ip: Ip, mac: Mac, port: number): Outcome {
    const { topology, mirror } = this.#owner;
    const at = topology.vnis.get(vni);
    const found = topology.ports.get(port);
    if (!at) return 'forget';
    // It is back, and its other addresses are to be found, or it is elsewhere
    if (mirror.bridgeRow(at.bridgeIfindex, at.vlan, mac)) return this.find(vni, ip, mac);
    // The port may belong to another network by now
    if (found?.role !== 'access' || found.bridgeIfindex !== at.bridgeIfindex) return 'forget';
    if (this.#snooper) return this.#question(at, port, mac, ip) ? 'asked' : 'later';
    // The kernel would send its probe to every port, since the row is missing
    const row = localNeighRow(this.#owner.mirror, at, ip);
    if (row?.mac !== mac || !this.#kernelCanAsk(at, ip)) return 'forget';
    this.#probes.push({ table: 'neigh-probe', verb: 'add', ifindex: at.sviIfindex, ip, mac: undefined });
    return 'asked';
  }

  #question(at: VniAttachment, port: number, mac: Mac, ip: Ip): boolean {
    const { topology } = this.#owner;
    const found = topology.ports.get(port);
    const source = at.sviMac ?? topology.bridges.get(at.bridgeIfindex)?.mac;
    if (!this.#snooper || !found || source === undefined) return false;
    return this.#snooper.ask({ port, tag: tagOf(found, at.vlan), mac, ip, source });
  }

  /** Sends the probes of the kernel. */
  sendProbes(): void {
    // A row that was removed meanwhile is refused, and its removal is notified
    while (this.#probes.length > 0) this.#owner.kernel.apply(this.#probes.splice(0, 64));
  }
}

/** Returns how a frame of the VLAN leaves the port. */
function tagOf(port: BridgePort, vlan: number): number {
  return vlan === port.pvid && port.pvidUntagged ? 0 : vlan;
}
