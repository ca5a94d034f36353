import type { LocalRib } from '../bgp/index.js';
import type { DataPlane, LocalMac, LocalNeigh } from '../dataplane/index.js';
import type { Ip } from '../types/index.js';
import type { OriginatedAttributes } from '../wire/index.js';
import type { Admissions } from './admission.js';
import type { AttributeSets } from './export.js';
import { isSeveral } from './few.js';
import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
import { macRoute } from './route-types/index.js';

/** Brings the Type-2 routes of local addresses in line with what was decided, as far as the admissions let them. */
export class Announcer {
  constructor(
    readonly dataPlane: DataPlane,
    readonly localRib: LocalRib,
    readonly attributesOf: (vrf: MacVrf) => AttributeSets,
    readonly admissions: Admissions,
  ) {}

  /** The Type-2 of the MAC alone; `local` is its row where it is ours. */
  mac(vrf: MacVrf, entry: MacEntry, local: LocalMac | undefined): void {
    const before = entry.advertised;
    if (!before && !local) {
      this.admissions.leave(entry);
      return;
    }
    const { localVtep } = vrf;
    const wanted =
      local && localVtep !== undefined
        ? this.attributesOf(vrf).mac(vrf, localVtep, {
            sequence: entry.ownership.sequence,
            sticky: local.isSticky,
            router: false,
          })
        : undefined;
    const attributes = this.#admitted(vrf, entry, before, wanted, local, local?.isStatic === true);
    if (before === attributes) return;
    const route = macRoute(vrf, entry.mac, undefined);
    if (attributes) this.localRib.originate(route, attributes);
    else this.localRib.withdraw(route);
    entry.advertised = attributes;
  }

  /** The Type-2 of the IP with its MAC; `local` is its binding where it is ours, `macEntry` that of its MAC. */
  ip(vrf: MacVrf, entry: IpEntry, local: LocalNeigh | undefined, macEntry: MacEntry | undefined): void {
    const before = entry.advertised;
    if (!before && !local) {
      this.admissions.leave(entry);
      return;
    }
    const { localVtep } = vrf;
    const localMac = local && this.dataPlane.localMac(vrf.vni, local.mac);
    const wanted =
      local && macEntry && localVtep !== undefined
        ? this.attributesOf(vrf).mac(vrf, localVtep, {
            sequence: macEntry.ownership.sequence,
            sticky: localMac?.isSticky ?? false,
            router: local.router,
            routed: vrf.routedExportOf(entry.ip),
          })
        : undefined;
    const standing = before?.mac === local?.mac ? before?.attributes : undefined;
    const attributes = this.#admitted(vrf, entry, standing, wanted, localMac, local?.isStatic === true);
    if (before && before.attributes === attributes && before.mac === local?.mac) return;
    if (before && (before.mac !== local?.mac || !attributes))
      this.localRib.withdraw(macRoute(vrf, before.mac, entry.ip));
    entry.advertised = undefined;
    if (!attributes || !local) return;
    this.localRib.originate(macRoute(vrf, local.mac, entry.ip), attributes);
    entry.advertised = { mac: local.mac, attributes };
  }

  /** Takes back what is announced of IPs with this MAC. */
  withdrawIps(vrf: MacVrf, mac: MacEntry): void {
    const { ips } = mac;
    if (ips === undefined) return;
    if (isSeveral(ips)) for (const ip of ips) this.#withdrawIp(vrf, mac, ip);
    else this.#withdrawIp(vrf, mac, ips);
  }

  #withdrawIp(vrf: MacVrf, { mac }: MacEntry, ip: Ip): void {
    const entry = vrf.ips.get(ip);
    if (entry?.advertised?.mac !== mac) return;
    this.localRib.withdraw(macRoute(vrf, mac, ip));
    entry.advertised = undefined;
  }

  /** Returns what of the wanted attributes may be announced now: all, none, or those of before where the news has to wait. */
  #admitted(
    vrf: MacVrf,
    entry: MacEntry | IpEntry,
    before: OriginatedAttributes | undefined,
    wanted: OriginatedAttributes | undefined,
    at: LocalMac | undefined,
    isConfigured: boolean,
  ): OriginatedAttributes | undefined {
    if (!wanted) {
      this.admissions.leave(entry);
      return undefined;
    }
    const answer = this.admissions.ask(vrf, entry, at?.port ?? 0, before !== wanted, isConfigured);
    if (answer === 'now') return wanted;
    // An announcement with a next hop that is no longer ours is withdrawn
    return answer === 'late' && before?.nextHop === wanted.nextHop ? before : undefined;
  }
}
