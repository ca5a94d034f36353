import type { Logger } from 'pino';
import { ConfigurationFile } from './configuration-file.js';
import { type Daemon, startDaemon } from './daemon.js';
import { giveUp } from './give-up.js';
import { yieldHelperThreads } from './helper-threads.js';
import { lockNamespace } from './instance-lock.js';
import { kernelInsight } from './kernel-insight.js';
import { LinuxKernel, LinuxSnooper, requireRowPermission, sdNotify } from './linux/index.js';
import { createLogger, setLogLevels } from './logger.js';
import type { ReloadRequests } from './reload-requests.js';
import { RuntimeConfiguration } from './runtime-configuration.js';
import { kernelPolicy } from './settings.js';

/** EX_SOFTWARE of sysexits.h. */
const EXIT_FAULT = 70;

/** Runs the daemon; exits with 78 if the configuration has faults, with 1 if it cannot start. */
export async function run(path: string, version: string, requests: ReloadRequests): Promise<void> {
  yieldHelperThreads();
  const log = createLogger('info');
  // Rows stay; the supervisor restarts evpnd and the next process adopts them
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught fault; exiting');
    process.exit(EXIT_FAULT);
  });
  try {
    await start(path, version, requests, log);
  } catch (error) {
    process.exit(giveUp(error, log));
  }
}

async function start(path: string, version: string, requests: ReloadRequests, log: Logger): Promise<void> {
  const file = new ConfigurationFile(path, log);
  const config = await file.start();
  const configuration = new RuntimeConfiguration(file);
  setLogLevels(log, config.log);
  if (config.mode === 'active') {
    await lockNamespace();
    requireRowPermission();
  } else log.info({}, 'mode: observe: nothing is written to the kernel and nothing is announced');
  const { receiveBufferBytes } = config.kernel;
  const kernel = new LinuxKernel({
    log,
    receiveBuffer: receiveBufferBytes,
    routes: true,
    otherRoutes: config.underlay.enabled,
  });
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
      .catch((error: unknown) => log.error({ err: error }, 'the shutdown is incomplete'))
      .finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const running = await startDaemon({
    config,
    kernel,
    snooper,
    insight: () => kernelInsight(kernel, receiveBufferBytes),
    hardware: kernel,
    log,
    version,
    configuration,
    problems: () => [file.problem, snooper?.problem].filter((problem) => problem !== undefined),
    onConfig: (wanted) => {
      setLogLevels(log, wanted.log);
      kernel.setPolicy(kernelPolicy(wanted));
    },
  });
  daemon = running;
  file.taken(config);
  configuration.serve(running);
  startWatchdog();
  notifyReady(file);
  log.info({ version, config: path }, 'evpnd runs');
  requests.serve(() => configuration.inTurn(() => reload(file, running, configuration, log)));
}

async function reload(
  file: ConfigurationFile,
  daemon: Daemon,
  configuration: RuntimeConfiguration,
  log: Logger,
): Promise<void> {
  sdNotify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  try {
    const config = await file.reload();
    if (config) {
      await daemon.reload(config);
      file.taken(config);
      configuration.reloaded();
    }
  } catch (error) {
    log.error({ err: error }, 'the reload failed');
  }
  notifyReady(file);
}

/** Ready, with a line for `systemctl status`. */
function notifyReady({ problem }: ConfigurationFile): void {
  sdNotify(`READY=1\nSTATUS=${problem?.problem ?? 'running with the configuration file'}`);
}

/** Notifies systemd's watchdog, at half its timeout, that the event loop turns. */
function startWatchdog(): void {
  const microseconds = Number(process.env.WATCHDOG_USEC ?? 0);
  if (microseconds > 0) setInterval(() => sdNotify('WATCHDOG=1'), microseconds / 2000).unref();
}
