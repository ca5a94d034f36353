import {
  formatRouteTarget,
  formatRouteTargetPattern,
  type RouteTarget,
  type RouteTargetPattern,
  routeTargetLocalAdministrator,
  routeTargetOfAs2,
  type Vni,
} from '../types/index.js';

/** How route targets are derived: plainly, or with the type bits of RFC 8365 §5.1.2.1. */
export type AutoRt = 'frr' | 'rfc8365';

/** Route targets as an operator lists them, `auto` in the place of those that are derived; undefined for these alone. */
export type ListedTargets<Target> = readonly (Target | 'auto')[] | undefined;

/** The targets that are listed, each once. */
export function listedTargets<Target extends RouteTarget | RouteTargetPattern>(
  listed: ListedTargets<Target>,
  derived: readonly Target[],
): readonly Target[] {
  if (listed === undefined) return derived;
  const targets = new Map<string, Target>();
  for (const each of listed)
    for (const target of each === 'auto' ? derived : [each]) targets.set(targetKey(target), target);
  return [...targets.values()];
}

/** The same for equal targets. */
export function targetKey(target: RouteTarget | RouteTargetPattern): string {
  return typeof target === 'object' ? formatRouteTargetPattern(target) : formatRouteTarget(target);
}

/** A setting of the configuration by which a VNI would import more. */
type ImportingSetting =
  | { readonly autoRt: AutoRt }
  /** All that the VNI imports by now, which the setting takes the place of, and what is new. */
  | { readonly importTargets: readonly RouteTargetPattern[] };

/**
 * The setting by which the VNI would import a route with these route targets beside what it imports by now; undefined
 * where the route has none.
 */
export function importingSetting(
  targets: readonly RouteTarget[],
  { vni, importTargets }: { readonly vni: Vni; readonly importTargets: readonly RouteTargetPattern[] },
): ImportingSetting | undefined {
  if (targets.length === 0) return undefined;
  const [only, ...others] = importTargets;
  const isDerived = others.length === 0 && only?.kind === 'any-as' && only.localAdministrator === vni;
  const hasTypeBits = (target: RouteTarget) =>
    routeTargetLocalAdministrator(target) === (RFC8365_VXLAN | vni);
  if (isDerived && targets.some(hasTypeBits)) return { autoRt: 'rfc8365' };
  return { importTargets: [...importTargets, { kind: 'exact', routeTarget: targets[0] }] };
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
export function autoImportTargets(vni: Vni, how: AutoRt): readonly RouteTargetPattern[] {
  const plain: RouteTargetPattern = { kind: 'any-as', localAdministrator: vni };
  return how === 'frr' ? [plain] : [{ kind: 'any-as', localAdministrator: RFC8365_VXLAN | vni }, plain];
}
