import type { Logger } from 'pino';
import { ConfigError, formatFinding } from './config/index.js';
import { StartError } from './types/index.js';

/** EX_CONFIG of sysexits.h: starting again without a change of the file is no use. */
const EXIT_CONFIG = 78;

/**
 * Logs why there will be no daemon, each sentence once: a line for each fault of the configuration, or one line, with the
 * frames of the stack where it may be a fault of evpnd. Returns the exit code.
 */
export function giveUp(error: unknown, log: Pick<Logger, 'fatal'>): number {
  if (error instanceof ConfigError) {
    for (const finding of error.findings) log.fatal({}, formatFinding(finding));
    return EXIT_CONFIG;
  }
  log.fatal(framesOf(error), `evpnd cannot start: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
}

/** The stack begins with the sentence itself. */
function framesOf(error: unknown): { readonly stack?: readonly string[] } {
  if (!(error instanceof Error) || error instanceof StartError) return {};
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { stack: frames.map((line) => line.trim()) };
}
