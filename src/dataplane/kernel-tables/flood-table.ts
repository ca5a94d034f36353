import { IpQueue } from '../../tables/index.js';
import { formatIp, type Ip } from '../../types/index.js';
import type { Operation } from '../kernel.js';
import { OUR_ROWS } from '../our-rows.js';
import type { VxlanFdbRow } from '../rows.js';
import { sourceVni, type VniAttachment } from '../topology.js';
import { FloodIntents } from './flood-intents.js';
import type { FloodIntent } from './intents.js';
import { isSameDevice } from './mac-strays.js';
import { OwnedTable } from './owned-table.js';
import { rowWords } from './row-words.js';
import { NO_DEVICE, type VniPlace } from './vni-place.js';

/** A VNI's default destinations: where its VXLAN device sends copies of BUM traffic. */
export class DefaultDestinations extends OwnedTable<Ip, FloodIntent, VniPlace> {
  declare readonly intents: FloodIntents;

  constructor(place: VniPlace) {
    super(place, new FloodIntents(), new IpQueue());
  }

  difference(dst: Ip, want: FloodIntent | undefined, out: Operation[]): void {
    const { at } = this.place;
    if (!at || (want !== undefined) === (this.#row(dst) !== undefined)) return;
    out.push({
      table: 'vxlan-default',
      verb: want ? 'add' : 'delete',
      ifindex: at.vxlanIfindex,
      srcVni: sourceVni(at),
      dst,
    });
  }

  fits(dst: Ip): boolean {
    return !this.intents.has(dst) || this.#row(dst) !== undefined;
  }

  /** The row carries no mark: what we wrote is remembered. */
  holdsOwn(dst: Ip): boolean {
    const { at, defaults } = this.place;
    return at !== undefined && defaults.has(at.vxlanIfindex, sourceVni(at), dst);
  }

  /** One that somebody else set does the same as ours would, so that none is in the way. */
  isSetByHand(): boolean {
    return false;
  }

  *ownedKeys(): Iterable<Ip> {
    const { at, mirror } = this.place;
    if (!at) return;
    for (const { dst } of mirror.defaultRows(at.vxlanIfindex, sourceVni(at)))
      if (dst !== undefined && this.holdsOwn(dst)) yield dst;
  }

  found(dst: Ip): string {
    const { at } = this.place;
    if (!at) return NO_DEVICE;
    const row = this.#row(dst);
    const destination = `default destination ${formatIp(dst)} on ${at.vxlanName}`;
    return row ? `${destination} ${rowWords(row)}` : `no ${destination}`;
  }

  wanted(dst: Ip, want: FloodIntent | undefined): string {
    const { at } = this.place;
    return at && want
      ? `default destination ${formatIp(dst)} on ${at.vxlanName} ${rowWords(OUR_ROWS.vxlanDefault)}`
      : 'nothing';
  }

  keyOf(operation: Operation): Ip | undefined {
    const { at } = this.place;
    if (!at || operation.table !== 'vxlan-default') return undefined;
    return operation.ifindex === at.vxlanIfindex && operation.srcVni === sourceVni(at)
      ? operation.dst
      : undefined;
  }

  strays(before: VniAttachment, after: VniAttachment | undefined, out: Operation[]): void {
    if (isSameDevice(before, after)) return;
    const { mirror, defaults } = this.place;
    const ifindex = before.vxlanIfindex;
    const srcVni = sourceVni(before);
    for (const { dst } of mirror.defaultRows(ifindex, srcVni))
      if (dst !== undefined && defaults.has(ifindex, srcVni, dst))
        out.push({ table: 'vxlan-default', verb: 'delete', ifindex, srcVni, dst });
  }

  #row(dst: Ip): VxlanFdbRow | undefined {
    const { at, mirror } = this.place;
    return at && mirror.defaultRow(at.vxlanIfindex, sourceVni(at), dst);
  }
}
