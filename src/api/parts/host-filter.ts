import { type Static, Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { type Ip, parseIp, type Vni } from '../../types/index.js';
import type { Pages } from '../paging.js';
import { originFilter, PageQuery, parsed } from '../parameters.js';
import { pageOf } from '../resource.js';
import { found, vniOf } from '../resources/vnis.js';
import { closed } from '../schema-words.js';
import type { Turns } from '../turnstile.js';

/** Which addresses of a VNI; an undefined field does not restrict. */
export interface HostFilter {
  readonly origin: 'local' | 'remote' | undefined;
  /** The VTEP of the address. */
  readonly vtep: Ip | undefined;
}

export const HostQuery = Type.Object(
  {
    ...PageQuery.properties,
    origin: originFilter('local: at a port of this leaf; remote: at another VTEP.'),
    vtep: Type.Optional(Type.String({ description: 'Its VTEP.' })),
  },
  closed,
);

/**
 * The page of a VNI's hosts that the request asks for. Throws Problem invalid-parameter for text that the schema let pass,
 * and no-such-vni.
 */
export function pageOfHosts<Item>(
  read: (vni: Vni, filter: HostFilter) => Pages<Item> | undefined,
  request: FastifyRequest,
  turns: Turns,
) {
  const vni = vniOf(request);
  const { origin, vtep } = request.query as Static<typeof HostQuery>;
  const pages = read(vni, { origin, vtep: parsed('vtep', vtep, parseIp) });
  return pageOf(found(pages, vni), request.query, turns);
}

/** True if an address with this owner belongs to the list; `behind`: its VTEP if it is remote. */
export function isAmong({ origin, vtep }: HostFilter, owner: string, behind: Ip | undefined): boolean {
  if (owner === 'none') return false;
  if (origin !== undefined && owner !== origin) return false;
  return vtep === undefined || (owner === 'remote' && behind === vtep);
}

/** Returns the number of matching addresses if it is known without a walk; undefined for a filter by VTEP. */
export function hostTotal(local = 0, remote = 0, { origin, vtep }: HostFilter): number | null {
  if (vtep !== undefined) return null;
  return (origin === 'remote' ? 0 : local) + (origin === 'local' ? 0 : remote);
}
