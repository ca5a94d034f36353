import type { IpEntry, MacEntry, PortShare } from '../../evpn/index.js';
import { counted, formatIp, formatMac, type Vni } from '../../types/index.js';
import type { ProblemNote } from '../parts/problem-note.js';
import type { Rooms } from './rooms.js';

/** Ports with more local addresses, or new ones faster, than are announced; of one VNI, or of all. */
export function excessProblems(rooms: Rooms, vni?: Vni): { readonly vni: Vni; readonly note: ProblemNote }[] {
  const found: { vni: Vni; note: ProblemNote }[] = [];
  for (const share of rooms.evpn.admissions.excesses()) {
    const of = share.vni.vrf.vni;
    if (vni === undefined || vni === of) found.push({ vni: of, note: noteOf(rooms, share) });
  }
  return found;
}

function noteOf(
  { evpn, dataPlane }: Rooms,
  { vni, port, macs, ips, waiting, heldBack }: PortShare,
): ProblemNote {
  const name = dataPlane.topology.ports.get(port)?.name ?? `ifindex ${port}`;
  const limits = evpn.admissions.limitsOf(vni.vrf);
  return {
    severity: 'warning',
    problem: `${name}: ${excess(waiting, heldBack)}, ${counted(macs.admitted, 'MAC')} of at most ${limits.macs} and ${counted(ips.admitted, 'IP')} of at most ${limits.ips} in the VNI are announced, new ones at ${limits.rate} a second`,
    fix: `see what comes in: tcpdump -eni ${name}; where somebody makes up addresses: ip link set dev ${name} down, or bridge link set dev ${name} learning off; where these are hosts, raise evpn.max-local-macs, evpn.max-local-ips or evpn.new-address-rate`,
  };
}

/** The sentence of an excess: what is over is listed for a minute more, as it may begin again. */
function excess(waiting: number, heldBack: number): string {
  const more = 'more addresses, or new ones faster, than are announced';
  const before = `${counted(heldBack, 'time')} held back so far`;
  return waiting > 0
    ? `its hosts have ${more}: ${waiting} wait (${before})`
    : `its hosts had ${more}: none waits now (${before}), and a minute after the last one did this problem goes`;
}

/** Returns why the addresses are not announced though they are local, each in a sentence. */
export function waitSentences(
  { evpn, dataPlane }: Rooms,
  entries: readonly (MacEntry | IpEntry | undefined)[],
): string[] {
  return entries.flatMap((entry) => {
    const why = entry && evpn.admissions.whyWaits(entry);
    if (!why || !entry?.share) return [];
    const name = 'ip' in entry ? formatIp(entry.ip) : formatMac(entry.mac);
    const port = dataPlane.topology.ports.get(entry.share.port)?.name ?? `ifindex ${entry.share.port}`;
    return [
      why === 'out'
        ? `${name} waits to be announced: the VNI has as many local addresses as it may, and port ${port} the most of them.`
        : `${name} waits to be announced: port ${port} has new addresses faster than evpn.new-address-rate.`,
    ];
  });
}
