import { type Static, Type } from '@sinclair/typebox';
import { NoQuery } from '../parameters.js';
import { ProblemNoteSchema } from '../parts/problem-note.js';
import { routerIdText, timeText } from '../present.js';
import { named, type Resource } from '../resource.js';
import { statusProblems } from '../rooms/problem-items.js';
import type { Rooms } from '../rooms/rooms.js';
import { type Survey, surveyOf } from '../rooms/route-survey.js';
import { Address, Count, closed, nullable, ref, Text, Time } from '../schema-words.js';

const StatusSchema = Type.Object(
  {
    version: Text(),
    startedAt: Time(),
    uptimeSeconds: Count(),
    mode: Type.Union([Type.Literal('active'), Type.Literal('observe')], {
      description: 'observe: nothing is written to the kernel and nothing is announced.',
    }),
    drained: Type.Boolean({
      description: 'True where neighbors are told that this leaf goes away (`drain`).',
    }),
    asn: Type.Integer({ minimum: 1, maximum: 4294967295 }),
    routerId: Address(),
    ready: Type.Boolean(),
    notReadyReasons: Type.Array(Text()),
    counts: Type.Object(
      {
        neighbors: Count(),
        neighborsEstablished: Count(),
        vnis: Count(),
        vnisUp: Count(),
        localMacs: Count(),
        remoteMacs: Count(),
        localIps: Count(),
        remoteIps: Count(),
        localRoutes: Count(),
        remoteRoutes: Count(),
        remoteVteps: Count(),
      },
      closed,
    ),
    hosts: Type.Object(
      {
        heardIps: Count('IPs of local hosts that are known from snooping.'),
        refused: Count('Snooped addresses that were ignored: impossible ones, MACs of another port, limits.'),
        evicted: Count('IPs that were dropped for addresses of another port, because the table was full.'),
        questions: Count('Probes sent to local hosts.'),
        questionsWaiting: Count('Local neighbors that wait to be probed because of the rate.'),
        waiting: Count(
          'Local addresses that wait to be announced: their port has more, or new ones faster, than its share.',
        ),
      },
      { ...closed, description: 'Local hosts, since start.' },
    ),
    kernel: Type.Object(
      {
        receiveBufferBytes: Count('The receive buffer for notifications that the kernel granted.'),
        overruns: Count('How often the kernel dropped notifications because the buffer was full.'),
        resyncs: Count('How often all rows were read again.'),
        operationsApplied: Count('Changes that the kernel accepted.'),
        operationsFailed: Count('Changes that the kernel refused; they are retried.'),
      },
      closed,
    ),
    drifts: Type.Object(
      {
        total: Count('Differences between wanted and actual rows that were found since start.'),
        open: Count('Number of open drifts; /api/v1/drift lists them.'),
      },
      closed,
    ),
    duplicates: Count('Addresses that are in two places; /api/v1/duplicates lists them.'),
    mobilityMemory: Type.Object(
      {
        addresses: Count('MAC and IP addresses without a claim that are remembered for mobility.'),
        forgottenEarly: Count('Addresses that were forgotten early since the start, for lack of room.'),
      },
      closed,
    ),
    switchAsic: nullable(
      Type.Object(
        {
          bus: Text('devlink bus, such as pci.'),
          device: Text('devlink device on the bus.'),
          driver: Text(),
          tables: Type.Array(
            Type.Object(
              {
                name: Text('With those that it is a part of, such as kvd/linear.'),
                size: Count(),
                occupied: nullable(Count('null where the driver does not say.')),
              },
              closed,
            ),
            { description: 'Its tables (devlink resources) now.' },
          ),
        },
        { ...closed, description: 'The switch ASIC according to devlink; null on a machine without one.' },
      ),
    ),
    problems: Type.Array(ref(ProblemNoteSchema), {
      description:
        'What is wrong: with the configuration file, with devices, with neighbors, with addresses (rows in the way, duplicates, conflicts), and errors and warnings of VNIs that are served.',
    }),
  },
  { $id: 'Status', ...closed },
);

export type Status = Static<typeof StatusSchema>;

interface StatusReads {
  status(): Status | Promise<Status>;
}

/** What evpnd is and how it does. */
export const status: Resource<StatusReads> = {
  schemas: [ProblemNoteSchema, StatusSchema],
  endpoints: [
    {
      path: '/status',
      summary: 'Version, health and counts of evpnd',
      query: NoQuery,
      answer: named('Status'),
      problems: [400],
      handle: (model) => model.status(),
    },
  ],
  reads(rooms) {
    const survey = surveyOf(rooms);
    return {
      status: async () =>
        statusItem(
          rooms,
          await survey.take(),
          rooms.dataPlane.topology.hasSwitch ? await rooms.kernel.asicTables() : [],
        ),
    };
  },
};

function statusItem(
  rooms: Rooms,
  survey: Survey,
  tables: Awaited<ReturnType<Rooms['kernel']['asicTables']>>,
): Status {
  const asic = rooms.kernel.switchAsic();
  const { speaker, evpn, dataPlane, clock, startedAt } = rooms;
  const { ready, reasons } = rooms.readiness();
  const { asn, routerId, mode, drain } = rooms.config();
  const neighbors = speaker.neighbors();
  const vnis = [...dataPlane.topology.vnis.values()];
  const counts = { localMacs: 0, remoteMacs: 0, localIps: 0, remoteIps: 0 };
  for (const vrf of evpn.vrfs())
    for (const field of Object.keys(counts) as (keyof typeof counts)[]) counts[field] += vrf.counts[field];
  const { receiveBufferBytes, overruns, resyncs } = rooms.kernel.stats();
  const heard = dataPlane.hosts.stats();
  const { operations, failures } = dataPlane.reconciler.stats;
  return {
    version: rooms.version,
    startedAt: timeText(startedAt) ?? '',
    uptimeSeconds: Math.max(0, Math.floor((clock.wallTime() - startedAt) / 1000)),
    mode,
    drained: drain,
    asn,
    routerId: routerIdText(routerId),
    ready,
    notReadyReasons: [...reasons],
    counts: {
      neighbors: neighbors.length,
      neighborsEstablished: neighbors.filter((neighbor) => neighbor.state === 'Established').length,
      vnis: vnis.length,
      vnisUp: vnis.filter((vni) => vni.up).length,
      ...counts,
      localRoutes: speaker.localRib.size,
      remoteRoutes: speaker.rib.size,
      remoteVteps: evpn.vteps.remoteCount(dataPlane.topology.ownVteps),
    },
    hosts: {
      heardIps: heard.bindings,
      refused: heard.refused,
      evicted: heard.evicted,
      questions: heard.refreshes,
      questionsWaiting: heard.backlog,
      waiting: evpn.admissions.waiting,
    },
    kernel: {
      receiveBufferBytes,
      overruns,
      resyncs,
      operationsApplied: operations - failures,
      operationsFailed: failures,
    },
    drifts: { total: dataPlane.drift.total, open: dataPlane.drift.openCount },
    duplicates: evpn.duplicates.size,
    mobilityMemory: { addresses: evpn.memory.size(), forgottenEarly: evpn.memory.forgottenEarly },
    switchAsic: asic && {
      bus: asic.bus,
      device: asic.device,
      driver: asic.driver,
      tables: tables.map(({ name, size, occupied }) => ({ name, size, occupied: occupied ?? null })),
    },
    problems: statusProblems(rooms, survey),
  };
}
