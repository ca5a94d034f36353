import { Type } from '@sinclair/typebox';
import { statusName } from './errors.js';

/** What the description says of every resource in the same way. */

/** A schema of the description by its name. */
export const named = (name: string) => Type.Ref(`${name}#`);

/** The answers with problems, of these statuses and of a fault of ours. */
export function problemAnswers(statuses: readonly number[]): Record<number, object> {
  return Object.fromEntries([...statuses, 500].map((status) => [status, problemAnswer(status)]));
}

/** An answer with a problem. */
export function problemAnswer(status: number) {
  return {
    description: statusName(status),
    content: { 'application/problem+json': { schema: named('Problem') } },
  };
}

/** GET /vnis/:vni/arp-cache → getVnisVniArpCache */
export function operationId(method: string, path: string): string {
  const words = path.split(/[/:-]+/).filter((word) => word !== '');
  return `${method.toLowerCase()}${words.map((word) => word[0].toUpperCase() + word.slice(1)).join('')}`;
}
