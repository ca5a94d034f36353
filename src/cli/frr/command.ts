import { type Client, ClientError, type Item } from '../client.js';

/** What a command asks: the API. What it was given: values of its variables by their names, and as `choice` the keyword of several. */
export type Api = Pick<Client, 'get' | 'all'>;
export type Given = Readonly<Record<string, string>>;

/** What a command answers: the value for programs, and what a person reads. */
export interface Answer {
  readonly json: unknown;
  /** Throws ClientError where there is nothing to show. */
  readonly text: () => string;
}

/** One of FRR's commands. */
export interface FrrCommand {
  /** Its words: keywords, variables in capitals (`words.ts`), and several of them with `|` between where one is chosen. */
  readonly words: string;
  readonly does: string;
  readonly answer: (api: Api, given: Given) => Promise<Answer>;
}

/** Returns the answer; undefined where the API has no such thing. Rejects with ClientError for all else. */
export async function unlessMissing<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return undefined;
    throw error;
  }
}

/** The clock of the leaf when it answered: milliseconds since 1970. */
export const nowOf = ({ startedAt, uptimeSeconds }: Item) =>
  Date.parse(String(startedAt)) + Number(uptimeSeconds) * 1000;

/** Returns the fields that have a value: those without one are left out, as FRR does. */
export function present(fields: Item): Item {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** Returns an object with an entry for each item. */
export const keyed = (items: readonly Item[], key: string, value: (item: Item) => unknown): Item =>
  Object.fromEntries(items.map((item) => [String(item[key]), value(item)]));
