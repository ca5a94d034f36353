import { type Static, Type } from '@sinclair/typebox';
import type { EventPlace } from '../../events/index.js';
import { formatIp } from '../../types/index.js';
import { Address, closed, nullable, Text } from '../schema-words.js';

/** Where an address is, or was. */
export const Place = Type.Object(
  {
    device: nullable(Text('The port of this leaf; null if its name is unknown.')),
    vtep: nullable(Address('The remote leaf; null for this one.')),
  },
  closed,
);

/** Returns a place as the API shows it. */
export function placeItem(place: EventPlace): Static<typeof Place> {
  return 'vtep' in place
    ? { device: null, vtep: formatIp(place.vtep) }
    : { device: place.device ?? null, vtep: null };
}
