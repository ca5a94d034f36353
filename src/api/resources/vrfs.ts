import { type Static, Type } from '@sinclair/typebox';
import type { VrfAttachment } from '../../dataplane/index.js';
import { vrfFaults } from '../../evpn/index.js';
import { formatMac, formatPrefix, formatRouteTarget, formatRouteTargetPattern } from '../../types/index.js';
import { Problem } from '../errors.js';
import { textOrder } from '../orders.js';
import { type Pages, pagesByKey } from '../paging.js';
import { NoQuery, PageQuery } from '../parameters.js';
import { RouteCountsSchema, routeCountsItem } from '../parts/offload.js';
import { ProblemNoteSchema } from '../parts/problem-note.js';
import { ipText } from '../present.js';
import { listOf, named, pageOf, type Resource } from '../resource.js';
import { vrfRouteProblems } from '../rooms/fabric-problems.js';
import type { FabricSurvey } from '../rooms/fabric-survey.js';
import { problemItem, vrfFaultItem } from '../rooms/problem-items.js';
import type { Rooms } from '../rooms/rooms.js';
import { surveyOf } from '../rooms/route-survey.js';
import { Address, Count, closed, nullable, ref, Text, VniNumber } from '../schema-words.js';

const VrfPath = Type.Object({ name: Text('The name of the VRF device.') }, closed);

const VrfSchema = Type.Object(
  {
    name: Text('The name of the VRF device.'),
    tableId: nullable(
      Type.Integer({
        minimum: 1,
        maximum: 4294967295,
        description: 'The routing table; null without a device.',
      }),
    ),
    l3vni: nullable(VniNumber()),
    svi: nullable(Text("The L3VNI's SVI.")),
    routerMac: nullable(Text("The SVI's MAC, which other leaves send routed frames to.")),
    localVtep: nullable(Address("The address of the L3VNI's VXLAN device.")),
    rd: nullable(Text('null while no routes are exchanged for it.')),
    importRouteTargets: Type.Array(Text('`*:n` takes any AS.')),
    exportRouteTargets: Type.Array(Text()),
    vnis: Type.Array(VniNumber(), { description: 'VNIs of hosts whose SVIs are in the VRF.' }),
    up: Type.Boolean({ description: 'True if the VRF can route to other leaves.' }),
    routes: Count('Prefixes that imported routes lead to.'),
    hardwareRoutes: nullable(ref(RouteCountsSchema)),
    announcedPrefixes: Type.Array(Text(), { description: 'Prefixes that are announced (Type-5).' }),
    problems: Type.Array(ref(ProblemNoteSchema)),
  },
  { $id: 'Vrf', ...closed },
);

export type VrfItem = Static<typeof VrfSchema>;

interface VrfReads {
  vrfs(): Pages<VrfItem>;
  vrf(name: string): VrfItem | undefined | Promise<VrfItem | undefined>;
}

/** The VRFs of the kernel and of the configuration. */
export const vrfs: Resource<VrfReads> = {
  schemas: [RouteCountsSchema, VrfSchema],
  endpoints: [
    {
      path: '/vrfs',
      summary: 'The VRFs of the kernel and of the configuration, by name',
      query: PageQuery,
      answer: listOf('Vrf'),
      problems: [400],
      handle: (model, { query }, turns) => pageOf(model.vrfs(), query, turns),
    },
    {
      path: '/vrfs/:name',
      summary: 'One VRF',
      query: NoQuery,
      params: VrfPath,
      answer: named('Vrf'),
      problems: [404],
      handle: async (model, { params }) => {
        const { name } = params as Static<typeof VrfPath>;
        const vrf = await model.vrf(name);
        if (!vrf) throw new Problem('no-such-vrf', `VRF ${name} is neither in the kernel nor configured`);
        return vrf;
      },
    },
  ],
  reads(rooms) {
    const survey = surveyOf(rooms);
    return {
      vrfs() {
        let known = knownVrfs(rooms);
        let fabric: FabricSurvey | undefined;
        const pages = pagesByKey({
          total: known.size,
          rows: () => known.keys(),
          key: (name) => name,
          order: textOrder,
          item: (name) => vrfItem(rooms, name, known.get(name), fabric),
        });
        return {
          total: pages.total,
          async page(after, limit, turns, show) {
            ({ fabric } = await survey.take());
            // A walk through a large table takes seconds, in which a VRF may have come or gone
            known = knownVrfs(rooms);
            return pages.page(after, limit, turns, show);
          },
        };
      },
      async vrf(name) {
        const { fabric } = await survey.take();
        const known = knownVrfs(rooms);
        return known.has(name) ? vrfItem(rooms, name, known.get(name), fabric) : undefined;
      },
    };
  },
};

/** Every VRF that the kernel has or the configuration names. */
function knownVrfs({ config, dataPlane }: Rooms): Map<string, VrfAttachment | undefined> {
  const known = new Map<string, VrfAttachment | undefined>();
  for (const name of config().evpn.vrfs.keys()) known.set(name, undefined);
  for (const vrf of dataPlane.topology.vrfs.values()) known.set(vrf.name, vrf);
  return known;
}

function vrfItem(
  { config, dataPlane, evpn, hardware }: Rooms,
  name: string,
  vrf: VrfAttachment | undefined,
  fabric: FabricSurvey | undefined,
): VrfItem {
  const l3vni = vrf?.l3vni ?? config().evpn.vrfs.get(name)?.l3vni;
  const ipVrf = [...evpn.ipVrfs.values()].find((each) => each.name === name);
  const faults = [...vrfFaults(evpn.ipVrfs, dataPlane.topology)].filter((fault) => fault.vrf === name);
  return {
    name,
    tableId: vrf?.tableId ?? null,
    l3vni: l3vni ?? null,
    svi: vrf?.sviName || null,
    routerMac: vrf?.routerMac === undefined ? null : formatMac(vrf.routerMac),
    localVtep: ipText(vrf?.localVtep),
    rd: ipVrf ? String(ipVrf.rd) : null,
    importRouteTargets: ipVrf?.importTargets.map(formatRouteTargetPattern) ?? [],
    exportRouteTargets: ipVrf?.exportTargets.map(formatRouteTarget) ?? [],
    vnis: [...(vrf?.vnis ?? [])],
    up: vrf?.up ?? false,
    routes: ipVrf?.routes.plane.tables.route.intents.size ?? 0,
    hardwareRoutes: ipVrf ? routeCountsItem(hardware?.routes.counts(ipVrf.routes.plane)) : null,
    announcedPrefixes: ipVrf ? [...evpn.ipVrfs.announcedPrefixes(ipVrf)].map(formatPrefix) : [],
    problems: [
      ...[...dataPlane.problems.all()]
        .filter(({ vni, device }) => device === name || (vni !== undefined && vni === l3vni))
        .map(problemItem),
      ...faults.map(vrfFaultItem),
      ...(fabric ? vrfRouteProblems(fabric, name) : []),
    ],
  };
}
