import type { LocalIdentity } from './config.js';

type Identifiers = Pick<LocalIdentity, 'asn' | 'routerId'>;

/**
 * Resolves a collision (RFC 4271 §6.8, RFC 6286 §2.3): the connection that the speaker with the higher BGP identifier
 * opened stays, with equal identifiers that of the higher AS. True: the one whose OPEN has just come stays. Of two
 * connections that one side opened (initiated: by us) the newer one stays, since that side has given the other up.
 */
export function keepsNewConnection(
  local: Identifiers,
  peer: Identifiers,
  oldInitiated: boolean,
  newInitiated: boolean,
): boolean {
  if (newInitiated === oldInitiated) return true;
  const weWin = local.routerId !== peer.routerId ? local.routerId > peer.routerId : local.asn > peer.asn;
  return newInitiated === weWin;
}
