import { setTimeout as delay } from 'node:timers/promises';

/**
 * The environment variable that says how many times longer than on a host with nothing else to do the lab waits before it
 * gives up: beside other lanes of `npm test`, and in machines (lab/machine.ts) with a processor that is emulated, some ten
 * times slower, of which waiting is a part only.
 */
export const PACE = 'EVPND_LAB_PACE';
/** Its value, by which every patience is multiplied. */
export const pace = Number(process.env[PACE] ?? 1);

/** How long and how often `waitFor` looks. */
export interface WaitOptions {
  /** Milliseconds in all, more in a machine that is slow; 20,000 when absent. */
  timeout?: number;
  /** Milliseconds between two looks; 100 when absent. */
  interval?: number;
  /** What is waited for, as the error says it: "no <what> within …". */
  what: string;
  /** How the last look is shown in the error; JSON when absent. */
  show?: (last: unknown) => string;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, undefined, 1) ?? String(value));
}

/**
 * Looks until `look` gives something true and resolves with it. A look that throws counts as not yet.
 * @throws Error that names what was waited for and what the last look saw.
 */
export async function waitFor<T>(look: () => T | Promise<T>, options: WaitOptions): Promise<NonNullable<T>> {
  const timeout = (options.timeout ?? 20_000) * pace;
  const end = performance.now() + timeout;
  for (;;) {
    let last: unknown;
    try {
      const value = await look();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (performance.now() >= end) {
      throw new Error(
        `no ${options.what} within ${timeout} ms; last seen: ${(options.show ?? asText)(last)}`,
      );
    }
    await delay(options.interval ?? 100);
  }
}
