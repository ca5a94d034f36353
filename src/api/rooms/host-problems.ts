import type { Drift, VniPlane } from '../../dataplane/index.js';
import { type Conflict, type Duplicate, placeText } from '../../evpn/index.js';
import { counted, formatIp, formatMac, type Ip, type Mac, type Vni } from '../../types/index.js';
import type { ProblemNote } from '../parts/problem-note.js';
import { curl } from './curl.js';
import type { Rooms } from './rooms.js';

/** Problems of one kind and one VNI that are listed one by one. */
const LISTED = 10;

/**
 * Addresses of the VNI with which something is wrong: rows in their way, two places, a word against a configured one, more
 * VTEPs than its flood list has room for.
 */
export function hostProblems(rooms: Rooms, vni: Vni): ProblemNote[] {
  return [
    ...floodProblems(rooms, vni),
    ...blockedProblems(rooms, vni),
    ...duplicateProblems(rooms, vni),
    ...conflictProblems(rooms, vni),
  ];
}

/** A VNI that the configuration lists and the kernel has no device of. */
export function absentProblems({ config, dataPlane }: Rooms, vni: Vni): ProblemNote[] {
  if (config().evpn.vnis.get(vni)?.advertise !== true || dataPlane.topology.vnis.has(vni)) return [];
  return [
    {
      severity: 'error',
      problem: 'it is in evpn.vnis, and no VXLAN device of it is there: nothing is announced or installed',
      fix: `add one, such as: ip link add vx${vni} type vxlan id ${vni} local ADDRESS dstport 4789 nolearning, in a bridge; or take the VNI out of evpn.vnis`,
    },
  ];
}

/** The first of a kind, the latest of them before the others. */
function few<Item>(
  items: readonly Item[],
  time: (item: Item) => number,
  noteOf: (item: Item) => ProblemNote,
  kind: string,
): ProblemNote[] {
  const more = items.length - LISTED;
  return [
    ...latestOf(items, time).map(noteOf),
    ...(more > 0
      ? [{ severity: 'warning', problem: `and ${counted(more, `more such ${kind}`)}`, fix: null } as const]
      : []),
  ];
}

/** Leaves that get no BUM traffic, because too many want it. */
function floodProblems({ evpn, config }: Rooms, vni: Vni): ProblemNote[] {
  const leftOut = evpn.vrf(vni)?.flooding.leftOut?.size ?? 0;
  if (leftOut === 0) return [];
  const { floodLimit } = config().evpn;
  return [
    {
      severity: 'warning',
      problem: `${floodLimit + leftOut} leaves want broadcast, unknown unicast and multicast of the VNI, more than evpn.flood-limit (${floodLimit}) allows: no copy is sent to ${leftOut} of them`,
      fix: `find who announces so many among /api/v1/routes?type=3&unused=flood-limit, or raise evpn.flood-limit`,
    },
  ];
}

/** Without sorting what may be a hundred thousand. */
function latestOf<Item>(items: readonly Item[], time: (item: Item) => number): Item[] {
  const latest: Item[] = [];
  for (const item of items) {
    if (latest.length === LISTED && time(item) <= time(latest[LISTED - 1])) continue;
    const before = latest.findIndex((other) => time(other) < time(item));
    latest.splice(before < 0 ? latest.length : before, 0, item);
    latest.length = Math.min(latest.length, LISTED);
  }
  return latest;
}

/** Rows that somebody set by hand where a remote host's should be. */
function blockedProblems({ dataPlane }: Rooms, vni: Vni): ProblemNote[] {
  const plane = dataPlane.plane(vni);
  if (!plane) return [];
  const drifts = [...dataPlane.drift.blockedIn(plane.owner)];
  return few(
    drifts,
    ({ since }) => since,
    (drift) => blockedProblem(plane, drift),
    'row',
  );
}

function blockedProblem(plane: VniPlane, { which, found, fix }: Drift): ProblemNote {
  const device = which.table === 'neigh' ? plane.at?.sviName : plane.at?.vxlanName;
  return {
    severity: 'warning',
    problem: `${device}: ${wantedPlace(plane, which)}, and a row that is not evpnd's is in the way and stays: ${found}`,
    fix: fix ?? null,
  };
}

function wantedPlace(plane: VniPlane, which: Drift['which']): string {
  if (which.table === 'mac') {
    const vtep = plane.macs.get(which.key)?.to;
    return `${formatMac(which.key)} is behind ${vtep === undefined ? 'no VTEP' : formatIp(vtep)}`;
  }
  if (which.table !== 'flood' && which.table !== 'neigh') return plane.wantedText(which);
  const mac = which.table === 'neigh' ? plane.neighs.get(which.key)?.mac : undefined;
  return `${formatIp(which.key)} has ${mac === undefined ? 'no MAC' : formatMac(mac)} behind another leaf`;
}

/** RFC 7432 §15.1. */
function duplicateProblems(rooms: Rooms, vni: Vni): ProblemNote[] {
  return few(
    [...rooms.evpn.duplicates.list(vni)],
    ({ since }) => since,
    (duplicate) => duplicateProblem(rooms, duplicate),
    'duplicate',
  );
}

const FIX = 'take it away from one of the two';

function duplicateProblem(
  { config }: Rooms,
  { subject, moves, frozen, places: [from, to] }: Duplicate,
): ProblemNote {
  const [key, address] = 'mac' in subject ? ['mac', formatMac(subject.mac)] : ['ip', formatIp(subject.ip)];
  const clearing = curl(config().api.unixSocket, 'DELETE', `duplicates?vni=${subject.vni}&${key}=${address}`);
  const effect = frozen ? `is frozen at ${placeText(to)}` : 'is followed from one to the other';
  return {
    severity: 'warning',
    problem: `${address} is in two places, ${placeText(from)} and ${placeText(to)}, and ${effect} (${counted(moves, 'move')} within the window)`,
    fix: frozen ? `${FIX}, then let it go: ${clearing}` : FIX,
  };
}

/** The VNI's conflicts with other leaves. */
function conflictProblems({ evpn }: Rooms, vni: Vni): ProblemNote[] {
  return few(evpn.conflicts.of(vni), ({ lastSeen }) => lastSeen, conflictProblem, 'conflict');
}

function conflictProblem({ mac, ip, device, vtep, pin }: Conflict): ProblemNote {
  const where = device ?? 'this leaf';
  const host = formatMac(mac);
  const address = addressText(mac, ip);
  const leaf = formatIp(vtep);
  if (pin === undefined)
    return {
      severity: 'warning',
      problem: `${where}: ${address} is configured here, and ${leaf} claims it; the configured row stays and is announced`,
      fix: `delete the row here if the host has moved; else find what uses ${address} at ${leaf}`,
    };
  const user = ip === undefined ? 'a host' : `host ${host}`;
  return {
    severity: 'warning',
    problem: `${where}: ${user} uses ${address}, which ${leaf} has pinned (${pin}); it is not followed`,
    fix: `find what uses ${address} behind ${where}, a rogue host or a loop of bridges; or unpin it at ${leaf}`,
  };
}

function addressText(mac: Mac, ip: Ip | undefined): string {
  return ip === undefined ? formatMac(mac) : formatIp(ip);
}
