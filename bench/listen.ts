/** The listening end of sessions whose address says which one a connection is for. */
import { createServer } from 'node:net';
import type { SpineSession } from './spine-session.js';

/** Resolves when the session's address listens for BGP. */
export function listenAt(session: SpineSession): Promise<void> {
  const server = createServer((peer) => session.accept(peer));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(179, session.address, resolve);
  });
}
