import {
  formatRouteTarget,
  isAs2RouteTarget,
  type RouteTarget,
  routeTargetLocalAdministrator,
  routeTargetOfAs2,
  type Vni,
} from '../types/index.js';

/** A route target to import, or any AS's with this local administrator (`*:10010`). */
export type ImportTarget =
  | { readonly kind: 'exact'; readonly routeTarget: RouteTarget }
  | { readonly kind: 'any-as'; readonly localAdministrator: number };

/** How route targets are derived: plainly, or with the type bits of RFC 8365 §5.1.2.1. */
export type AutoRt = 'frr' | 'rfc8365';

/** The setting by which a VNI would import a route with these route targets; undefined where it has none. */
export function importingSetting(targets: readonly RouteTarget[], vni: Vni): string | undefined {
  if (targets.length === 0) return undefined;
  const derived = targets.some(
    (target) => isAs2RouteTarget(target) && routeTargetLocalAdministrator(target) === (RFC8365_VXLAN | vni),
  );
  return derived
    ? 'auto-rt: rfc8365'
    : `import-route-targets: ['${formatRouteTarget(targets[0])}'] of the VNI`;
}

/** A bit of 0 for derived, type 1 for VXLAN, domain 0, then the VNI (RFC 8365 §5.1.2.1). */
const RFC8365_VXLAN = 0x1000_0000;

/**
 * `(AS & 0xffff):VNI`, as FRR derives it also where the AS needs four octets, for which RFC 8365 has no form; with `rfc8365`
 * the local administrator has that RFC's type bits, as FRR's with `autort rfc8365-compatible`.
 */
export function autoExportTargets(asn: number, vni: Vni, how: AutoRt): readonly RouteTarget[] {
  return [routeTargetOfAs2(asn & 0xffff, how === 'rfc8365' ? RFC8365_VXLAN | vni : vni)];
}

/**
 * `*:VNI`: leaves of an eBGP fabric each export under their own AS, of two octets or, where the VNI has no more than 16
 * bits, of four. With `rfc8365` the form with the type bits comes first, and the plain one stays for leaves that do not
 * derive theirs so.
 */
export function autoImportTargets(vni: Vni, how: AutoRt): readonly ImportTarget[] {
  const plain: ImportTarget = { kind: 'any-as', localAdministrator: vni };
  return how === 'frr' ? [plain] : [{ kind: 'any-as', localAdministrator: RFC8365_VXLAN | vni }, plain];
}
