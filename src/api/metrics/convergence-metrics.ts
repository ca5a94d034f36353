import type { HistogramMetric, HistogramSample } from './metric.js';

/* How long changes take until they have their effect: of a sample of them. */

export const CONVERGENCE_METRICS: readonly HistogramMetric[] = [
  {
    name: 'evpnd_convergence_inbound_seconds',
    type: 'histogram',
    help: "From a remote MAC's UPDATE to the kernel's acknowledgment of its row, of a sample of them.",
    labels: [],
    samples: ({ convergence }) => [[convergence.inbound.taken]],
  },
  {
    name: 'evpnd_convergence_outbound_seconds',
    type: 'histogram',
    help: "From the kernel's notification of a local MAC to the UPDATE that is written, of a sample of them.",
    labels: [],
    samples: ({ convergence }) => [[convergence.outbound.taken]],
  },
  {
    name: 'evpnd_bgp_peer_lateness_seconds',
    type: 'histogram',
    help: 'How much later than the first of several neighbors this one announced the same MAC, of a sample of them.',
    labels: ['peer'],
    samples: ({ speaker, convergence }) =>
      speaker.neighbors().flatMap(({ address }): HistogramSample[] => {
        const histogram = convergence.lateness.of(address);
        return histogram ? [[histogram, address]] : [];
      }),
  },
];
