import { inertJson } from '../types/index.js';

/** An answer that is JSON already. */
export class Written {
  constructor(readonly json: string) {}
}

/** Names of devices and strings from neighbors are untrusted text that ends up on an operator's terminal. */
export function toJson(answer: unknown): string {
  return answer instanceof Written ? answer.json : inertJson(JSON.stringify(answer));
}
