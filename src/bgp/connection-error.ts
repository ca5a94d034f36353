import type { PeerSecurity } from './transport.js';

/**
 * Why the kernel gave no connection, or ended one, in an operator's words, by errno (connect(2), tcp(7)).
 */
const WORDS: Readonly<Record<string, (address: string, port: number) => string>> = {
  EACCES: (address) =>
    `the kernel does not let evpnd connect to ${address}: a firewall rule or a security module`,
  EADDRINUSE: (address) => `all local ports for ${address} are taken`,
  EADDRNOTAVAIL: (address) =>
    `no device of this machine has the local address of the session with ${address}`,
  EAFNOSUPPORT: (address) => `this machine does without the address family of ${address}`,
  ECONNREFUSED: (address, port) => `nobody listens at ${address} port ${port}`,
  ECONNRESET: (address) => `${address} has reset the connection`,
  EHOSTDOWN: (address) => `${address} does not answer ARP or neighbor discovery`,
  EHOSTUNREACH: (address) =>
    `${address} does not answer ARP or neighbor discovery, or a router has no way to it`,
  EINVAL: (address) => `the local address of the session does not fit ${address}`,
  ENETDOWN: (address) => `the device towards ${address} is down`,
  ENETUNREACH: (address) => `no route to ${address}`,
  EMFILE: () => 'evpnd has no descriptors left: raise LimitNOFILE',
  ENOMEM: () => 'the kernel has no room for the key of the session: raise net.core.optmem_max',
  ENOPROTOOPT: () =>
    'the kernel runs without TCP MD5 signatures (CONFIG_TCP_MD5SIG), which password-file needs',
  EPERM: (address) =>
    `the kernel does not let evpnd connect to ${address}: a firewall rule or a security module`,
  EPIPE: (address) => `${address} has closed the connection`,
  ETIMEDOUT: (address) => `${address} does not answer`,
};

/** The sentence for an error of a socket, with the errno's name behind it; Node's text if the errno is no usual one. */
export function connectionErrorText(
  error: NodeJS.ErrnoException,
  to: { readonly address: string; readonly port: number },
): string {
  const { code = '' } = error;
  const words = WORDS[code];
  return words ? `${words(to.address, to.port)} (${code})` : error.message;
}

/** The sentence for an attempt that nobody has answered: what the neighbor demands of our packets can be the reason, or we of its. */
export function unansweredText({ md5Key, ttlSecurity }: PeerSecurity): string {
  const reasons = [
    'the neighbor does not answer',
    ...(md5Key === undefined ? [] : ['has another TCP MD5 key or none']),
    ...(ttlSecurity === undefined ? [] : [farText(ttlSecurity)]),
  ];
  return `connection failed: ${reasons.join(', or ')}`;
}

/** The sentence for a connection of the neighbor's whose first packet came with this TTL, or hop limit (RFC 5082). */
export function tooFarText({ ttlSecurity = 1 }: PeerSecurity, ttl: number): string {
  return `connection refused: the neighbor ${farText(ttlSecurity)}; its packets arrive with ${ttl}`;
}

function farText(ttlSecurity: number): string {
  return `is more than ${ttlSecurity} hops away or sends with a lower TTL than 255`;
}
