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
  EPERM: (address) =>
    `the kernel does not let evpnd connect to ${address}: a firewall rule or a security module`,
  EPIPE: (address) => `${address} has closed the connection`,
  ETIMEDOUT: (address) => `${address} does not answer`,
};

/** The sentence for an error of a socket, with the errno's name behind it; what Node says where the errno is no usual one. */
export function connectionErrorText(
  error: NodeJS.ErrnoException,
  to: { readonly address: string; readonly port: number },
): string {
  const { code = '' } = error;
  const words = WORDS[code];
  return words ? `${words(to.address, to.port)} (${code})` : error.message;
}
