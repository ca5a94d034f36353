#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Logger, pino } from 'pino';
import { ConfigError, formatFinding, loadConfig, runCheck } from './config/index.js';
import { type Daemon, startDaemon } from './daemon.js';
import { LinuxKernel, sdNotify } from './linux/index.js';

const USAGE = `usage: evpnd [--config FILE] [--check] [--version] [--help]
  --config FILE  the configuration (/etc/evpnd/evpnd.yaml)
  --check        judge the configuration and exit: 0 when it is good
`;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

interface Arguments {
  readonly config: string;
  readonly check: boolean;
}

/** The command line, or undefined where all is said already. */
function readArguments(): Arguments | undefined {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string', default: '/etc/evpnd/evpnd.yaml' },
        check: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) process.stdout.write(USAGE);
    else if (values.version) process.stdout.write(`evpnd ${version}\n`);
    else return { config: values.config, check: values.check };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    process.exitCode = 2;
  }
  return undefined;
}

async function run(path: string): Promise<void> {
  const config = loadConfig(path);
  const log = pino({ level: config.log.level, base: undefined });
  const kernel = new LinuxKernel({ log, receiveBufferBytes: config.kernel.receiveBufferBytes });
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
  daemon = await startDaemon({ config, kernel, log, version });
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

const args = readArguments();
if (args?.check) {
  const { ok, text } = runCheck(args.config);
  process.stdout.write(`${text}\n`);
  process.exitCode = ok ? 0 : 1;
} else if (args) {
  run(args.config).catch((error: unknown) => {
    const text =
      error instanceof ConfigError ? error.findings.map(formatFinding).join('\n') : (error as Error).message;
    process.stderr.write(`${text}\n`);
    process.exit(1);
  });
}
