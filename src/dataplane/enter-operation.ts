import type { Ip, Mac } from '../types/index.js';
import type { BridgeForm, Operation } from './kernel.js';
import { domainKey, type KernelMirror } from './mirror.js';
import { bridgeRowAfter, OUR_ROWS } from './our-rows.js';
import { Ntf } from './rows.js';
import type { Topology } from './topology.js';

/** Told where a row that was on another port of the bridge is on the VXLAN device's now. */
export type MovedAway = (domain: number, mac: Mac) => void;

/** The kernel took the operation: the mirror shows it at once, before its echo. */
export function enterOperation(
  operation: Operation,
  mirror: KernelMirror,
  topology: Topology,
  movedAway: MovedAway = () => {},
): void {
  const gone = operation.verb === 'delete';
  switch (operation.table) {
    case 'bridge': {
      const { port, vlan, mac, form } = operation;
      enterBridge(mirror, topology, gone, port, vlan, mac, form, movedAway);
      return;
    }
    case 'vxlan': {
      const { ifindex, srcVni, mac, dst } = operation;
      enterVxlan(mirror, gone, ifindex, srcVni, mac, dst);
      return;
    }
    case 'fdb': {
      const { port, vlan, srcVni, mac, dst } = operation;
      enterBridge(mirror, topology, gone, port, vlan, mac, 'marked', movedAway);
      enterVxlan(mirror, gone, port, srcVni, mac, dst);
      return;
    }
    case 'vxlan-default': {
      const { ifindex, srcVni, dst } = operation;
      const { mac, state, flags } = OUR_ROWS.vxlanDefault;
      if (gone) mirror.dropVxlan(ifindex, srcVni, mac, dst);
      else mirror.putVxlan({ ifindex, srcVni, mac, dst, nexthopId: 0, state, flags });
      return;
    }
    case 'neigh': {
      const { ifindex, ip, mac, router } = operation;
      if (gone) mirror.dropNeigh(ifindex, ip);
      else {
        const { state, flags, protocol } = OUR_ROWS.neigh;
        mirror.enterNeigh(ifindex, ip, mac, state, flags | (router ? Ntf.ROUTER : 0), protocol);
      }
      return;
    }
    case 'by-hand':
      if (operation.of === 'bridge') mirror.putBridge(operation.row);
      else mirror.putNeigh(operation.row);
      return;
    case 'neigh-probe':
      // What comes of the question only the kernel can tell
      return;
  }
}

function enterBridge(
  mirror: KernelMirror,
  topology: Topology,
  gone: boolean,
  port: number,
  vlan: number,
  mac: Mac,
  form: BridgeForm,
  movedAway: MovedAway,
): void {
  const bridgeIfindex = topology.ports.get(port)?.bridgeIfindex ?? 0;
  if (gone) mirror.dropBridge(bridgeIfindex, vlan, mac, port);
  else if (bridgeIfindex !== 0) {
    const standing = mirror.peekBridge(bridgeIfindex, vlan, mac);
    const isElsewhere = standing !== undefined && standing.port !== port;
    const { state, flags } = bridgeRowAfter(standing?.port === port ? standing : undefined, form);
    mirror.enterBridge(bridgeIfindex, vlan, mac, port, state, flags);
    if (isElsewhere) movedAway(domainKey(bridgeIfindex, vlan), mac);
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
