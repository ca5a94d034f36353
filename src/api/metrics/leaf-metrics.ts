import { statusProblems } from '../rooms/problem-items.js';
import type { Rooms } from '../rooms/rooms.js';
import { surveyOf } from '../rooms/route-survey.js';
import { counter, gauge, type Metric, one, type Sample } from './metric.js';

/* The leaf as a whole: its health, its tables, the kernel's notifications and writes, and its hosts. */

const SEVERITIES = ['error', 'warning', 'info'] as const;

async function problemCounts(rooms: Rooms): Promise<Sample[]> {
  const problems = statusProblems(rooms, await surveyOf(rooms).take());
  return SEVERITIES.map(
    (severity): Sample => [problems.filter((problem) => problem.severity === severity).length, severity],
  );
}

export const LEAF_METRICS: readonly Metric[] = [
  gauge('evpnd_build_info', 'Always 1; the version is its label.', ['version'], ({ version }) => [
    [1, version],
  ]),
  gauge(
    'evpnd_ready',
    '1 once the kernel has been read and every neighbor has sent its routes.',
    [],
    (rooms) => [[rooms.readiness().ready ? 1 : 0]],
  ),
  gauge(
    'evpnd_drained',
    '1 while neighbors are told that this leaf goes away (drain).',
    [],
    one(({ config }) => Number(config().drain)),
  ),
  gauge('evpnd_problems', 'Problems that /api/v1/status lists, by severity.', ['severity'], problemCounts),
  gauge('evpnd_rib_routes', 'EVPN routes in the table, by origin.', ['origin'], ({ speaker }) => [
    [speaker.localRib.size, 'local'],
    [speaker.rib.size, 'remote'],
  ]),
  gauge(
    'evpnd_remote_vteps',
    'VTEPs of other leaves.',
    [],
    one(({ evpn, dataPlane }) => evpn.vteps.remoteCount(dataPlane.topology.ownVteps)),
  ),
  gauge(
    'evpnd_duplicate_addresses',
    'Addresses that are in two places (RFC 7432 §15.1).',
    [],
    one(({ evpn }) => evpn.duplicates.size),
  ),
  gauge(
    'evpnd_mobility_memory_addresses',
    'Addresses without a claim that are remembered for mobility.',
    [],
    one(({ evpn }) => evpn.memory.size()),
  ),
  counter(
    'evpnd_drifts_total',
    'Differences between wanted and actual rows that were found.',
    [],
    one(({ dataPlane }) => dataPlane.drift.total),
  ),
  gauge(
    'evpnd_drifts_open',
    'Differences between wanted and actual rows that stand.',
    [],
    one(({ dataPlane }) => dataPlane.drift.openCount),
  ),
  counter(
    'evpnd_kernel_operations_total',
    'Changes that were sent to the kernel, by outcome.',
    ['outcome'],
    ({ dataPlane }) => {
      const { operations, failures } = dataPlane.reconciler.stats;
      return [
        [operations - failures, 'applied'],
        [failures, 'refused'],
      ];
    },
  ),
  counter(
    'evpnd_kernel_overruns_total',
    'Times that the kernel dropped notifications because the receive buffer was full.',
    [],
    one(({ kernel }) => kernel.stats().overruns),
  ),
  counter(
    'evpnd_kernel_resyncs_total',
    'Times that all rows were read again.',
    [],
    one(({ kernel }) => kernel.stats().resyncs),
  ),
  gauge(
    'evpnd_hosts_heard_ips',
    'IPs of local hosts that are known from snooping.',
    [],
    one(({ dataPlane }) => dataPlane.hosts.stats().bindings),
  ),
  counter(
    'evpnd_hosts_refused_total',
    'Snooped addresses that were ignored: impossible ones, MACs of another port, limits.',
    [],
    one(({ dataPlane }) => dataPlane.hosts.stats().refused),
  ),
  counter(
    'evpnd_hosts_evicted_total',
    'IPs that were dropped for addresses of another port, because the table was full.',
    [],
    one(({ dataPlane }) => dataPlane.hosts.stats().evicted),
  ),
  counter(
    'evpnd_hosts_questions_total',
    'Probes sent to local hosts.',
    [],
    one(({ dataPlane }) => dataPlane.hosts.stats().refreshes),
  ),
  gauge(
    'evpnd_hosts_questions_waiting',
    'Local neighbors that wait to be probed because of the rate.',
    [],
    one(({ dataPlane }) => dataPlane.hosts.stats().backlog),
  ),
  gauge(
    'evpnd_hosts_addresses_waiting',
    'Local addresses that wait to be announced: their port has more, or new ones faster, than its share.',
    [],
    one(({ evpn }) => evpn.admissions.waiting),
  ),
];
