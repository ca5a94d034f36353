import { inertJson } from '../types/index.js';
import { ITEMS_A_TURN } from './paging.js';
import type { Turns } from './turnstile.js';

/** An answer that is JSON already. */
export class Written {
  constructor(readonly json: string) {}
}

/** Names of devices and strings from neighbors are untrusted text that ends up on an operator's terminal. */
export function toJson(answer: unknown): string {
  return answer instanceof Written ? answer.json : inertJson(JSON.stringify(answer));
}

/** Returns the answer itself unless it is a long list, which is serialized by `toJson` in several turns. */
export async function writtenInTurns(answer: unknown, turns: Turns): Promise<unknown> {
  if (typeof answer !== 'object' || answer === null || !('items' in answer)) return answer;
  const { items } = answer;
  if (!Array.isArray(items) || items.length <= ITEMS_A_TURN) return answer;
  const members: string[] = [];
  for (const [name, value] of Object.entries(answer)) {
    if (value === undefined) continue;
    const json = value === items ? `[${await elements(items, turns)}]` : toJson(value);
    members.push(`${JSON.stringify(name)}:${json}`);
  }
  return new Written(`{${members.join(',')}}`);
}

async function elements(items: readonly unknown[], turns: Turns): Promise<string> {
  const parts: string[] = [];
  for (let from = 0; from < items.length; from += ITEMS_A_TURN) {
    await turns.next();
    // Without the brackets
    parts.push(turns.timed(() => toJson(items.slice(from, from + ITEMS_A_TURN)).slice(1, -1)));
  }
  return parts.join(',');
}
