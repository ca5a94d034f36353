export * from './kernel.js';
export * from './rows.js';
export * from './topology.js';
