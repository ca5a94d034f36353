import { NumberQueue } from '../../tables/index.js';
import { formatMac, type Mac } from '../../types/index.js';
import type { MirroredBridgeRow } from '../bridge-rows.js';
import type { Operation, RowKey } from '../kernel.js';
import { OUR_ROWS } from '../our-rows.js';
import { hasOurMark, isSetByHand } from '../ownership.js';
import type { VxlanFdbRow } from '../rows.js';
import { sourceVni, type VniAttachment } from '../topology.js';
import { destinationWords, rowDestinationWords } from './destination.js';
import type { MacIntent } from './intents.js';
import { bridgeRowFits, macDifference, vxlanRowFits } from './mac-difference.js';
import { MacIntents } from './mac-intents.js';
import { strayMacs } from './mac-strays.js';
import { type DeviceName, OwnedTable } from './owned-table.js';
import { rowWords } from './row-words.js';
import { NO_DEVICE, type VniPlace } from './vni-place.js';

/** A VNI's remote MACs: of each the bridge's row to the VXLAN device, and that device's row to the VTEP. */
export class RemoteMacs extends OwnedTable<Mac, MacIntent, VniPlace> {
  declare readonly intents: MacIntents;

  constructor(place: VniPlace) {
    super(place, new MacIntents(), new NumberQueue<Mac>());
  }

  difference(mac: Mac, want: MacIntent | undefined, out: Operation[]): void {
    const { at } = this.place;
    if (at) macDifference(at, mac, want, this.#bridgeRow(at, mac), this.#vxlanRow(at, mac), out);
  }

  fits(mac: Mac): boolean {
    const want = this.intents.peek(mac);
    if (!want) return true;
    const { at } = this.place;
    return (
      at !== undefined &&
      bridgeRowFits(at, want, this.#bridgeRow(at, mac)) &&
      vxlanRowFits(want, this.#vxlanRow(at, mac))
    );
  }

  holdsOwn(mac: Mac): boolean {
    const { at } = this.place;
    if (!at) return false;
    const bridge = this.#bridgeRow(at, mac);
    if (bridge && hasOurMark(bridge) && bridge.port === at.vxlanIfindex) return true;
    return hasOurMark(this.#vxlanRow(at, mac));
  }

  isSetByHand(mac: Mac): boolean {
    const { at } = this.place;
    return (
      at !== undefined && (isSetByHand(this.#bridgeRow(at, mac)) || isSetByHand(this.#vxlanRow(at, mac)))
    );
  }

  override isWithheld(mac: Mac): boolean {
    return this.intents.isWithheld(mac);
  }

  /** Nothing but another's row keeps a MAC's from being written. */
  override isOnlyBlocked(): boolean {
    return true;
  }

  *ownedKeys(): Iterable<Mac> {
    const { at, mirror } = this.place;
    if (!at) return;
    for (const row of mirror.bridgeRowsOfPort(at.vxlanIfindex))
      if (row.vlan === at.vlan && hasOurMark(row)) yield row.mac;
    for (const row of mirror.vxlanRows(at.vxlanIfindex, sourceVni(at))) if (hasOurMark(row)) yield row.mac;
  }

  override rowKeys(mac: Mac): RowKey[] {
    const { at } = this.place;
    if (!at) return [];
    const { bridgeIfindex, vlan, vxlanIfindex: ifindex } = at;
    const port = this.#bridgeRow(at, mac)?.port ?? 0;
    return [
      { table: 'bridge', bridgeIfindex, vlan, mac, port },
      { table: 'vxlan', ifindex, srcVni: sourceVni(at), mac },
    ];
  }

  found(mac: Mac, nameOf: DeviceName): string {
    const { at, mirror } = this.place;
    if (!at) return NO_DEVICE;
    const bridge = mirror.bridgeRow(at.bridgeIfindex, at.vlan, mac);
    const vxlan = mirror.vxlanRow(at.vxlanIfindex, sourceVni(at), mac);
    const first = bridge
      ? `bridge row points to ${nameOf(bridge.port)} ${rowWords(bridge)}`
      : 'no bridge row';
    if (!vxlan) return `${first}, no vxlan row`;
    return `${first}, vxlan row ${rowDestinationWords(vxlan)} ${rowWords(vxlan)}`;
  }

  wanted(_mac: Mac, want: MacIntent | undefined): string {
    const { at } = this.place;
    if (!at || !want) return 'nothing';
    const bridge = want.pinned ? OUR_ROWS.pinnedBridge : OUR_ROWS.bridge;
    return `bridge row points to ${at.vxlanName} ${rowWords(bridge)}, vxlan row ${destinationWords(want.to)} ${rowWords(OUR_ROWS.vxlan)}`;
  }

  override removalCommands(key: Mac, nameOf: DeviceName): string[] {
    const { at, mirror } = this.place;
    if (!at) return [];
    const commands: string[] = [];
    const mac = formatMac(key);
    const bridge = mirror.bridgeRow(at.bridgeIfindex, at.vlan, key);
    const vlan = at.vlanAware ? ` vlan ${at.vlan}` : '';
    if (bridge && (bridge.port !== at.vxlanIfindex || !hasOurMark(bridge)))
      commands.push(`bridge fdb del ${mac} dev ${nameOf(bridge.port)} master${vlan}`);
    const vxlan = mirror.vxlanRow(at.vxlanIfindex, sourceVni(at), key);
    const source = at.collectMetadata ? ` src_vni ${at.vni}` : '';
    if (vxlan && !hasOurMark(vxlan)) commands.push(`bridge fdb del ${mac} dev ${at.vxlanName} self${source}`);
    return commands;
  }

  keyOf(operation: Operation): Mac | undefined {
    const { at } = this.place;
    if (!at) return undefined;
    if (operation.table === 'bridge')
      return operation.port === at.vxlanIfindex && operation.vlan === at.vlan ? operation.mac : undefined;
    if (operation.table !== 'vxlan') return undefined;
    return operation.ifindex === at.vxlanIfindex && operation.srcVni === sourceVni(at)
      ? operation.mac
      : undefined;
  }

  strays(before: VniAttachment, after: VniAttachment | undefined, out: Operation[]): void {
    strayMacs(this.place.mirror, before, after, out);
  }

  #bridgeRow(at: VniAttachment, mac: Mac): MirroredBridgeRow | undefined {
    return this.place.mirror.peekBridge(at.bridgeIfindex, at.vlan, mac);
  }

  #vxlanRow(at: VniAttachment, mac: Mac): VxlanFdbRow | undefined {
    return this.place.mirror.peekVxlan(at.vxlanIfindex, sourceVni(at), mac);
  }
}
