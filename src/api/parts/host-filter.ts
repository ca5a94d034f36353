import { type Static, Type } from '@sinclair/typebox';
import { type Ip, parseIp } from '../../types/index.js';
import { PageQuery, parsed } from '../parameters.js';
import { closed } from '../schema-words.js';

/** Which addresses of a VNI; an undefined field does not restrict. */
export interface HostFilter {
  readonly origin: 'local' | 'remote' | undefined;
  /** The VTEP that the address is behind. */
  readonly vtep: Ip | undefined;
}

export const HostQuery = Type.Object(
  {
    ...PageQuery.properties,
    origin: Type.Optional(
      Type.Unsafe<'local' | 'remote'>(
        Type.String({
          enum: ['local', 'remote'],
          description: 'local: behind a port of this leaf; remote: behind another VTEP.',
          allowed: 'local or remote',
        }),
      ),
    ),
    vtep: Type.Optional(Type.String({ description: 'The VTEP that it is behind.' })),
  },
  closed,
);

/** Parses what the schema let pass as text. Throws Problem invalid-parameter. */
export function hostFilter({ origin, vtep }: Static<typeof HostQuery>): HostFilter {
  return { origin, vtep: parsed('vtep', vtep, parseIp) };
}

/** Whether a host belongs to the list; its VTEP is asked for only where it matters. */
export function isAmong({ origin, vtep }: HostFilter, owner: string, vtepOf: () => Ip | undefined): boolean {
  if (origin !== undefined && owner !== origin) return false;
  return vtep === undefined || (owner === 'remote' && vtepOf() === vtep);
}

/** What is counted already; behind one VTEP it is not. */
export function hostTotal(local = 0, remote = 0, { origin, vtep }: HostFilter): number | null {
  if (vtep !== undefined) return null;
  return (origin === 'remote' ? 0 : local) + (origin === 'local' ? 0 : remote);
}
