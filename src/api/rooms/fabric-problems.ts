import { importingSetting, type MacVrf, UNUSED } from '../../evpn/index.js';
import {
  counted,
  formatIp,
  formatMac,
  formatRouteTarget,
  formatRouteTargetPattern,
  type RouteTargetPattern,
  type Vni,
} from '../../types/index.js';
import { formatNlri } from '../../wire/index.js';
import type { ProblemNote } from '../parts/problem-note.js';
import type { FabricSurvey, SuchRoutes } from './fabric-survey.js';
import type { Rooms } from './rooms.js';

/** Problems of one kind that are listed one by one. */
const LISTED = 10;
/** VNIs that are named in a sentence. */
const NAMED = 5;

/** What does not fit between this leaf and the others, or among the others, though each session and each device is as it should be. */
export function fabricProblems(rooms: Rooms, survey: FabricSurvey): ProblemNote[] {
  return [
    ...vtepNotes(survey),
    ...rdNotes(rooms, survey),
    ...bridgelessNotes(rooms),
    ...targetNotes(rooms, survey),
    ...numberNotes(rooms, survey),
    ...vrflessNotes(rooms, survey),
    ...gatewayNotes(rooms, survey),
  ];
}

/** Routes that the VRF imports and cannot use, by what is to be mended. */
export function vrfRouteProblems({ unusedOfVrf }: FabricSurvey, name: string): ProblemNote[] {
  return [...(unusedOfVrf.get(name) ?? [])].map(([reason, { count, first }]) => ({
    severity: 'warning',
    problem: `VRF ${name}: ${counted(count, 'route')} not used: ${UNUSED[reason].text} (${formatNlri(first.nlri)} of ${formatIp(first.attributes.nextHop)})`,
    fix: UNUSED[reason].cure ?? null,
  }));
}

/** Two leaves with one VTEP address: frames for both go to whichever the underlay prefers. */
function vtepNotes({ ownVtepElsewhere, sharedVteps }: FabricSurvey): ProblemNote[] {
  const own = [...ownVtepElsewhere].map(
    ([vtep, { nlri, source }]): ProblemNote => ({
      severity: 'warning',
      problem: `${formatIp(vtep)}, this leaf's VTEP address, is another leaf's too, whose routes (RD ${nlri.rd}) neighbor ${source.neighbor} passes on: frames for one may go to the other`,
      fix: 'give one of the two another address: ip link set dev DEVICE type vxlan local ADDRESS; unless the two are a pair with one anycast VTEP (MLAG), for which it is right',
    }),
  );
  const others = [...sharedVteps].map(
    ([vtep, routers]): ProblemNote => ({
      severity: 'info',
      problem: `${formatIp(vtep)} is the VTEP address of two leaves, with router-ids ${routers.map(formatIp).join(' and ')}: right for a pair with one anycast VTEP (MLAG) alone`,
      fix: 'elsewhere give one of the two another VTEP address',
    }),
  );
  return [...own, ...others.slice(0, LISTED)];
}

/** Two leaves with one route distinguisher: of routes to the same only one is seen (RFC 7432 §7.9). */
function rdNotes({ config }: Rooms, { sharedRds }: FabricSurvey): ProblemNote[] {
  const { routerId } = config();
  return [...sharedRds].slice(0, LISTED).map(([rd, vteps]) => {
    const cause =
      rd.routerId === undefined
        ? `RD ${rd}`
        : rd.routerId === routerId
          ? `RD ${rd}, whose first part is this leaf's router-id`
          : `RD ${rd}, whose first part is the router-id of both`;
    return {
      severity: 'warning',
      problem: `${vteps.map(formatIp).join(' and ')} have the same ${cause}: of two routes to the same MAC or prefix neighbors pass on only one`,
      fix: 'give each leaf a router-id of its own, and each VNI on each leaf its own `rd` where that is configured',
    };
  });
}

