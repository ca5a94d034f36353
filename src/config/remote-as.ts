import type { Values } from './config.js';

type RemoteAs = Values['neighbors'][number]['remoteAs'];

/** A neighbor's AS where ours, as it sees us, is `asn`, so that nobody else need know that 65001 and internal are the same. */
export function remoteAsOf(remoteAs: RemoteAs, asn: number): RemoteAs {
  return remoteAs === asn ? 'internal' : remoteAs;
}
