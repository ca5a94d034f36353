import type { Values } from './config.js';
import type { Path, Report } from './source.js';

type Neighbor = Values['neighbors'][number];

/** Reports what a neighbor in a VRF, or a listen range there, cannot have. */
export function checkNeighborVrf(
  { vrf, device, remoteAs, localAs }: Pick<Neighbor, 'vrf' | 'device' | 'remoteAs' | 'localAs'>,
  place: (key: string) => Path,
  { asn, neighbors, listenRanges }: Pick<Values, 'asn' | 'neighbors' | 'listenRanges'>,
  report: Report,
): void {
  if (vrf === undefined) return;
  if (device !== undefined)
    report(place('device'), { found: `${device} with vrf`, allowed: 'one of both' }, place('vrf'));
  if (remoteAs === 'internal' || remoteAs === (localAs ?? asn))
    report(
      place('remote-as'),
      { found: `${remoteAs}, our own AS, in VRF ${vrf}`, allowed: 'another AS' },
      place('vrf'),
    );
  // Two listeners of one device cannot be
  const beside = [neighbors, listenRanges].some((list) => list.some((each) => each.device === vrf));
  if (beside)
    report(place('vrf'), {
      found: `${vrf}, which is the device of another neighbor`,
      allowed: 'one of both for all neighbors in it',
    });
}
