/**
 * Tables, maps and queues whose keys are numbers, for what there are hundreds of thousands of: rows in typed arrays
 * instead of an object each. docs/data-layout.md has the layout, what it saves and what breaks it.
 */
export * from './ip-numbers.js';
export * from './ip-queue.js';
export * from './map-queue.js';
export * from './mixed-map.js';
export * from './mixed-queue.js';
export * from './nested-map.js';
export * from './number-map.js';
export * from './number-queue.js';
export * from './number-table.js';
export * from './prefix-lengths.js';
export * from './wide-number.js';
