import { vniOwner } from '../../dataplane/index.js';
import { isServed } from '../../evpn/index.js';
import type { Vni } from '../../types/index.js';
import type { Rooms } from '../rooms/rooms.js';
import { gauge, type Metric, type Sample } from './metric.js';

/* What each VNI of the kernel has. */

const VNI = ['vni'] as const;

function perVni(value: (rooms: Rooms, vni: Vni) => number): Metric['samples'] {
  return (rooms) =>
    [...rooms.dataPlane.topology.vnis.keys()].map((vni): Sample => [value(rooms, vni), String(vni)]);
}

type Counted = 'localMacs' | 'remoteMacs' | 'localIps' | 'remoteIps';

/** Local ones and remote ones. */
function byOrigin(local: Counted, remote: Counted): Metric['samples'] {
  return ({ dataPlane, evpn }) => {
    const samples: Sample[] = [];
    for (const vni of dataPlane.topology.vnis.keys()) {
      const counts = evpn.vrf(vni)?.counts;
      if (!counts) continue;
      samples.push([counts[local], String(vni), 'local'], [counts[remote], String(vni), 'remote']);
    }
    return samples;
  };
}

/** Rows of VNIs that have hardware, by how far they are on their way into it. */
function hardwareRows({ hardware }: Rooms): Sample[] {
  const samples: Sample[] = [];
  for (const vni of hardware?.vnis ?? []) {
    const of = hardware?.vni(vni);
    if (!of) continue;
    for (const [kind, counts] of [
      ['mac', of.macs],
      ['flood', of.floods],
    ] as const)
      for (const [state, count] of Object.entries(HARDWARE_STATES))
        samples.push([counts[count], String(vni), kind, state]);
  }
  return samples;
}

const HARDWARE_STATES = {
  offloaded: 'offloaded',
  pending: 'pending',
  refused: 'refused',
  'not-taken': 'notTaken',
  withheld: 'withheld',
} as const;

export const VNI_METRICS: readonly Metric[] = [
  gauge(
    'evpnd_vni_up',
    '1 if the VNI can forward.',
    VNI,
    perVni(({ dataPlane }, vni) => (dataPlane.topology.vnis.get(vni)?.up ? 1 : 0)),
  ),
  gauge(
    'evpnd_vni_served',
    '1 if the configuration has evpnd serve the VNI.',
    VNI,
    perVni(({ config }, vni) => (isServed(config().evpn, vni) ? 1 : 0)),
  ),
  gauge(
    'evpnd_vni_advertised',
    '1 if the flood route of the VNI is announced.',
    VNI,
    perVni(({ evpn }, vni) => (evpn.vrf(vni)?.flooding.advertised === undefined ? 0 : 1)),
  ),
  gauge(
    'evpnd_vni_macs',
    'MAC addresses of the VNI, by where they are.',
    [...VNI, 'origin'],
    byOrigin('localMacs', 'remoteMacs'),
  ),
  gauge(
    'evpnd_vni_ips',
    'IP addresses of hosts of the VNI, by where they are.',
    [...VNI, 'origin'],
    byOrigin('localIps', 'remoteIps'),
  ),
  gauge(
    'evpnd_vni_remote_vteps',
    'VTEPs that announce the VNI.',
    VNI,
    perVni(({ evpn }, vni) => evpn.vrf(vni)?.flooding.routes.size ?? 0),
  ),
  gauge(
    'evpnd_vni_flood_vteps',
    'VTEPs that get a copy of each broadcast, unknown unicast and multicast frame.',
    VNI,
    perVni(({ dataPlane }, vni) => dataPlane.plane(vni)?.floods.size ?? 0),
  ),
  gauge(
    'evpnd_vni_flood_vteps_left_out',
    'VTEPs that get none, because of `evpn.flood-limit`.',
    VNI,
    perVni(({ evpn }, vni) => evpn.vrf(vni)?.flooding.leftOut?.size ?? 0),
  ),
  gauge(
    'evpnd_vni_drifts_open',
    'Rows of the kernel that are not as wanted.',
    VNI,
    perVni(({ dataPlane }, vni) => dataPlane.drift.openIn(vniOwner(vni))),
  ),
  gauge(
    'evpnd_vni_hardware_rows',
    'Remote MACs and default destinations of VNIs on a switch ASIC, by how far they are on their way into it.',
    [...VNI, 'type', 'state'],
    hardwareRows,
  ),
];
