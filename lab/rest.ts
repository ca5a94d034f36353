import { request } from 'node:http';
import { pace } from './wait.js';

/** What a REST resource answered. */
export interface RestAnswer<T> {
  status: number;
  body: T;
}

/**
 * One request over a Unix socket; a file system is shared by all network namespaces, so this reaches any node.
 * @param path with its query, for example `/api/v1/routes?type=2`
 */
export function restCall<T>(
  method: 'GET' | 'POST' | 'DELETE' | 'PUT',
  socketPath: string,
  path: string,
  patience = 30_000,
  body?: object,
): Promise<RestAnswer<T>> {
  const timeout = patience * pace;
  return new Promise((resolve, reject) => {
    const call = request(
      {
        method,
        socketPath,
        path,
        // A kept connection may be closed by evpnd at the moment in which it is used again
        agent: false,
        timeout,
        headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          try {
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as T });
          } catch {
            reject(
              new Error(`${method} ${path}: status ${response.statusCode}, not JSON: ${text.slice(0, 500)}`),
            );
          }
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within ${timeout} ms`)));
    call.on('error', reject);
    call.end(body && JSON.stringify(body));
  });
}

/** GET, see `restCall`. */
export function restGet<T>(socketPath: string, path: string, timeout?: number): Promise<RestAnswer<T>> {
  return restCall<T>('GET', socketPath, path, timeout);
}