/** A device that no bridge has may be another program's; not one of a VNI that other leaves announce. */
function bridgelessNotes({ evpn, config }: Rooms): ProblemNote[] {
  const notes: ProblemNote[] = [];
  for (const { vni, at, flooding } of evpn.vrfs()) {
    if (at === undefined || at.bridgeIfindex !== 0 || flooding.routes.size === 0) continue;
    // Those that are listed have a problem of their own
    if (config().evpn.vnis.get(vni)?.advertise === true) continue;
    const { size } = flooding.routes;
    notes.push({
      severity: 'warning',
      problem: `VNI ${vni}: ${at.vxlanName} is in no bridge, and ${counted(size, 'other leaf', 'other leaves')} announce${size === 1 ? 's' : ''} the VNI: nothing is bridged to ${size === 1 ? 'it' : 'them'}`,
      fix: `ip link set dev ${at.vxlanName} master BRIDGE`,
    });
  }
  return notes.slice(0, LISTED);
}

/** VNIs and VRFs whose number others announce by route targets that are not imported here. */
function targetNotes({ evpn }: Rooms, { strangeVnis, strangeL3vnis }: FabricSurvey): ProblemNote[] {
  const notes: ProblemNote[] = [];
  for (const vrf of evpn.vrfs()) {
    const strange = strangeVnis.get(vrf.vni);
    if (strange)
      notes.push(targetNote(`VNI ${vrf.vni}`, 'evpn.vnis', vrf, strange, 'Type-3 route', hearsAny(vrf)));
  }
  for (const vrf of evpn.ipVrfs.values()) {
    const strange = strangeL3vnis.get(vrf.l3vni);
    const its = { vni: vrf.l3vni, importTargets: vrf.importTargets };
    if (strange)
      notes.push(
        targetNote(
          `VRF ${vrf.name}, L3VNI ${vrf.l3vni}`,
          'evpn.vrfs',
          its,
          strange,
          'Type-5 route',
          vrf.prefixes.size > 0,
        ),
      );
  }
  return notes.slice(0, LISTED);
}

function targetNote(
  what: string,
  list: 'evpn.vnis' | 'evpn.vrfs',
  vrf: { readonly vni: Vni; readonly importTargets: readonly RouteTargetPattern[] },
  { count, first }: SuchRoutes,
  kind: string,
  hears: boolean,
): ProblemNote {
  const { routeTargets, nextHop } = first.attributes;
  const theirs = routeTargets.map(formatRouteTarget).join(', ') || 'none';
  const ours = vrf.importTargets.map(formatRouteTargetPattern).join(', ');
  const setting = importingSetting(routeTargets, vrf);
  return {
    severity: hears ? 'info' : 'warning',
    problem: `${what}: ${counted(count, kind)} with this VNI not imported: ${formatIp(nextHop)} sends route targets ${theirs}, and ${ours} is imported here`,
    fix:
      setting === undefined
        ? 'let the other leaf send route targets'
        : 'autoRt' in setting
          ? `\`evpn.auto-rt: ${setting.autoRt}\` here, or the same route targets on both leaves`
          : `\`import-route-targets: [${setting.importTargets.map((each) => `'${formatRouteTargetPattern(each)}'`).join(', ')}]\` of \`${list}\` here, or the same route targets on both leaves`,
  };
}

/** A VNI number that nobody else has, while others have numbers that this leaf does not: one of them may be mistyped. */
function numberNotes({ evpn, dataPlane }: Rooms, survey: FabricSurvey): ProblemNote[] {
  const { strangeVnis, strangeL3vnis, awaiting } = survey;
  const vnis = [...evpn.vrfs()];
  const ipVrfs = [...evpn.ipVrfs.values()];
  const isHere = (vni: number) => dataPlane.topology.vnis.has(vni as Vni);
  const lonely = vnis.filter(
    (vrf) => vrf.localVtep !== undefined && !hearsAny(vrf) && !strangeVnis.has(vrf.vni) && !awaiting.has(vrf),
  );
  const lonelyL3 = ipVrfs.filter(
    (vrf) => vrf.at.up && vrf.prefixes.size === 0 && !strangeL3vnis.has(vrf.l3vni) && !awaiting.has(vrf),
  );
  return [
    ...numberNote(
      lonely.map(({ vni }) => `VNI ${vni}`),
      [...strangeVnis.keys()].filter((vni) => !isHere(vni)),
      lonely.length === vnis.length,
    ),
    ...numberNote(
      lonelyL3.map(({ name, l3vni }) => `VRF ${name} with L3VNI ${l3vni}`),
      [...strangeL3vnis.keys()].filter((vni) => !isHere(vni)),
      lonelyL3.length === ipVrfs.length,
    ),
  ];
}

