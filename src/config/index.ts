/**
 * The configuration file: one table of settings (settings.ts), of which the schema, the parsed configuration, the difference
 * for a reload and the operator's reference are made; a loader that rejects a file as a whole and names every fault with its line; and the command line that names
 * the file. YAML 1.2, kebab-case keys; ASNs in asplain (RFC 5396). Not here: what
 * the settings mean to a session or a VNI, and the reading of other daemons' configuration files. load.ts, edit.ts, check.ts and
 * schema.ts are imported by their own names: what they need takes longer to load than all the rest of a start.
 */
export * from './command-line.js';
export * from './config.js';
export * from './diff.js';
export type { ConfigEdit } from './edit.js';
export type { FamilyName } from './families.js';
export * from './finding.js';
export * from './fixed-settings.js';
export * from './hint.js';
export { interpret } from './interpret.js';
export { ITEM_LISTS, type Mapping } from './item-lists.js';
export { DEFAULT_STATE_DIRECTORY } from './settings.js';
export { ONLY_WHO_CONNECTS } from './settings-neighbor.js';
export * from './text.js';
