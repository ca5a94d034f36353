import type { Ip, Mac } from '../../types/index.js';
import { type BridgeForm, partsOf } from '../kernel.js';
import { domainKey, type KernelMirror } from '../mirror.js';
import { bridgeRowAfter, OUR_ROWS } from '../our-rows.js';
import type { Books, OperationKind, OperationOn } from './operation-kind.js';

export const bridge: OperationKind<OperationOn<'bridge'>> = {
  flies: true,
  isWhole: false,
  enter({ verb, port, vlan, mac, form }, books) {
    enterBridge(books, verb === 'delete', port, vlan, mac, form);
  },
};

export const vxlan: OperationKind<OperationOn<'vxlan'>> = {
  flies: true,
  isWhole: false,
  // The row that could not be changed goes, lest frames follow it to where the MAC was
  passesOver: ({ replaces }) => replaces === true,
  enter({ verb, ifindex, srcVni, mac, dst }, { mirror }) {
    enterVxlan(mirror, verb === 'delete', ifindex, srcVni, mac, dst);
  },
};

export const fdb: OperationKind<OperationOn<'fdb'>> = {
  flies: true,
  isWhole: true,
  parts: partsOf,
  enter({ verb, port, vlan, srcVni, mac, dst }, books) {
    const gone = verb === 'delete';
    enterBridge(books, gone, port, vlan, mac, 'marked');
    enterVxlan(books.mirror, gone, port, srcVni, mac, dst);
  },
};

function enterBridge(
  books: Books,
  gone: boolean,
  port: number,
  vlan: number,
  mac: Mac,
  form: BridgeForm,
): void {
  const { mirror, topology } = books;
  const bridgeIfindex = topology.ports.get(port)?.bridgeIfindex ?? 0;
  if (gone) mirror.forgetBridge(bridgeIfindex, vlan, mac, port);
  else if (bridgeIfindex !== 0) {
    const standing = mirror.peekBridge(bridgeIfindex, vlan, mac);
    if (standing === undefined) {
      const { state, flags } = bridgeRowAfter(undefined, form);
      mirror.addBridge(bridgeIfindex, vlan, mac, port, state, flags);
      return;
    }
    const isElsewhere = standing.port !== port;
    const { state, flags } = bridgeRowAfter(isElsewhere ? undefined : standing, form);
    mirror.enterBridge(bridgeIfindex, vlan, mac, port, state, flags);
    if (isElsewhere) books.movedAway(domainKey(bridgeIfindex, vlan), mac);
  }
}

function enterVxlan(
  mirror: KernelMirror,
  gone: boolean,
  ifindex: number,
  srcVni: number,
  mac: Mac,
  dst: Ip,
): void {
  if (gone) mirror.dropVxlan(ifindex, srcVni, mac, dst);
  else {
    const { state, flags } = OUR_ROWS.vxlan;
    mirror.enterVxlan(ifindex, srcVni, mac, dst, 0, state, flags);
  }
}
