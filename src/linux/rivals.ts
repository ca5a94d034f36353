import { readFileSync } from 'node:fs';

/** Sockets by which a daemon that writes EVPN rows is known, at the end of their paths. */
const SOCKETS: readonly (readonly [end: string, name: string])[] = [['/zserv.api', 'FRR (zebra)']];

/**
 * Who else in this network namespace may write EVPN rows, by the Unix sockets that stand there (unix(5) of proc): those
 * show whatever this process may know of others.
 */
export function findRivals(path = '/proc/self/net/unix'): string[] {
  let table: string;
  try {
    table = readFileSync(path, 'latin1');
  } catch {
    return [];
  }
  const paths = table.split('\n').map((line) => line.trim().split(/\s+/)[7] ?? '');
  return SOCKETS.filter(([end]) => paths.some((each) => each.endsWith(end))).map(([, name]) => name);
}
