import { type Static, Type } from '@sinclair/typebox';
import { type LinkPeerStatus, ND_FAULTS } from '../../nd/index.js';
import { timeText } from '../present.js';
import { Address, Count, closed, nullable, Text, Time } from '../schema-words.js';

/** In words, why a message of router discovery was not taken. */
const REASONS = {
  type: 'neither a router advertisement nor a solicitation',
  'hop-limit': 'its hop limit is not 255: it came over a router',
  code: 'its ICMPv6 code is not 0',
  length: 'it is too short',
  option: 'an option has no length, or is cut short',
  source: 'its source address is not link-local',
  own: 'it is our own, which came back: the link has a loop',
} as const satisfies Record<keyof LinkPeerStatus['rejected'], string>;

export const RouterSchema = Type.Object(
  {
    address: nullable(
      Address('The link-local address of the router that is taken; null as long as none has been heard.'),
    ),
    heardAt: nullable(Time('Its last router advertisement.')),
    fault: nullable(Text('Why no router can be heard; null if one can.')),
    others: Type.Array(Type.Object({ address: Address(), heardAt: nullable(Time()) }, closed), {
      description: 'Other routers that advertise themselves on the link, and are not taken.',
    }),
    advertisementsSent: Count(),
    advertisementsReceived: Count(),
    rejected: Type.Array(Type.Object({ reason: Text(), text: Text(), messages: Count() }, closed), {
      description: 'Messages of router discovery that were not taken, by reason.',
    }),
  },
  {
    $id: 'Router',
    ...closed,
    description: 'What is known by router advertisements of the other end of an interface.',
  },
);

/** Returns what is shown of the router at the other end of an interface. */
export function routerItem(status: LinkPeerStatus): Static<typeof RouterSchema> {
  return {
    address: status.router ?? null,
    heardAt: timeText(status.heardAt),
    fault: status.fault ?? null,
    others: status.others.map(({ address, heardAt }) => ({ address, heardAt: timeText(heardAt) })),
    advertisementsSent: status.sent,
    advertisementsReceived: status.received,
    rejected: [...ND_FAULTS, 'own' as const]
      .filter((reason) => status.rejected[reason] > 0)
      .map((reason) => ({ reason, text: REASONS[reason], messages: status.rejected[reason] })),
  };
}
