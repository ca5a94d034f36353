import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { statusName } from './errors.js';
import { decodeCursor, encodeCursor, type Pages } from './paging.js';
import { DEFAULT_LIMIT, type PageQuery } from './parameters.js';
import type { Rooms } from './rooms/rooms.js';
import type { Turns } from './turnstile.js';
import { toJson, Written } from './written.js';

/** A URL under /api/v1 whose answer is read through `Reads`. */
export interface Endpoint<Reads> {
  readonly path: string;
  readonly summary: string;
  readonly query: TSchema;
  readonly params?: TSchema;
  /** Schema of the answer. */
  readonly answer: TSchema;
  /** Statuses of the problems that it can answer with, besides 500. */
  readonly problems: readonly number[];
  /** Lists are walked in the turns that are given to them. Throws Problem. */
  readonly handle: (model: Reads, request: FastifyRequest, turns: Turns) => unknown;
}

/**
 * What can be read of one kind of thing: a file each in `resources/`, and a line in its list. `Reads` is its part of the
 * read model, `Model` what its endpoints look at.
 */
export interface Resource<Reads extends object, Model extends Reads = Reads> {
  /** Schemas that have a name in the description. */
  readonly schemas: readonly TSchema[];
  readonly endpoints: readonly Endpoint<Model>[];
  /** Its part of the read model. What it returns must not throw, and only pages may walk tables. */
  readonly reads: (rooms: Rooms) => Reads;
}

/** A schema of the description by its name. */
export const named = (name: string) => Type.Ref(`${name}#`);

/** The answer of every list. */
export function listOf(name: string): TSchema {
  return Type.Object(
    {
      items: Type.Array(named(name)),
      next: Type.Union([Type.String(), Type.Null()], {
        description: '`cursor` of the next page; null on the last.',
      }),
      total: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
        description:
          'Number of items in the whole list; null if counting would need a walk over all of them.',
      }),
    },
    { additionalProperties: false },
  );
}

/** Returns the page that the query requests, written. Rejects with CursorError. */
export async function pageOf<Item>(pages: Pages<Item>, query: unknown, turns: Turns): Promise<Written> {
  const { limit = DEFAULT_LIMIT, cursor } = query as Static<typeof PageQuery>;
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  const page = await pages.page(after, limit, turns, toJson);
  const next = page.next === null ? null : encodeCursor(page.next);
  return new Written(`{"items":[${page.items.join(',')}],"next":${toJson(next)},"total":${pages.total}}`);
}

/** The answers with problems, of these statuses, without the token where one is wanted, and of a fault of ours. */
export function problemAnswers(statuses: readonly number[]): Record<number, object> {
  return Object.fromEntries([...statuses, 401, 500].map((status) => [status, problemAnswer(status)]));
}

/** An answer with a problem. */
export function problemAnswer(status: number) {
  return {
    description: statusName(status),
    content: { 'application/problem+json': { schema: named('Problem') } },
  };
}
