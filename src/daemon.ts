import { getHeapStatistics } from 'node:v8';
import type { Configuration, KernelInsight, Rooms } from './api/index.js';
import { listenApi } from './api/listen.js';
import { Refusals } from './api/refusals.js';
import { certificateProblem, tlsOf } from './api-tls.js';
import { Bfd } from './bfd/index.js';
import { LocalRib, Speakers, TcpTransport } from './bgp/index.js';
import type { Config } from './config/index.js';
import { DataPlane, type Kernel, type Snooper, type Topology } from './dataplane/index.js';
import { openDefaultJournal } from './default-journal.js';
import { EventLoopWatch } from './event-loop.js';
import { Convergence, EventLog } from './events/index.js';
import { Evpn } from './evpn/index.js';
import { type HardwareReader, HardwareWatch } from './hardware/index.js';
import { watchHosts } from './hosts/index.js';
import { findRivals, RawNdTransport, tcpSockets, UdpBfdTransport } from './linux/index.js';
import { giveMemoryBackAtRest } from './memory-at-rest.js';
import { LinkPeers } from './nd/index.js';
import { processMemory } from './process-memory.js';
import { openRdAllocator } from './rd-store.js';
import { awaitedNeighbors, readinessOf } from './readiness.js';
import { type ReloadOutcome, RunningConfig } from './reload.js';
import { restartProblems } from './restart-problems.js';
import {
  evpnSettings,
  multipathOf,
  servesMapped,
  speakerConfig,
  underlayPosition,
  withholdsOverflow,
} from './settings.js';
import { stateDirectoryProblem } from './state-directory.js';
import { sweepText } from './sweep-text.js';
import { type Clock, type Log, systemClock } from './types/index.js';
import { Underlay, UnicastRibs, VrfRibs, VrfUnderlays } from './underlay/index.js';

/** Of the heap that V8 allows itself, what routes may take; the rest is for garbage, for our own routes and for hosts. */
const ROUTES_SHARE = 0.6;

/** A running evpnd. */
export interface Daemon {
  /** Takes over what a reload can change and names what it cannot; sessions whose settings are the same stay. */
  reload(config: Config): Promise<ReloadOutcome>;
  /** Withdraws all routes, removes all rows of ours (unless `on-stop` is `preserve`) and closes everything. */
  stop(): Promise<void>;
}

interface DaemonOptions {
  readonly config: Config;
  readonly kernel: Kernel;
  /** undefined: local hosts are known from the kernel's neighbors only. */
  readonly snooper?: Snooper | undefined;
  /** What the API shows of the kernel; asked for when the API is loaded. */
  readonly insight: () => Promise<KernelInsight>;
  /** undefined: what hardware took is not asked for. */
  readonly hardware?: HardwareReader | undefined;
  readonly log: Log;
  readonly version: string;
  /** Problems that are not of a device, for the API. */
  readonly problems?: Rooms['problems'];
  /** How the API reads and changes the configuration. */
  readonly configuration: Configuration;
  /** Called with the effective configuration, at the start and after each reload. */
  readonly onConfig?: (config: Config) => void;
}

