export * from './messages.js';
export * from './nlri.js';
export * from './path-attributes.js';
