import { IpQueue } from '../../tables/index.js';
import { formatIp, formatMac, type Ip } from '../../types/index.js';
import type { Operation, RowKey } from '../kernel.js';
import type { MirroredNeighRow } from '../neigh-rows.js';
import { OUR_ROWS } from '../our-rows.js';
import { isLocalNeigh, isOurNeigh, isSetByHand } from '../ownership.js';
import { type NeighRow, Ntf, Nud } from '../rows.js';
import type { VniAttachment } from '../topology.js';
import type { NeighIntent } from './intents.js';
import { NeighIntents } from './neigh-intents.js';
import { OwnedTable } from './owned-table.js';
import { rowWords } from './row-words.js';
import { NO_DEVICE, type VniPlace } from './vni-place.js';

/** The neighbor row is as a remote neighbor's must be; one with this MAC that was set by hand does the same. */
export function neighRowFits(want: NeighIntent, row: NeighRow | undefined): boolean {
  if (row === undefined || row.mac !== want.mac) return false;
  if (isSetByHand(row)) return true;
  return isOurNeigh(row) && (row.state & Nud.NOARP) !== 0 && ((row.flags & Ntf.ROUTER) !== 0) === want.router;
}

/** Operations for one neighbor. A local one is never deleted, and replaced only where it was learned and this very stay of it was beaten. */
export function neighDifference(
  at: VniAttachment,
  ip: Ip,
  want: NeighIntent | undefined,
  row: MirroredNeighRow | undefined,
  out: Operation[],
): void {
  if (want) {
    if (isSetByHand(row) || (isLocalNeigh(row) && row.epoch !== want.overEpoch)) return;
    if (!neighRowFits(want, row))
      out.push({
        table: 'neigh',
        verb: 'add',
        ifindex: at.sviIfindex,
        ip,
        mac: want.mac,
        router: want.router,
      });
    return;
  }
  if (row?.mac !== undefined && isOurNeigh(row))
    out.push({
      table: 'neigh',
      verb: 'delete',
      ifindex: at.sviIfindex,
      ip,
      mac: row.mac,
      router: false,
    });
}

/**
 * Puts back what a write of ours landed on (mac-put-back.ts describes when). A neighbor that somebody set becomes ours with state, flags and MAC (net/core/neighbour.c,
 * neigh_add).
 */
export function neighRowBack(
  wanted: boolean,
  before: MirroredNeighRow | undefined,
  after: MirroredNeighRow | undefined,
): Operation[] {
  if (!wanted || !before || !isSetByHand(before) || !isOurNeigh(after)) return [];
  return [{ table: 'by-hand', verb: 'add', of: 'neigh', row: before }];
}

/** A VNI's remote neighbors on its SVI, by which the bridge answers ARP and ND. */
export class RemoteNeighs extends OwnedTable<Ip, NeighIntent, VniPlace> {
  declare readonly intents: NeighIntents;

  constructor(place: VniPlace) {
    super(place, new NeighIntents(), new IpQueue());
  }

  difference(ip: Ip, want: NeighIntent | undefined, out: Operation[]): void {
    const { at } = this.place;
    if (at && at.sviIfindex !== 0) neighDifference(at, ip, want, this.#row(at, ip), out);
  }

  fits(ip: Ip): boolean {
    const want = this.intents.peek(ip);
    const { at } = this.place;
    return !want || (at !== undefined && neighRowFits(want, this.#row(at, ip)));
  }

  holdsOwn(ip: Ip): boolean {
    const { at } = this.place;
    return at !== undefined && isOurNeigh(this.#row(at, ip));
  }

  isSetByHand(ip: Ip): boolean {
    const { at } = this.place;
    return at !== undefined && isSetByHand(this.#row(at, ip));
  }

  *ownedKeys(): Iterable<Ip> {
    const { at, mirror } = this.place;
    if (!at || at.sviIfindex === 0) return;
    for (const row of mirror.neighRowsOf(at.sviIfindex)) if (isOurNeigh(row)) yield row.ip;
  }

  override rowKeys(ip: Ip): RowKey[] {
    const { at } = this.place;
    return !at || at.sviIfindex === 0 ? [] : [{ table: 'neigh', ifindex: at.sviIfindex, ip }];
  }

  found(ip: Ip): string {
    const { at } = this.place;
    if (!at) return NO_DEVICE;
    if (at.sviIfindex === 0) return 'the VNI has no SVI';
    const row = this.#row(at, ip);
    if (!row) return `no neighbor on ${at.sviName}`;
    const mac = row.mac === undefined ? 'has no MAC' : `is ${formatMac(row.mac)}`;
    return `neighbor on ${at.sviName} ${mac} ${rowWords(row)}`;
  }

  wanted(_ip: Ip, want: NeighIntent | undefined): string {
    const { at } = this.place;
    if (!at || !want || at.sviIfindex === 0) return 'nothing';
    const { state, flags } = OUR_ROWS.neigh;
    const words = rowWords({ state, flags: flags | (want.router ? Ntf.ROUTER : 0) });
    return `neighbor on ${at.sviName} is ${formatMac(want.mac)} ${words}`;
  }

  override removalCommands(ip: Ip): string[] {
    const { at } = this.place;
    const row = at && this.#row(at, ip);
    return row && !isOurNeigh(row) ? [`ip neigh del ${formatIp(ip)} dev ${at.sviName}`] : [];
  }

  override protocolOf(ip: Ip): number | undefined {
    const { at } = this.place;
    return at && this.#row(at, ip)?.protocol;
  }

  override get hasPlace(): boolean {
    return this.place.at?.sviIfindex !== 0;
  }

  keyOf(operation: Operation): Ip | undefined {
    const { at } = this.place;
    if (!at || operation.table !== 'neigh') return undefined;
    return operation.ifindex === at.sviIfindex ? operation.ip : undefined;
  }

  strays(before: VniAttachment, after: VniAttachment | undefined, out: Operation[]): void {
    const ifindex = before.sviIfindex;
    if (ifindex === 0 || after?.sviIfindex === ifindex) return;
    for (const { ip, mac, ...row } of this.place.mirror.neighRowsOf(ifindex))
      if (mac !== undefined && isOurNeigh(row))
        out.push({ table: 'neigh', verb: 'delete', ifindex, ip, mac, router: false });
  }

  #row(at: VniAttachment, ip: Ip): MirroredNeighRow | undefined {
    return this.place.mirror.peekNeigh(at.sviIfindex, ip);
  }
}
