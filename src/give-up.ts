import type { Logger } from 'pino';
import { ConfigError, formatFinding } from './config/index.js';
import { StartError } from './types/index.js';

/** EX_CONFIG of sysexits.h: a restart does not help unless the file changes. */
const EXIT_CONFIG = 78;

/**
 * Logs why the daemon cannot start: a line for each fault of the configuration, or one line, with the
 * frames of the stack if it may be a fault of evpnd. Returns the exit code.
 */
export function giveUp(error: unknown, log: Pick<Logger, 'fatal'>): number {
  if (error instanceof ConfigError) {
    for (const finding of error.findings) log.fatal({ event: 'config.fault' }, formatFinding(finding));
    return EXIT_CONFIG;
  }
  log.fatal(framesOf(error), `evpnd cannot start: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
}

/** The stack without its first lines, which repeat the message. */
function framesOf(error: unknown): { readonly stack?: readonly string[] } {
  if (!(error instanceof Error) || error instanceof StartError) return {};
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { stack: frames.map((line) => line.trim()) };
}
