import { type Static, Type } from '@sinclair/typebox';
import { ipOrder } from '../orders.js';
import { type Pages, pagesByKey } from '../paging.js';
import { PageQuery } from '../parameters.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import { Address, Count, closed, VniNumber } from '../schema-words.js';

const VtepSchema = Type.Object(
  {
    address: Address(),
    vnis: Type.Array(VniNumber(), { description: 'VNIs in which it gets flooded frames or has hosts.' }),
    macs: Count('Number of remote MACs there.'),
    routes: Count('Number of routes with this next hop.'),
  },
  { $id: 'Vtep', ...closed },
);

export type VtepItem = Static<typeof VtepSchema>;

interface VtepReads {
  vteps(): Pages<VtepItem>;
}

/** The remote VTEPs. */
export const vteps: Resource<VtepReads> = {
  schemas: [VtepSchema],
  endpoints: [
    {
      path: '/vteps',
      summary: 'The remote VTEPs, by address',
      query: PageQuery,
      answer: listOf('Vtep'),
      problems: [400],
      handle: (model, { query }, turns) => pageOf(model.vteps(), query, turns),
    },
  ],
  reads: ({ evpn, dataPlane }) => ({
    vteps: () =>
      pagesByKey({
        total: evpn.vteps.remoteCount(dataPlane.topology.ownVteps),
        rows: () => evpn.vteps.remotes(dataPlane.topology.ownVteps),
        key: (vtep) => vtep.address,
        order: ipOrder,
        item: ({ address, vnis, macs, routes }) => ({
          address: ipOrder.encode(address),
          vnis: [...vnis.keys()].sort((a, b) => a - b),
          macs,
          routes,
        }),
      }),
  }),
};
