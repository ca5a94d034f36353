import { createConnection, createServer, type Server } from 'node:net';
import { StartError } from './types/index.js';

/**
 * An abstract Unix socket (unix(7)): it belongs to the network namespace, whose rows two evpnd would both write, and
 * the kernel frees it when the process is killed.
 */
const LOCK_ADDRESS = '\0evpnd';
/** Milliseconds that the holder has to send its process ID. */
const PATIENCE = 1000;

/**
 * Locks the network namespace for this process until it ends; to a client it sends its process ID. Rejects with
 * StartError, with the other's process ID, if another evpnd holds the lock.
 */
export async function lockNamespace(address: string = LOCK_ADDRESS): Promise<Server> {
  const server = createServer((connection) => {
    connection.on('error', () => {});
    connection.end(String(process.pid));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, resolve);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new StartError(
      `another evpnd (process ${await holderOf(address)}) runs in this network namespace: stop it first, or try this one with mode: observe`,
    );
  }
  return server.unref();
}

function holderOf(address: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const connection = createConnection(address);
    const done = () => {
      connection.destroy();
      resolve(/^\d+$/.test(text) ? text : 'unknown');
    };
    connection.setTimeout(PATIENCE, done);
    connection.on('data', (octets) => {
      text += octets.toString('latin1', 0, 16);
    });
    connection.on('error', done).on('end', done);
  });
}
