import type { Static } from '@sinclair/typebox';
import { neighborOrder } from '../orders.js';
import { type Pages, pagesByKey } from '../paging.js';
import { AddressPath, NoQuery, neighborParameter, noSuchNeighbor, PageQuery } from '../parameters.js';
import { ReasonCountSchema } from '../parts/reason-count.js';
import { listOf, named, pageOf, type Resource } from '../resource.js';
import { NO_ROUTES, type Survey, surveyOf } from '../rooms/route-survey.js';
import { BfdSchema } from './bfd-item.js';
import { type NeighborItem, NeighborSchema, neighborItem } from './neighbor-item.js';
import { RouterSchema } from './router-item.js';

interface NeighborReads {
  neighbors(): Pages<NeighborItem>;
  neighbor(name: string): NeighborItem | undefined | Promise<NeighborItem | undefined>;
}

/** The BGP neighbors. */
export const neighbors: Resource<NeighborReads> = {
  schemas: [BfdSchema, ReasonCountSchema, RouterSchema, NeighborSchema],
  endpoints: [
    {
      path: '/neighbors',
      summary: 'The BGP neighbors, by address, then those by interface',
      query: PageQuery,
      answer: listOf('Neighbor'),
      problems: [400],
      handle: (model, { query }, turns) => pageOf(model.neighbors(), query, turns),
    },
    {
      path: '/neighbors/:address',
      summary: 'One BGP neighbor',
      query: NoQuery,
      params: AddressPath,
      answer: named('Neighbor'),
      problems: [400, 404],
      handle: async (model, { params }) => {
        const name = neighborParameter((params as Static<typeof AddressPath>).address);
        const neighbor = await model.neighbor(name);
        if (!neighbor) throw noSuchNeighbor(name);
        return neighbor;
      },
    },
  ],
  reads(rooms) {
    const { speaker } = rooms;
    const survey = surveyOf(rooms);
    return {
      neighbors() {
        let use: Survey['neighbors'] = new Map();
        const pages = pagesByKey({
          total: speaker.neighbors().length,
          rows: () => speaker.neighbors(),
          key: ({ address }) => address,
          order: neighborOrder,
          item: (neighbor) => neighborItem(neighbor, use.get(neighbor.address) ?? NO_ROUTES),
        });
        return {
          total: pages.total,
          async page(after, limit, turns, show) {
            use = (await survey.take()).neighbors;
            return pages.page(after, limit, turns, show);
          },
        };
      },
      async neighbor(name) {
        const { neighbors: use } = await survey.take();
        const found = speaker.neighbor(name);
        return found && neighborItem(found, use.get(found.address) ?? NO_ROUTES);
      },
    };
  },
};
