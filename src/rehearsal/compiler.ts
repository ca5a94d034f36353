import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { native } from '../linux/index.js';

/** When what is played is compiled. */
export interface Compiler {
  /** Nothing from now on, however often it runs: only what it meets is noted. */
  hold(): void;
  /** Everything that runs some dozens of times, by what has been noted. */
  hurry(): void;
  /** As ever; what is ordered by then is compiled in the background. */
  release(): void;
}

/** Flags of V8 11.3 with their defaults (`node --v8-options`), and what holds it up and lets it hurry. */
const FLAGS = [
  // Octets of bytecode that a function runs before it is looked at; it counts from the look before
  { name: 'interrupt-budget', release: 67_584, hold: 3_000, hurry: 9_000 },
  // So many looks make it hot, and more for a long one
  { name: 'ticks-before-optimization', release: 3, hold: 1_000_000, hurry: 1 },
  { name: 'bytecode-size-allowance-per-tick', release: 150, hold: 150, hurry: 100_000 },
  // A function as short as this is hot at the first look
  { name: 'max-bytecode-size-for-early-opt', release: 81, hold: 0, hurry: 81 },
] as const;

/** For so long compiled code is looked for at most, and how often, in milliseconds: it takes a processor's second in all. */
const INSTALLING_MS = 3000;
const INSTALL_EVERY_MS = 5;
/** V8 is done where the process has used less than a tenth of a processor for as long. */
const QUIET_MS = 100;

/**
 * V8 takes over what its helper thread has compiled when JavaScript runs next, and keeps all that it needed for it until
 * then: a hundred kilobytes a function, in a process that rests for as long. In the end it goes back to the kernel.
 */
function install(): void {
  const began = performance.now();
  let looked = began;
  let used = process.cpuUsage();
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - looked < QUIET_MS) return;
    const { user, system } = process.cpuUsage(used);
    const isQuiet = (user + system) / 1000 < (now - looked) / 10;
    looked = now;
    used = process.cpuUsage();
    if (!isQuiet && now - began < INSTALLING_MS) return;
    clearInterval(timer);
    native().trimMemory();
  }, INSTALL_EVERY_MS);
  timer.unref();
}

/**
 * V8 of Node 20, which is told by flags that it reads whenever it looks; undefined where V8 is another one, or where there
 * is one processor, which would compile in the place of what the daemon is there for.
 */
export function v8Compiler(): Compiler | undefined {
  if (!process.versions.v8.startsWith('11.3.') || availableParallelism() < 2) return undefined;
  const set = (how: keyof Compiler) => () => {
    for (const flag of FLAGS) setFlagsFromString(`--${flag.name}=${flag[how]}`);
  };
  const release = set('release');
  return {
    hold: set('hold'),
    hurry: set('hurry'),
    release: () => {
      release();
      install();
    },
  };
}