/** Builds and starts everything: resolves when the kernel's state has been read and the speaker listens. Rejects if it cannot. */
export async function startDaemon({
  config,
  kernel,
  snooper,
  insight,
  hardware: hardwareReader,
  log,
  version,
  problems = () => [],
  configuration,
  onConfig = () => {},
}: DaemonOptions): Promise<Daemon> {
  const clock = systemClock;
  const observes = config.mode === 'observe';
  let kernelKnown = false;
  onConfig(config);
  const events = new EventLog(clock);
  const convergence = new Convergence(clock);
  const bfd = new Bfd({ clock, transport: new UdpBfdTransport(log), log });
  const linkPeers = new LinkPeers({ clock, transport: new RawNdTransport(log), log });
  const { underlay: unicast } = config;
  const unicastRibs = unicast.enabled
    ? new UnicastRibs(clock, config, multipathOf(config), config.bgp)
    : undefined;
  const vrfRibs = new VrfRibs(clock, () => config, multipathOf(config), config.bgp);
  const speaker = new Speakers(speakerConfig(config), {
    clock,
    ribsOfVrf: (vrf) => vrfRibs.of(vrf).all,
    transport: new TcpTransport(tcpSockets),
    bfd,
    linkPeers,
    log,
    events,
    convergence,
    otherRibs: unicastRibs?.all,
    decision: config.bgp,
    routeMemory: getHeapStatistics().heap_size_limit * ROUTES_SHARE,
  });
  const dataPlane = new DataPlane(kernel, clock, log, {
    hosts: watchHosts(snooper, config.evpn.neighborRefresh),
    observes,
    routes: underlayPosition(config),
    serves: (vni) => servesMapped(running.current, vni),
    rivals: findRivals,
    events,
    convergence,
    defaultsMemory: openDefaultJournal(config.stateDirectory, clock, log),
  });
  const evpn = new Evpn(
    {
      rib: speaker.rib,
      // Its routes are not announced to any neighbor
      localRib: observes ? new LocalRib() : speaker.localRib,
      dataPlane,
      rdAllocator: openRdAllocator(config.stateDirectory, log),
      clock,
      log,
      events,
    },
    evpnSettings(config),
  );
  const hardware =
    hardwareReader &&
    new HardwareWatch(dataPlane, hardwareReader, clock, log, (vni) =>
      withholdsOverflow(running.current, vni),
    );
  const underlay =
    unicastRibs && dataPlane.routes && new Underlay(unicastRibs, dataPlane.routes, clock, config.underlay);
  const vrfUnderlays = new VrfUnderlays(vrfRibs, dataPlane, clock, config.underlay);
  const { hosts } = dataPlane;
  let open: Pick<Awaited<ReturnType<typeof listenApi>>, 'secure'> | undefined;
  const configured = (wanted: Config) => {
    onConfig(wanted);
    hardware?.reconfigured();
    open?.secure(tlsOf(wanted)).catch((error) => log.error({ err: error }, 'the API no longer listens'));
  };
  const running = new RunningConfig(
    config,
    { speaker, evpn, underlay, vrfUnderlays, hosts, onConfig: configured },
    log,
    events,
  );
  dataPlane.onTopology = (topology) => {
    // Before the sessions, whose end takes longer than the loss of a link
    underlay?.topologyChanged(topology);
    vrfUnderlays.topologyChanged(topology);
    speaker.interfacesChanged([...topology.interfaces.values()], vrfDevices(topology));
    linkPeers.interfacesChanged(topology.interfaces);
    hardware?.topologyChanged(topology);
  };
  const eventLoop = new EventLoopWatch(clock);
  const refusals = new Refusals(clock, log);
  const readiness = () =>
    readinessOf({ kernelKnown, swept: dataPlane.sweeping, neighbors: speaker.neighbors() });
  const startedAt = clock.wallTime();
  const underWay = later();
  clock.after(API_PATIENCE, underWay.resolve);
  let application: { close(): Promise<unknown> } | undefined;
  const api = underWay.promise.then(async () => {
    const { createApi, roomsCommands, roomsModel } = await import('./api/index.js');
    const readModel = roomsModel({
      config: () => running.current,
      speaker,
      evpn,
      dataPlane,
      underlay,
      vrfUnderlays,
      kernel: await insight(),
      hardware,
      clock,
      events,
      convergence,
      version,
      startedAt,
      readiness,
      problems: () => [
        ...problems(),
        ...listed(stateDirectoryProblem(running.current.stateDirectory)),
        ...listed(certificateProblem(running.current, clock.wallTime())),
        ...restartProblems(running.pending),
        ...refusals.problems(),
      ],
      eventLoop: () => eventLoop.ask(),
    });
    const made = await createApi({
      readModel,
      commands: roomsCommands(evpn, speaker),
      configuration,
      log,
      version,
      token: () => running.current.api.tokenFile,
    });
    application = made;
    return made;
  });
  // An address in use is detected before any neighbor hears of us
  const { unixSocket, listen: tcp } = config.api;
  const listener = await listenApi(api, { unixSocket, tcp, tls: tlsOf(config), refusals });
  open = listener;

  const began = clock.now();
  let sweepBegan = false;
  const sweep = async () => {
    if (sweepBegan) return;
    sweepBegan = true;
    await evpn.idle();
    await underlay?.idle();
    await vrfUnderlays.idle();
    const removed = dataPlane.sweep();
    const facts = { seconds: Math.round((clock.now() - began) / 1000), removed, ...readiness() };
    log.info(facts, sweepText(removed, observes));
  };
  const deferral = clock.after(config.sweepDeferralTime * 1000, () => {
    log.warn(
      { neighbors: awaitedNeighbors(speaker.neighbors()) },
      'some neighbor has not told all its routes in time',
    );
    void sweep();
  });
  const sweepWhenTold = () => {
    if (dataPlane.sweeping || !speaker.endOfRibReceivedFromAll()) return;
    deferral.cancel();
    void sweep();
  };
  let rest: { stop(): void } | undefined;
  const close = async (farewell: () => Promise<unknown>) => {
    deferral.cancel();
    rest?.stop();
    eventLoop.stop();
    refusals.close();
    evpn.stop();
    underlay?.close();
    vrfUnderlays.close();
    hardware?.close();
    // First, so that readers cannot delay the rest
    const silent = listener.close();
    await farewell();
    bfd.close();
    linkPeers.close();
    dataPlane.close();
    await Promise.all([silent, application?.close()]);
  };

  try {
    await evpn.start();
    kernelKnown = true;
    const adopted = observes ? 0 : dataPlane.countOwnMacs();
    const routes = observes ? 0 : dataPlane.routeTables.count;
    if (adopted + routes > 0) {
      log.info(
        { macs: adopted, ...(routes > 0 && { routes }) },
        'rows of an earlier evpnd stay until the neighbors have sent their routes',
      );
      speaker.restarted();
    }
    speaker.onEndOfRib = sweepWhenTold;
    speaker.onNoLongerAwaited = sweepWhenTold;
    await speaker.start();
    sweepWhenTold();
    const exchanged = async () => {
      if (!(await soon(() => speaker.neighbors().every(({ state }) => state === 'Established'), clock)))
        return;
      await soon(() => speaker.endOfRibReceivedFromAll(), clock);
      await evpn.idle();
      await underlay?.idle();
      await vrfUnderlays.idle();
      await dataPlane.reconciler.idle();
    };
    await Promise.race([exchanged().then(underWay.resolve), api]);
    await api;
    bfd.begin();
    rest = giveMemoryBackAtRest(
      {
        updates: () => speaker.neighbors().reduce((sum, { messagesIn }) => sum + messagesIn.update, 0),
        idle: async () => {
          await evpn.idle();
          await dataPlane.reconciler.idle();
        },
      },
      clock,
      log,
      processMemory,
    );
  } catch (error) {
    // The rows present are an earlier process's, or a running one's: this process has written none and must not remove them
    await close(() => speaker.stop());
    throw error;
  }

  return {
    reload: (wanted) => running.reload(wanted),
    stop: () =>
      close(async () => {
        if (running.current.onStop === 'flush')
          await Promise.all([speaker.stop('evpnd stops'), dataPlane.flush()]);
        else await speaker.leave();
      }),
  };
}

/**
 * The API is loaded when routes have been exchanged with the neighbors and are written, or after so many milliseconds: loading it takes
 * the event loop a tenth of a second, by which traffic would begin later.
 */
const API_PATIENCE = 2000;
/** How long a start waits for sessions, then for routes, and how often it checks. */
const PATIENCE = 250;
const LOOK = 5;

/** The VRFs that there are, by name. */
function vrfDevices({ vrfs }: Pick<Topology, 'vrfs'>): ReadonlyMap<string, number> {
  return new Map([...vrfs.values()].map(({ name, ifindex }) => [name, ifindex]));
}

/** Resolves with true when the condition holds, or with false after a timeout. */
async function soon(isSo: () => boolean, clock: Clock): Promise<boolean> {
  const end = clock.now() + PATIENCE;
  while (!isSo()) {
    if (clock.now() >= end) return false;
    await new Promise<void>((resolve) => clock.after(LOOK, resolve));
  }
  return true;
}

/** A promise and its resolve function. */
function later(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function listed<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}
