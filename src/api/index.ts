/**
 * The REST API: what operators and their programs see. JSON over HTTP/1.1 on a Unix socket and on TCP, paged lists,
 * problem details (RFC 9457), and its own description (OpenAPI 3.1). It reads the rooms below through one interface,
 * ReadModel, and owns no state; what changes something stands apart, in Commands, and is taken over the Unix socket,
 * whose file permissions authenticate, and over TLS with a bearer token (RFC 6750). `metrics/` is what Prometheus scrapes, event-stream.ts what happens as it
 * happens (server-sent events). Not here: client certificates, several users.
 */
export * from './commands.js';
export type * from './configuration.js';
export * from './errors.js';
export type { ExplainRoute } from './explain-route-schemas.js';
export * from './explain-schemas.js';
export * from './listen.js';
export * from './orders.js';
export * from './paging.js';
export type { HostFilter } from './parts/host-filter.js';
export * from './parts/kernel-rows.js';
export { nlriItem, nlriOrder, type RouteKey, routeOrder } from './parts/nlri.js';
export * from './parts/paths.js';
export * from './parts/problem-note.js';
export * from './present.js';
export type * from './resources/index.js';
export { type ReadModel, roomsModel } from './resources/index.js';
export { roomsCommands } from './rooms/commands.js';
export type { EventLoopDelay, KernelInsight, Readiness, Rooms } from './rooms/rooms.js';
export * from './server.js';
