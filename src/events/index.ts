/**
 * What happens on the leaf: sessions, VNIs, moves of MACs and IPs, duplicates, drift, problems and settings, as values
 * that the rooms push where it happens and that the API renders. The latest are kept in memory, a bounded number of each
 * class; they end with the process. Not here: routes that come and go, which would be hundreds of thousands a second, and
 * offload to hardware.
 */
export * from './event.js';
export * from './event-log.js';
