import { type RouteTarget, routeTargetOfAs2, type Vni } from '../types/index.js';

/** A route target to import, or any AS's with this local administrator (`*:10010`). */
export type ImportTarget =
  | { readonly kind: 'exact'; readonly routeTarget: RouteTarget }
  | { readonly kind: 'any-as'; readonly localAdministrator: number };

/** `(AS & 0xffff):VNI`, as FRR derives it also where the AS needs four octets (RFC 8365 §5.1.2.1 without the flag bits). */
export function autoExportTargets(asn: number, vni: Vni): readonly RouteTarget[] {
  return [routeTargetOfAs2(asn & 0xffff, vni)];
}

/** `*:VNI`: leaves of an eBGP fabric each export under their own AS. */
export function autoImportTargets(vni: Vni): readonly ImportTarget[] {
  return [{ kind: 'any-as', localAdministrator: vni }];
}
