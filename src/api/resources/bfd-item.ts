import { type Static, Type } from '@sinclair/typebox';
import { BFD_STATES, type BfdStatus, diagnosticText } from '../../bfd/index.js';
import { timeText } from '../present.js';
import { Count, closed, nullable, Text, Time } from '../schema-words.js';

const State = Type.Union(
  BFD_STATES.map((state) => Type.Literal(state)),
  { description: 'RFC 5880 §4.1.' },
);
const Milliseconds = (description: string) => Type.Number({ minimum: 0, description });

export const BfdSchema = Type.Object(
  {
    state: State,
    since: Time('When the state was entered.'),
    diagnostic: Text('Why the state was entered, as sent to the neighbor (RFC 5880 §4.1).'),
    multihop: Type.Boolean({ description: 'RFC 5883; false for one hop (RFC 5881).' }),
    intervalMs: Milliseconds('`interval`.'),
    multiplier: Count('`multiplier`.'),
    transmitIntervalMs: nullable(
      Milliseconds(
        'As agreed with the neighbor; null if it wants no packets. A session that is not up sends each second.',
      ),
    ),
    detectionTimeMs: nullable(
      Milliseconds('Silence after which the path has failed; null while the neighbor is not heard.'),
    ),
    discriminator: Count('Ours.'),
    neighbor: nullable(
      Type.Object(
        {
          state: State,
          diagnostic: Text(),
          discriminator: Count(),
          desiredMinTxMs: Milliseconds('At which it wants to send.'),
          requiredMinRxMs: Milliseconds('At which it can receive; 0 for no packets.'),
          multiplier: Count(),
          controlPlaneIndependent: Type.Boolean({ description: 'The C bit.' }),
        },
        { ...closed, description: 'The last packet of the neighbor; null if none is received.' },
      ),
    ),
    packets: Type.Object(
      {
        sent: Count(),
        received: Count('Without those that were discarded.'),
        discarded: Type.Array(Type.Object({ reason: Text(), packets: Count() }, closed), {
          description:
            'Packets from its address that were discarded (RFC 5880 §6.8.6, RFC 5881 §5), by reason: ttl (one of 64 such packets is counted, the kernel drops the others), interface, no-session, or the field that was malformed.',
        }),
      },
      closed,
    ),
    ups: Count('How often the session came up.'),
    lastDown: nullable(
      Type.Object({ reason: Text(), at: Time() }, { ...closed, description: 'Why it last went down.' }),
    ),
    fault: nullable(Text('Why no packets can be sent.')),
  },
  {
    $id: 'Bfd',
    ...closed,
    description:
      'BFD (RFC 5880) on the path to the neighbor; null without the setting `bfd`, and while the neighbor is shut down.',
  },
);

export type BfdItem = Static<typeof BfdSchema>;

/** Returns the item of a BFD session. */
export function bfdItem(status: BfdStatus): BfdItem {
  const { remote, lastDown } = status;
  return {
    state: status.state,
    since: timeText(status.since) ?? '',
    diagnostic: diagnosticText(status.diagnostic),
    multihop: status.multihop,
    intervalMs: status.settings.interval,
    multiplier: status.settings.multiplier,
    transmitIntervalMs: status.transmitInterval ?? null,
    detectionTimeMs: status.detectionTime ?? null,
    discriminator: status.discriminator,
    neighbor: remote
      ? {
          state: remote.state,
          diagnostic: diagnosticText(remote.diagnostic),
          discriminator: remote.discriminator,
          desiredMinTxMs: remote.desiredMinTx,
          requiredMinRxMs: remote.requiredMinRx,
          multiplier: remote.multiplier,
          controlPlaneIndependent: remote.controlPlaneIndependent,
        }
      : null,
    packets: {
      sent: status.sent,
      received: status.received,
      discarded: Object.entries(status.dropped).map(([reason, packets]) => ({ reason, packets })),
    },
    ups: status.ups,
    lastDown: lastDown ? { reason: lastDown.reason, at: timeText(lastDown.time) ?? '' } : null,
    fault: status.fault ?? null,
  };
}
