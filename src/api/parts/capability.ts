import { type Static, Type } from '@sinclair/typebox';
import type { Capability as Offered } from '../../wire/index.js';
import { closed, nullable, Text } from '../schema-words.js';

/** A capability of an OPEN (RFC 5492). */
export const Capability = Type.Object(
  {
    code: Type.Integer({ minimum: 0, maximum: 255, description: 'RFC 5492 capability code.' }),
    name: Text(
      'Such as multiprotocol, route-refresh, four-octet-as; unknown if evpnd does not know the code.',
    ),
    value: nullable(Text('Its value as text; hexadecimal if evpnd does not know the code.')),
  },
  closed,
);

type CapabilityItem = Static<typeof Capability>;

/** Returns capabilities as the API shows them; null before an OPEN. */
export function capabilityItems(capabilities: readonly Offered[]): CapabilityItem[] | null {
  return capabilities.length === 0 ? null : capabilities.map(capabilityItem);
}

function capabilityItem(capability: Offered): CapabilityItem {
  switch (capability.code) {
    case 1:
      return { code: 1, name: 'multiprotocol', value: `${capability.afi}/${capability.safi}` };
    case 2:
      return { code: 2, name: 'route-refresh', value: null };
    case 5:
      return {
        code: 5,
        name: 'extended-next-hop',
        value: capability.nextHops
          .map(({ afi, safi, nextHopAfi }) => `${afi}/${safi} by ${nextHopAfi}`)
          .join(', '),
      };
    case 6:
      return { code: 6, name: 'extended-message', value: null };
    case 64:
      return {
        code: 64,
        name: 'graceful-restart',
        value: [
          `${capability.restartTime} s`,
          ...(capability.notification ? ['notification'] : []),
          ...capability.families.map(
            ({ afi, safi, forwardingPreserved }) =>
              `${afi}/${safi}${forwardingPreserved ? ' preserved' : ''}`,
          ),
        ].join(', '),
      };
    case 65:
      return { code: 65, name: 'four-octet-as', value: String(capability.asn) };
    case 70:
      return { code: 70, name: 'enhanced-route-refresh', value: null };
    case 71:
      return {
        code: 71,
        name: 'long-lived-graceful-restart',
        value: capability.families
          .map(
            ({ afi, safi, forwardingPreserved, staleTime }) =>
              `${afi}/${safi} ${staleTime} s${forwardingPreserved ? ' preserved' : ''}`,
          )
          .join(', '),
      };
    default:
      return {
        code: capability.rawCode,
        name: 'unknown',
        value: Buffer.from(capability.value).toString('hex'),
      };
  }
}
