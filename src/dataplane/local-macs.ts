import type { Mac } from '../types/index.js';
import type { MirroredBridgeRow } from './bridge-rows.js';
import type { KernelMirror } from './mirror.js';
import { isConfigured, isLocalRow, mayBeLocalRow } from './ownership.js';
import { Ntf } from './rows.js';
import { switchOf, type Topology, type VniAttachment } from './topology.js';

/** A MAC that a host behind one of our own ports has. */
export interface LocalMac {
  /** ifindex of the access port. */
  readonly port: number;
  /** Configured by an operator or an orchestrator (NUD_NOARP or NTF_STICKY), not learned. */
  readonly isStatic: boolean;
  /** NTF_STICKY: no frame moves it to another port, and no other leaf should either (RFC 7432 §15.2). */
  readonly isSticky: boolean;
  /** Changes whenever the MAC comes from elsewhere to this port. */
  readonly epoch: number;
}

/** The MAC on an access port in the VNI's broadcast domain, as the bridge knows it now. */
export function localMac(
  mirror: KernelMirror,
  topology: Topology,
  at: VniAttachment | undefined,
  mac: Mac,
): LocalMac | undefined {
  const row = at && mirror.peekBridge(at.bridgeIfindex, at.vlan, mac);
  if (row) return isLocalRow(row, topology) ? asLocalMac(row) : undefined;
  const twin = at && hasTwins(topology, at) ? mirror.peekBridge(at.bridgeIfindex, 0, mac) : undefined;
  return twin && twinVlan(twin, topology) === at?.vlan ? asLocalMac(twin) : undefined;
}

/**
 * A switch ASIC may report what it learned from untagged frames without a VLAN, beside the row of the bridge, which ages
 * by itself since the frames do not reach it any more (drivers/net/ethernet/rocker). Of any other row there is no such twin.
 */
function hasTwins(topology: Topology, at: VniAttachment): boolean {
  return at.vlanAware && switchOf(topology, at) !== '';
}

/** The VLAN that a row without one is of, which hardware learned on a port of a VLAN-aware bridge; 0 for every other row. */
export function twinVlan(row: MirroredBridgeRow, topology: Topology): number {
  if (row.vlan !== 0 || (row.flags & Ntf.EXT_LEARNED) === 0) return 0;
  return isLocalRow(row, topology) ? (topology.ports.get(row.port)?.pvid ?? 0) : 0;
}

/**
 * True for a MAC that a host behind one of our own ports has, also where the port is so new that the topology lacks it: what
 * we wrote of such a MAC nobody else has changed.
 */
export function isHostsMac(
  mirror: KernelMirror,
  topology: Topology,
  at: VniAttachment | undefined,
  mac: Mac,
): boolean {
  const row = at && mirror.peekBridge(at.bridgeIfindex, at.vlan, mac);
  return row !== undefined && mayBeLocalRow(row, topology);
}

/** The rows on ports that have become access ports, or are access ports no longer. */
export function* rowsOfChangedPorts(
  mirror: KernelMirror,
  before: Topology,
  after: Topology,
): Iterable<MirroredBridgeRow> {
  const isAccess = ({ ports }: Topology, ifindex: number) => ports.get(ifindex)?.role === 'access';
  for (const ifindex of after.ports.keys())
    if (isAccess(after, ifindex) !== isAccess(before, ifindex)) yield* mirror.bridgeRowsOfPort(ifindex);
  for (const ifindex of before.ports.keys())
    if (!after.ports.has(ifindex) && isAccess(before, ifindex)) yield* mirror.bridgeRowsOfPort(ifindex);
}

/** Every MAC on access ports in the VNI's broadcast domain. */
export function* localMacs(
  mirror: KernelMirror,
  topology: Topology,
  at: VniAttachment | undefined,
): Iterable<Mac> {
  if (!at || at.bridgeIfindex === 0) return;
  for (const row of mirror.bridgeRows(at.bridgeIfindex, at.vlan))
    if (isLocalRow(row, topology)) yield row.mac;
  if (!hasTwins(topology, at)) return;
  for (const row of mirror.bridgeRows(at.bridgeIfindex, 0))
    if (twinVlan(row, topology) === at.vlan && !mirror.peekBridge(at.bridgeIfindex, at.vlan, row.mac))
      yield row.mac;
}

function asLocalMac(row: MirroredBridgeRow): LocalMac {
  return {
    port: row.port,
    isStatic: isConfigured(row),
    isSticky: (row.flags & Ntf.STICKY) !== 0,
    epoch: row.epoch,
  };
}
