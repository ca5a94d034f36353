import type { Clock, Ip } from '../types/index.js';
import type { DuplicateDetector } from './duplicates.js';
import type { MoveObserver } from './evaluate.js';
import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
import { type Move, MoveHistory } from './moves.js';

type Owner = IpEntry['owner'];

/** Writes the histories of MACs and IPs and hands moves between leaves to the duplicate detection. */
export class MoveLog implements MoveObserver {
  constructor(
    readonly clock: Clock,
    readonly duplicates: DuplicateDetector,
  ) {}

  macMoved(vrf: MacVrf, entry: MacEntry, from: Owner, vtep: Ip | undefined): void {
    const { owner, sequence } = entry.ownership;
    // The first appearance of a MAC that never moved is told by its routes; a history for each would cost too much
    if (!entry.history && (from === 'none' || owner === 'none')) return;
    const history = this.#record(entry, { at: this.clock.wallTime(), from, to: owner, vtep, sequence });
    // From here to there or back; between two other leaves it is theirs to count
    if (from !== owner && from !== 'none' && owner !== 'none')
      this.duplicates.moved({ vni: vrf.vni, mac: entry.mac }, history);
  }

  ipMoved(vrf: MacVrf, entry: IpEntry, from: Owner, vtep: Ip | undefined, sequence: number): void {
    const to = entry.owner;
    const history = this.#record(entry, { at: this.clock.wallTime(), from, to, vtep, sequence });
    if (to !== 'none') this.duplicates.moved({ vni: vrf.vni, ip: entry.ip }, history);
  }

  #record(entry: MacEntry | IpEntry, move: Move): MoveHistory {
    entry.history ??= new MoveHistory();
    entry.history.record(move);
    return entry.history;
  }
}
