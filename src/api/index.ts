/**
 * The REST API: what operators and their programs see. Read-only JSON over HTTP/1.1 on a Unix socket and on TCP, paged
 * lists, problem details (RFC 9457), and its own description (OpenAPI 3.1). It reads the rooms below through one
 * interface, ReadModel, and owns no state. Not here: writing, authentication, events, metrics.
 */
export * from './errors.js';
export * from './listen.js';
export * from './nlri-order.js';
export * from './orders.js';
export * from './paging.js';
export * from './present.js';
export * from './read-model.js';
export { roomsModel } from './rooms/model.js';
export type { KernelInsight, Rooms } from './rooms/rooms.js';
export * from './schemas.js';
export * from './server.js';
