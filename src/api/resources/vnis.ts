import { type Static, Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { vniOwner } from '../../dataplane/index.js';
import type { MacVrf } from '../../evpn/index.js';
import { formatRouteTarget, formatRouteTargetPattern, isVni, toVni, type Vni } from '../../types/index.js';
import { Problem } from '../errors.js';
import { numberOrder } from '../orders.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import { NoQuery, PageQuery, VniPath } from '../parameters.js';
import { hardwareItem, VniHardwareSchema } from '../parts/offload.js';
import { ProblemNoteSchema } from '../parts/problem-note.js';
import { ipText } from '../present.js';
import { listOf, named, pageOf, type Resource } from '../resource.js';
import { excessProblems } from '../rooms/excess-problems.js';
import { absentProblems, hostProblems } from '../rooms/host-problems.js';
import { problemItem } from '../rooms/problem-items.js';
import type { Rooms } from '../rooms/rooms.js';
import { Address, Count, closed, nullable, ref, Text, VniNumber } from '../schema-words.js';

const VniSchema = Type.Object(
  {
    vni: VniNumber(),
    rd: nullable(Text('null if the VNI is not served.')),
    importRouteTargets: Type.Array(Text('`*:n` takes any AS.')),
    exportRouteTargets: Type.Array(Text()),
    vxlanDevice: nullable(Text('null if the kernel has no device for the VNI.')),
    bridge: nullable(Text()),
    vlan: nullable(
      Type.Integer({ minimum: 1, maximum: 4094, description: 'null on a bridge without VLAN filtering.' }),
    ),
    svi: nullable(Text('The device whose neighbor table serves the VNI.')),
    localVtep: nullable(Address("The VXLAN device's local address.")),
    multicastGroup: nullable(Address()),
    advertised: Type.Boolean(),
    up: Type.Boolean({ description: 'True if the VNI can forward.' }),
    problems: Type.Array(ref(ProblemNoteSchema)),
    hardware: nullable(ref(VniHardwareSchema)),
    openDrifts: Count('Number of open drifts; /api/v1/drift?vni= lists them.'),
    counts: Type.Object(
      {
        localMacs: Count(),
        remoteMacs: Count(),
        localIps: Count(),
        remoteIps: Count(),
        remoteVteps: Count(),
        floodVteps: Count('VTEPs that get a copy of each broadcast, unknown unicast and multicast frame.'),
        floodVtepsLeftOut: Count('VTEPs that get none, because of `evpn.flood-limit`.'),
        rememberedAddresses: Count('Addresses without a claim that are remembered for mobility.'),
      },
      closed,
    ),
  },
  { $id: 'Vni', ...closed },
);

export type VniItem = Static<typeof VniSchema>;

export interface VniReads {
  vnis(): Pages<VniItem>;
  vni(vni: Vni): VniItem | undefined;
}

/** The VNIs of the kernel and of the configuration. */
export const vnis: Resource<VniReads> = {
  schemas: [VniHardwareSchema, VniSchema],
  endpoints: [
    {
      path: '/vnis',
      summary: 'The VNIs of the kernel and of the configuration, by number',
      query: PageQuery,
      answer: listOf('Vni'),
      problems: [400],
      handle: (model, { query }, turns) => pageOf(model.vnis(), query, turns),
    },
    {
      path: '/vnis/:vni',
      summary: 'One VNI',
      query: NoQuery,
      params: VniPath,
      answer: named('Vni'),
      problems: [400, 404],
      handle: (model, request) => {
        const vni = vniOf(request);
        return found(model.vni(vni), vni);
      },
    },
  ],
  reads: (rooms) => ({
    vnis() {
      const known = knownVnis(rooms);
      return pagesByKey({
        total: known.size,
        rows: () => known,
        where: (vni) => isKnownVni(rooms, vni),
        key: (vni) => vni,
        order: vniOrder,
        item: (vni) => vniItem(rooms, vni),
      });
    },
    vni: (vni) => (isKnownVni(rooms, vni) ? vniItem(rooms, vni) : undefined),
  }),
};

/** The VNI of the path. */
export function vniOf(request: FastifyRequest): Vni {
  return toVni((request.params as Static<typeof VniPath>).vni);
}

/** Throws Problem no-such-vni if there is no value. */
export function found<Value>(value: Value | undefined, vni: Vni): Value {
  if (value === undefined)
    throw new Problem('no-such-vni', `VNI ${vni} is neither in the kernel nor configured`);
  return value;
}

const vniOrder: KeyOrder<Vni> = {
  ...numberOrder,
  decode: (text) => {
    const number = numberOrder.decode(text);
    return number !== undefined && isVni(number) ? number : undefined;
  },
};

/** Every VNI that the kernel has or the configuration names, in no order. */
function knownVnis({ config, dataPlane }: Rooms): Set<Vni> {
  return new Set([...dataPlane.topology.vnis.keys(), ...config().evpn.vnis.keys()]);
}

/** Whether the kernel has the VNI or the configuration names it. */
export function isKnownVni({ config, dataPlane }: Rooms, vni: Vni): boolean {
  return dataPlane.topology.vnis.has(vni) || config().evpn.vnis.has(vni);
}

/** A known VNI as the API shows it. */
function vniItem(rooms: Rooms, vni: Vni): VniItem {
  const { dataPlane, evpn } = rooms;
  const at = dataPlane.topology.vnis.get(vni);
  const vrf = evpn.vrf(vni);
  return {
    vni,
    rd: vrf ? String(vrf.rd) : null,
    importRouteTargets: vrf?.importTargets.map(formatRouteTargetPattern) ?? [],
    exportRouteTargets: vrf?.exportTargets.map(formatRouteTarget) ?? [],
    vxlanDevice: at?.vxlanName ?? null,
    bridge: at?.bridgeName || null,
    vlan: at?.vlan || null,
    svi: at?.sviName || null,
    localVtep: ipText(at?.localVtep),
    multicastGroup: ipText(at?.multicastGroup),
    advertised: vrf?.flooding.advertised !== undefined,
    up: at?.up ?? false,
    problems: [
      ...[...dataPlane.problems.all()]
        // A device's own problem is one of each of its VNIs
        .filter((each) => each.vni === vni || (each.vni === undefined && each.device === at?.vxlanName))
        .map(problemItem),
      ...[...dataPlane.problems.ofGateways(vni)].map(problemItem),
      ...absentProblems(rooms, vni),
      ...hostProblems(rooms, vni),
      ...excessProblems(rooms, vni).map(({ note }) => note),
    ],
    hardware: hardwareItem(rooms.hardware?.vni(vni)),
    openDrifts: dataPlane.drift.openIn(vniOwner(vni)),
    counts: {
      ...countsOf(vrf),
      remoteVteps: vrf?.flooding.routes.size ?? 0,
      floodVteps: dataPlane.plane(vni)?.floods.size ?? 0,
      floodVtepsLeftOut: vrf?.flooding.leftOut?.size ?? 0,
      rememberedAddresses: evpn.memory.size(vni),
    },
  };
}

function countsOf(vrf: MacVrf | undefined): MacVrf['counts'] {
  return vrf?.counts ?? { localMacs: 0, remoteMacs: 0, localIps: 0, remoteIps: 0 };
}
