import type { EventPlace, EventSink } from '../events/index.js';
import { type Clock, formatIp, formatMac, type Ip, type LimitedLog } from '../types/index.js';
import { type DuplicateDetector, placeText } from './duplicates.js';
import type { MoveObserver } from './evaluate.js';
import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
import { MAX_SEQUENCE, type Owner, type Ownership } from './mobility.js';
import { type Move, MoveHistory } from './moves.js';

/**
 * Writes the histories of MACs and IPs, logs moves and pushes them as events, and passes those between leaves to the duplicate detection: to this
 * leaf, from it, and between two others if a higher sequence number shows it (RFC 7432 §15.1 wants it of leaves
 * with a local host at least), also where it was withdrawn before. Another leaf that steps in for one that is gone has not
 * got the host moved to it.
 */
export class MoveLog implements MoveObserver {
  constructor(
    readonly clock: Clock,
    readonly log: LimitedLog,
    readonly duplicates: DuplicateDetector,
    /** The name of a port; undefined where there is none of that ifindex. */
    readonly deviceName: (port: number) => string | undefined,
    readonly events: EventSink,
  ) {}

  macMoved(
    vrf: MacVrf,
    entry: MacEntry,
    before: Ownership,
    fromVtep: Ip | undefined,
    vtep: Ip | undefined,
    port: number,
  ): void {
    const { owner: to, sequence } = entry.ownership;
    const { owner: from } = before;
    // Somebody moved it meanwhile, by its number; one that was never seen before has any
    const isBackElsewhere = from === 'none' && before.sequence > 0 && sequence > before.sequence;
    // Its routes show the first appearance of a MAC that never moved; a history for each would cost too much
    if (!entry.history && !isBackElsewhere && (from === 'none' || to === 'none')) return;
    this.#macMoved(vrf, entry, before, isBackElsewhere, fromVtep, vtep, port);
  }

  /** By itself, since what its log line is made of takes memory on each call. */
  #macMoved(
    vrf: MacVrf,
    entry: MacEntry,
    before: Ownership,
    isBackElsewhere: boolean,
    fromVtep: Ip | undefined,
    vtep: Ip | undefined,
    port: number,
  ): void {
    const { owner: to, sequence } = entry.ownership;
    const { owner: from } = before;
    const last = from === 'none' ? entry.history?.lastPlace : { owner: from, vtep: fromVtep };
    const history = this.#record(entry, { at: this.clock.wallTime(), from, to, fromVtep, vtep, sequence });
    if (to === 'none' || last === undefined) return;
    if (from === 'none' && (!isBackElsewhere || (last.owner === to && last.vtep === vtep))) return;
    const places = this.#places(last.vtep, vtep, port);
    const { mac } = entry;
    this.events.push({ kind: 'mac-moved', vni: vrf.vni, mac, from: places[0], to: places[1], sequence });
    this.log.info('MAC moved', () => ({
      vni: vrf.vni,
      mac: formatMac(entry.mac),
      from: placeText(places[0]),
      to: placeText(places[1]),
      sequence,
    }));
    if (last.owner !== to || sequence > before.sequence)
      this.duplicates.moved({ vni: vrf.vni, mac: entry.mac }, history, places, sequence === MAX_SEQUENCE);
  }

  ipMoved(
    vrf: MacVrf,
    entry: IpEntry,
    from: Owner,
    fromVtep: Ip | undefined,
    vtep: Ip | undefined,
    port: number,
    sequence: number,
  ): void {
    const to = entry.owner;
    const at = this.clock.wallTime();
    const history = this.#record(entry, { at, from, to, fromVtep, vtep, sequence });
    if (to === 'none') return;
    const places = this.#places(fromVtep, vtep, port);
    const { ip, mac } = entry;
    this.events.push({ kind: 'ip-moved', vni: vrf.vni, ip, mac, from: places[0], to: places[1], sequence });
    this.log.info('IP moved to another MAC', () => ({
      vni: vrf.vni,
      ip: formatIp(entry.ip),
      mac: entry.mac === undefined ? null : formatMac(entry.mac),
      from: placeText(places[0]),
      to: placeText(places[1]),
      sequence,
    }));
    this.duplicates.moved({ vni: vrf.vni, ip: entry.ip }, history, places, sequence === MAX_SEQUENCE);
  }

  #places(fromVtep: Ip | undefined, vtep: Ip | undefined, port: number): readonly [EventPlace, EventPlace] {
    const here = { device: this.deviceName(port) };
    return [fromVtep === undefined ? here : { vtep: fromVtep }, vtep === undefined ? here : { vtep }];
  }

  #record(entry: MacEntry | IpEntry, move: Move): MoveHistory {
    entry.history ??= new MoveHistory();
    entry.history.record(move);
    return entry.history;
  }
}
