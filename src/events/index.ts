/**
 * What happens on the leaf: sessions, VNIs, moves of MACs and IPs, duplicates, drift, problems and settings, as values
 * that the rooms push where it happens and that the API renders; and how long a change takes until it has its effect. The
 * latest events are kept in memory, a bounded number of each class; they end with the process. Not here: routes that come and go, which would be hundreds of thousands a second, and
 * offload to hardware.
 */
export * from './convergence.js';
export * from './event.js';
export * from './event-log.js';
export * from './histogram.js';
