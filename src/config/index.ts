/**
 * The configuration file: one schema (schema.ts) that validates, gives the defaults and is the operator's reference;
 * a loader that rejects a file as a whole and names every fault with its line; the difference of two configurations for a
 * reload; and the command line that names the file. YAML 1.2, kebab-case keys; ASNs in asplain (RFC 5396). Not here: what
 * the settings mean to a session or a VNI, and the reading of other daemons' configuration files. load.ts, check.ts and
 * schema.ts are imported by their own names: what they need takes longer to load than all the rest of a start.
 */
export * from './command-line.js';
export * from './config.js';
export * from './diff.js';
export * from './finding.js';
export * from './hint.js';
export { interpret } from './interpret.js';
export * from './route-target-pattern.js';
export type { ConfigFile } from './schema.js';
export * from './text.js';
