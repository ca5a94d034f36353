import { LocalRib, Rib } from './bgp/index.js';
import { ConfigError } from './config/index.js';
import { loadConfig } from './config/load.js';
import { DataPlane } from './dataplane/index.js';
import { openDefaultJournal } from './default-journal.js';
import { Evpn, RdAllocator } from './evpn/index.js';
import { lockNamespace } from './instance-lock.js';
import { LinuxKernel } from './linux/index.js';
import { createLogger } from './logger.js';
import { evpnSettings, kernelPolicy } from './settings.js';
import { counted, systemClock } from './types/index.js';

/**
 * Removes the rows that an evpnd left behind that has ended: exactly those that the next one would adopt. Rejects where one
 * still runs. Returns the MACs that had rows.
 */
export async function flushRows(configFile: string): Promise<number> {
  const config = loadConfig(configFile);
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
    const macs = await flushRows(configFile);
    process.stdout.write(`removed the rows of ${counted(macs, 'MAC address', 'MAC addresses')}\n`);
  } catch (error) {
    process.stderr.write(`nothing was flushed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 78 : 1;
  }
}
