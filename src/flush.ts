import { LocalRib, Rib } from './bgp/index.js';
import { type Config, ConfigError } from './config/index.js';
import { ConfigurationFile } from './configuration-file.js';
import { DataPlane } from './dataplane/index.js';
import { openDefaultJournal } from './default-journal.js';
import { Evpn, RdAllocator } from './evpn/index.js';
import { lockNamespace } from './instance-lock.js';
import { LinuxKernel } from './linux/index.js';
import { createLogger } from './logger.js';
import { evpnSettings, kernelPolicy } from './settings.js';
import { counted, silentLog, systemClock } from './types/index.js';

/**
 * The configuration to flush by: the one that a start would go on with. `problem` is what an operator has to know where
 * that is not the file's. Rejects with ConfigError where a start would end.
 */
export async function flushConfiguration(
  configFile: string,
): Promise<{ readonly config: Config; readonly problem: string | undefined }> {
  const file = new ConfigurationFile(configFile, silentLog);
  const config = await file.start();
  return { config, problem: file.problem?.problem };
}

/**
 * Removes the rows that an evpnd left behind that has ended: exactly those that the next one would adopt. Rejects where one
 * still runs. Returns the MACs that had rows.
 */
export async function flushRows(config: Config): Promise<number> {
  // It would write them again at once
  await lockNamespace();
  const log = createLogger('warn');
  const clock = systemClock;
  const kernel = new LinuxKernel({ log, receiveBuffer: config.kernel.receiveBufferBytes });
  kernel.setPolicy({ ...kernelPolicy(config), managePortSettings: false });
  const dataPlane = new DataPlane(kernel, clock, log, {
    refresh: { ...config.evpn.neighborRefresh, enabled: false },
    defaultsMemory: openDefaultJournal(config.stateDirectory, clock, log),
  });
  const settings = evpnSettings(config);
  const evpn = new Evpn(
    {
      rib: new Rib(clock, settings),
      localRib: new LocalRib(),
      dataPlane,
      rdAllocator: new RdAllocator(),
      clock,
      log,
    },
    settings,
  );
  try {
    await evpn.start();
    evpn.stop();
    const macs = dataPlane.countOwnMacs();
    await dataPlane.flush();
    return macs;
  } finally {
    dataPlane.close();
  }
}

/** Does it for a person or a script: prints what was done, and sets the exit code. */
export async function flush(configFile: string): Promise<void> {
  try {
    const { config, problem } = await flushConfiguration(configFile);
    if (problem !== undefined) process.stderr.write(`${problem}\n`);
    const macs = await flushRows(config);
    process.stdout.write(`removed the rows of ${counted(macs, 'MAC address', 'MAC addresses')}\n`);
  } catch (error) {
    process.stderr.write(`nothing was flushed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 78 : 1;
  }
}