/** `all`: this leaf has nothing in common with any other. */
function numberNote(ours: readonly string[], theirs: number[], all: boolean): ProblemNote[] {
  if (ours.length === 0 || theirs.length === 0) return [];
  return [
    {
      severity: all ? 'warning' : 'info',
      problem: `no other leaf announces ${few(ours)}, and others announce VNI ${few(theirs.sort((a, b) => a - b))}, which this leaf does not have`,
      fix: 'see whether a number is mistyped: a VNI has the same on every leaf',
    },
  ];
}

function few(items: readonly (string | number)[]): string {
  const more = items.length - NAMED;
  return `${items.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Some other leaf is in the VNI. */
function hearsAny({ flooding, counts }: MacVrf): boolean {
  return flooding.routes.size > 0 || flooding.trees.size > 0 || counts.remoteMacs > 0;
}

/** VNIs here that others route with, and that no VRF here routes with. */
function vrflessNotes({ evpn, dataPlane, config }: Rooms, { strangeL3vnis }: FabricSurvey): ProblemNote[] {
  const { topology } = dataPlane;
  const routing = new Set<number>([...evpn.ipVrfs.values()].map(({ l3vni }) => l3vni));
  const notes: ProblemNote[] = [];
  for (const [vni, { count, first }] of strangeL3vnis) {
    const at = topology.vnis.get(vni as Vni);
    if (!at || routing.has(vni)) continue;
    const vrf = topology.vrfs.get(topology.interfaces.get(at.sviIfindex)?.vrf ?? 0);
    if (vrf && config().evpn.vrfs.get(vrf.name)?.advertise === false) continue;
    // It is refused, and vrfFaults says why
    if (vrf?.l3vni === vni) continue;
    const [fault, fix] =
      at.sviIfindex === 0
        ? [`${at.vxlanName} has no SVI`, 'give it one, in the VRF that it is to route for']
        : vrf
          ? [
              `VRF ${vrf.name} has it as a VNI of hosts`,
              `evpn.vrfs: [{ name: ${vrf.name}, l3vni: ${vni} }], or no address and no port for it`,
            ]
          : [`its SVI ${at.sviName} is in no VRF`, `ip link set dev ${at.sviName} master VRF`];
    notes.push({
      severity: 'warning',
      problem: `VNI ${vni}: other leaves, ${formatIp(first.attributes.nextHop)} among them, route with it (${counted(count, 'Type-5 route')}), and no VRF here does: ${fault}`,
      fix,
    });
  }
  return notes.slice(0, LISTED);
}

/** An anycast gateway has one MAC (RFC 9135 §4.1), so that a host that moves keeps it. */
function gatewayNotes({ dataPlane: { topology } }: Rooms, { otherGateways }: FabricSurvey): ProblemNote[] {
  return otherGateways.slice(0, LISTED).map(({ vni, ip, path }) => {
    const { nlri, attributes } = path;
    const mac = 'mac' in nlri && nlri.mac !== undefined ? formatMac(nlri.mac) : '';
    const at = topology.vnis.get(vni);
    const own = at?.sviMac === undefined ? 'another MAC' : formatMac(at.sviMac);
    // A host that has taken the address has no MAC for a gateway: only the community tells the two apart
    const { defaultGateway } = attributes;
    const effect = defaultGateway
      ? 'for a gateway: hosts that move between the two lose their gateway until they ask for its MAC again'
      : 'perhaps for a host: others may take it for their gateway';
    return {
      severity: 'warning',
      problem: `VNI ${vni}: ${formatIp(ip)} is this leaf's own address, with ${own}, and ${formatIp(attributes.nextHop)} announces it with ${mac}, ${effect}`,
      fix: defaultGateway
        ? `give a gateway that all leaves have one MAC: ip link set dev ${at?.sviName || 'SVI'} address ${mac}; or take the address away from one of the two`
        : 'if it is a gateway there, give both one MAC; if it is a host, take the address away from the host',
    };
  });
}
