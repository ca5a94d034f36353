import { LocalRib, Rib } from './bgp/index.js';
import { type Config, ConfigError } from './config/index.js';
import { ConfigurationFile } from './configuration-file.js';
import { DataPlane, type Kernel, ownerNumber } from './dataplane/index.js';
import { openDefaultJournal } from './default-journal.js';
import { Evpn, RdAllocator } from './evpn/index.js';
import { watchHosts } from './hosts/index.js';
import { lockNamespace } from './instance-lock.js';
import { LinuxKernel, requireRowPermission } from './linux/index.js';
import { createLogger } from './logger.js';
import { evpnSettings, kernelPolicy, routesPosition, servesMapped } from './settings.js';
import { type Clock, counted, type Log, StartError, silentLog, systemClock } from './types/index.js';

/**
 * The configuration for a flush: the one that a start would use. `problem` is a message to the operator if
 * that is not the file's. Rejects with ConfigError if a start would fail.
 */
export async function flushConfiguration(
  configFile: string,
): Promise<{ readonly config: Config; readonly problem: string | undefined }> {
  const file = new ConfigurationFile(configFile, silentLog);
  const config = await file.start();
  return { config, problem: file.problem?.problem };
}

/** The result of a flush. */
interface Flushed {
  /** Number of MAC addresses whose rows were removed. */
  readonly removed: number;
  /** Number of routes that were removed, of whatever routing table. */
  readonly routes: number;
  /** MAC addresses, flood destinations, neighbors, routes and nexthops that are left. */
  readonly left: number;
}

/**
 * Removes the rows that an evpnd has left: exactly those that the next one would adopt. Rejects if one
 * is running, if the configuration's would adopt none, and if this process has no permission to change rows.
 */
async function flushKernel(config: Config): Promise<Flushed> {
  if (config.mode === 'observe')
    throw new StartError(
      'mode: observe adopts no rows, so that those that are there may be the ones of another daemon; take it out to remove what an active evpnd has left',
    );
  // It would write them again at once
  await lockNamespace();
  requireRowPermission();
  const log = createLogger('warn');
  const kernel = new LinuxKernel({
    log,
    receiveBuffer: config.kernel.receiveBufferBytes,
    routes: true,
  });
  kernel.setPolicy({ ...kernelPolicy(config), managePortSettings: false });
  return flushRows(config, kernel, log);
}

/** Removes evpnd's rows from the kernel, and closes it. */
export async function flushRows(
  config: Config,
  kernel: Kernel,
  log: Log,
  clock: Clock = systemClock,
): Promise<Flushed> {
  const dataPlane = new DataPlane(kernel, clock, log, {
    hosts: watchHosts(undefined, { ...config.evpn.neighborRefresh, enabled: false }),
    defaultsMemory: openDefaultJournal(config.stateDirectory, clock, log),
    // The last evpnd may have had the underlay on, and by its protocol number a route is ours whatever the configuration
    routes: routesPosition(config),
    serves: (vni) => servesMapped(config, vni),
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
    const routes = () => dataPlane.routeTables.count;
    const before = { macs: dataPlane.countOwnMacs(), routes: routes() };
    await dataPlane.flush();
    // A key comes once for each kernel table that has a row of it
    const left = new Set<string>();
    for (const { plane, ...which } of dataPlane.pendingKeys())
      if (plane.operations(which).length > 0)
        left.add(`${ownerNumber(plane.owner)} ${which.table} ${which.key}`);
    return {
      removed: before.macs - dataPlane.countOwnMacs(),
      routes: before.routes - routes(),
      left: left.size + dataPlane.routeTables.rowCount,
    };
  } finally {
    dataPlane.close();
  }
}

/** Executes `evpnd --flush`: prints the result and sets the exit code. */
export async function flush(configFile: string): Promise<void> {
  try {
    const { config, problem } = await flushConfiguration(configFile);
    if (problem !== undefined) process.stderr.write(`${problem}\n`);
    const { removed, routes, left } = await flushKernel(config);
    const macs = `the rows of ${counted(removed, 'MAC address', 'MAC addresses')}`;
    process.stdout.write(
      `removed ${routes === 0 ? macs : `${macs}, and ${counted(routes, 'route', 'routes')}`}\n`,
    );
    if (left === 0) return;
    process.stderr.write(
      `${counted(left, 'address', 'addresses')} of MACs, VTEPs, neighbors, routes and nexthops still have rows, which the kernel did not remove; the lines above say why\n`,
    );
    process.exitCode = 1;
  } catch (error) {
    process.stderr.write(`nothing was flushed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 78 : 1;
  }
}
