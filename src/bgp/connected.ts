import { type Ip, isIpv4 } from '../types/index.js';
import { addressOf } from './address.js';

/** An interface of this machine, as far as sessions need it. */
export interface LocalInterface {
  readonly name: string;
  /** It carries frames: administratively up, and with a carrier. */
  readonly running: boolean;
  readonly addresses: readonly LocalAddress[];
}

/** An address of an interface. */
export interface LocalAddress {
  readonly ip: Ip;
  /** Of the prefix that is on-link: that of `peer` where there is one, else of `ip`. */
  readonly prefixLength: number;
  /** The other end of a point-to-point link. */
  readonly peer: Ip | undefined;
  /** Only a usable one is ours (RFC 4862 §5.4). */
  readonly state: 'usable' | 'tentative' | 'dadfailed';
}

/**
 * The interfaces by which a neighbor is directly connected: one of their addresses has it on-link, and is `local` where
 * that is given (our end of the session, as text). None for a neighbor behind a router, or a session between loopbacks. A
 * link-local neighbor's zone names its interface. Throws ParseError for an address that is none.
 */
export function connectedInterfaces(
  interfaces: readonly LocalInterface[],
  neighbor: string,
  local: string | undefined,
): LocalInterface[] {
  const ip = addressOf(neighbor);
  const [, zone] = neighbor.split('%');
  const ours = local === undefined || local === '' ? undefined : addressOf(local);
  return interfaces.filter(
    ({ name, addresses }) =>
      (zone === undefined || zone === name) &&
      addresses.some(
        (address) =>
          address.state === 'usable' &&
          (ours === undefined || address.ip === ours) &&
          address.ip !== ip &&
          isOnLink(ip, address),
      ),
  );
}

/** True where `ip` is within the prefix that the address makes on-link. */
function isOnLink(ip: Ip, { ip: own, peer, prefixLength }: LocalAddress): boolean {
  const address = peer ?? own;
  if (isIpv4(ip) || isIpv4(address)) {
    if (!isIpv4(ip) || !isIpv4(address)) return false;
    return prefixLength === 0 || (ip ^ address) >>> (32 - prefixLength) === 0;
  }
  const whole = prefixLength >> 3;
  if (ip.slice(0, whole) !== address.slice(0, whole)) return false;
  const rest = prefixLength & 7;
  return rest === 0 || (ip.charCodeAt(whole) ^ address.charCodeAt(whole)) >> (8 - rest) === 0;
}

/** What differs between two lists of interfaces. */
export interface InterfaceChange {
  readonly before: readonly LocalInterface[];
  readonly after: readonly LocalInterface[];
  /** Those of `before` that are not in `after` as they were. */
  readonly gone: readonly LocalInterface[];
  /** Those of `after` that were not in `before` as they are. */
  readonly come: readonly LocalInterface[];
}

/** Compares two lists; an interface that did not change is the same object in both. */
export function interfaceChange(
  before: readonly LocalInterface[],
  after: readonly LocalInterface[],
): InterfaceChange {
  const [was, is] = [new Set(before), new Set(after)];
  return {
    before,
    after,
    gone: before.filter((each) => !is.has(each)),
    come: after.filter((each) => !was.has(each)),
  };
}

/** Returns why a neighbor that was directly connected is so no more; undefined if it still is, or was not before. */
export function lostConnection(
  { gone, after }: InterfaceChange,
  neighbor: string,
  local: string,
): string | undefined {
  const was = connectedInterfaces(gone, neighbor, local).find(({ running }) => running);
  if (was === undefined || connectedInterfaces(after, neighbor, local).some(({ running }) => running))
    return undefined;
  const { name } = was;
  const now = after.find((each) => each.name === name);
  if (now === undefined) return `interface ${name} is gone`;
  return now.running ? `interface ${name} lost address ${local}` : `interface ${name} is down`;
}

/** True where a neighbor is directly connected by a running interface by which it was not before. */
export function gainedConnection(
  { before, come }: InterfaceChange,
  neighbor: string,
  local: string | undefined,
): boolean {
  const is = connectedInterfaces(come, neighbor, local).filter(({ running }) => running);
  if (is.length === 0) return false;
  const was = connectedInterfaces(before, neighbor, local).filter(({ running }) => running);
  return is.some(({ name }) => !was.some((each) => each.name === name));
}
