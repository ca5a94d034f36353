import type { Destination, Path } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import type { Importer } from './importer.js';
import type { IpVrfs } from './l3/ip-vrfs.js';
import type { UnusedReason } from './unused-reasons.js';

/** Returns why neither a VNI nor a VRF uses this path of the destination; undefined if some does. */
export function whyPathUnused(
  { importer, ipVrfs }: { readonly importer: Importer; readonly ipVrfs: IpVrfs },
  destination: Destination,
  path: Path,
  topology: Topology,
): UnusedReason | undefined {
  const ofVnis = importer.whyPathUnused(destination, path, topology);
  if (ofVnis === undefined || ofVnis === 'import-policy' || path !== destination.best) return ofVnis;
  const ofVrfs = ipVrfs.whyUnused(destination);
  return ofVrfs === 'none' ? ofVnis : ofVrfs;
}
