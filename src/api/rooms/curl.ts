/** A command for the API's Unix socket. */
export function curl(socket: string, method: 'POST' | 'DELETE', path: string): string {
  return `curl --unix-socket ${socket} -X ${method} 'http://evpnd/api/v1/${path}'`;
}
