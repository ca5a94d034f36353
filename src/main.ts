#!/usr/bin/env -S node --no-memory-reducer --no-parallel-scavenge --concurrent-recompilation-queue-length=2000 --v8-pool-size=1 --max-semi-space-size=8 --no-allocation-site-pretenuring --initial-old-space-size=160
// --no-memory-reducer: when a process comes to rest, V8 collects its whole heap up to three times to give memory back,
// which costs 0.3 s of CPU with 100,000 routes and buys 25 MiB until the next load; only the command line can stop it.
// --no-parallel-scavenge: the young generation is small; on two processors that the kernel and a native thread want as
// well, its helpers cost a tenth of a load's CPU and are waited for.
// --concurrent-recompilation-queue-length: the rehearsal makes hundreds of functions hot at once, of which V8 would drop all
// but eight.
// --v8-pool-size: what V8 does beside JavaScript (compiling, marking) takes one processor at most, since the kernel's writer
// wants another.
// --max-semi-space-size: half of V8's. What a table brings lives on, so a collection takes as long as there is of it: with
// 16 MiB, turns of 10 to 16 ms in which nothing is sent, and 15 MiB more at the peak. With 4 there are twice as many.
// --no-allocation-site-pretenuring: in a table's flood also what soon dies outlives a collection, which V8 takes for a rule:
// it then makes what moves need for a moment among the old objects, where it is garbage until all of them are looked at.
// --initial-old-space-size: as many MiB of old objects are none too many. V8 begins with a few, finds more at every table's
// arrival and looks at them all, a tenth of a load's CPU for the little garbage that is among them. 10 to 25 MiB at the peak.
import { readFileSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import {
  ConfigError,
  formatFinding,
  loadConfig,
  parseCommandLine,
  runCheck,
  USAGE,
  UsageError,
} from './config/index.js';
import { type Daemon, startDaemon } from './daemon.js';
import { yieldHelperThreads } from './helper-threads.js';
import { kernelInsight } from './kernel-insight.js';
import { LinuxKernel, LinuxSnooper, sdNotify } from './linux/index.js';
import { kernelPolicy } from './settings.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

async function run(path: string): Promise<void> {
  yieldHelperThreads();
  const config = loadConfig(path);
  const log = pino({ level: config.log.level, base: undefined });
  const { receiveBufferBytes } = config.kernel;
  const kernel = new LinuxKernel({ log, receiveBuffer: receiveBufferBytes });
  const snooper = config.evpn.snooping ? new LinuxSnooper({ log }) : undefined;
  let daemon: Daemon | undefined;
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    sdNotify('STOPPING=1');
    const done = daemon?.stop() ?? Promise.resolve();
    done
      .catch((error: unknown) => log.error({ err: error }, 'not everything could be put away'))
      .finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Rows and routes stay; the supervisor starts anew and the next process adopts what stands
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'a fault that nothing caught; giving up');
    process.exit(70);
  });
  const insight = await kernelInsight(kernel, receiveBufferBytes);
  daemon = await startDaemon({
    config,
    kernel,
    snooper,
    insight,
    log,
    version,
    onConfig: (running) => kernel.setPolicy(kernelPolicy(running)),
  });
  process.on('SIGHUP', () => void reload(path, daemon, log));
  startWatchdog();
  sdNotify('READY=1');
  log.info({ version, config: path }, 'evpnd runs');
}

async function reload(path: string, daemon: Daemon | undefined, log: Logger<never, boolean>): Promise<void> {
  sdNotify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  try {
    const config = loadConfig(path);
    log.level = config.log.level;
    await daemon?.reload(config);
  } catch (error) {
    const findings = error instanceof ConfigError ? error.findings.map(formatFinding) : [String(error)];
    log.error({ findings }, 'the configuration was not taken over; the running one stays');
  }
  sdNotify('READY=1');
}

/** Tells systemd at half its patience that the event loop turns. */
function startWatchdog(): void {
  const microseconds = Number(process.env.WATCHDOG_USEC ?? 0);
  if (microseconds > 0) setInterval(() => sdNotify('WATCHDOG=1'), microseconds / 2000).unref();
}

async function main(): Promise<void> {
  const { action, configFile } = parseCommandLine(process.argv.slice(2));
  if (action === 'run') return run(configFile);
  if (action === 'check') {
    const { ok, text } = runCheck(configFile);
    process.stdout.write(`${text}\n`);
    process.exitCode = ok ? 0 : 1;
  } else process.stdout.write(action === 'help' ? `${USAGE}\n` : `evpnd ${version}\n`);
}

main().catch((error: unknown) => {
  const text =
    error instanceof ConfigError ? error.findings.map(formatFinding).join('\n') : (error as Error).message;
  process.stderr.write(`${text}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
