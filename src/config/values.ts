import { isIP } from 'node:net';
import {
  formatIp,
  type Ip,
  type Ipv4,
  isIpv4,
  needsZone,
  ParseError,
  type PrefixKey,
  parseIp,
  parsePrefix,
  prefixAddress,
  prefixLength,
  unmapped,
} from '../types/index.js';
import { quoteValue } from './finding.js';
import type { Refuse } from './setting.js';
import type { Fault } from './source.js';

/** An address and a TCP port to listen on. */
interface ListenAddress {
  /** As `net.Server.listen` takes it: no brackets. */
  readonly host: string;
  readonly port: number;
}

/** IFNAMSIZ without the 0 behind a name. */
const LONGEST_NAME = 15;
/** 224.0.0.0, from which on no router has its address. */
const FIRST_GROUP = 0xe0000000;

/** RFC 6286 §2.1: any number but 0; as an address it must be one that a router can have. */
export function parseRouterId(text: string): Ipv4 {
  const ip = attempt(() => parseIp(text));
  if (ip !== undefined && isIpv4(ip) && ip !== 0 && ip < FIRST_GROUP) return ip;
  throw new ParseError('router-id', text, 'an IPv4 address other than 0.0.0.0');
}

/**
 * Refuses an IPv4-mapped IPv6 address: on every socket it is the IPv4 address itself, which has its own spelling. True where it is
 * refused.
 */
export function refuseMapped(ip: Ip, text: string, refuse: Refuse, index?: number): boolean {
  const own = unmapped(ip);
  if (own === ip) return false;
  refuse(
    { found: quoteValue(text), allowed: `${formatIp(own)}, of which it is the IPv4-mapped form` },
    index,
  );
  return true;
}

/** An address of ours; undefined for what is none, which interpret.ts refuses. */
export function parseLocalAddress(text: string, refuse: Refuse): Ip | undefined {
  const ip = attempt(() => parseIp(text));
  if (ip === undefined) return undefined;
  refuseMapped(ip, text, refuse);
  return unmapped(ip);
}

/** The prefix of neighbors that connect to us. */
export function parsePeerPrefix(text: string, refuse: Refuse): PrefixKey {
  const prefix = parsePrefix(text);
  const address = prefixAddress(prefix);
  if (unmapped(address) !== address && prefixLength(prefix) >= 96)
    refuse({
      found: quoteValue(text),
      allowed: `${formatIp(unmapped(address))}/${prefixLength(prefix) - 96}, of which it is the IPv4-mapped form`,
    });
  return prefix;
}

/** The address of one router that is reached by routing. */
export function parsePeerAddress(text: string, refuse: Refuse): Ip {
  const ip = attempt(() => parseIp(text));
  if (ip === undefined) throw new ParseError('address', text, 'an IPv4 or IPv6 address');
  if (refuseMapped(ip, text, refuse)) return unmapped(ip);
  const isUnicast = isIpv4(ip)
    ? ip !== 0 && ip < FIRST_GROUP
    : formatIp(ip) !== '::' && !/^ff/.test(formatIp(ip));
  if (!isUnicast) refuse({ found: quoteValue(text), allowed: 'the address of one router' });
  else if (needsZone(ip))
    refuse({ found: quoteValue(text), allowed: 'an address that is not link-local, or interface' });
  return ip;
}

/**
 * The name of a network interface, as the kernel allows it (net/core/dev.c dev_valid_name), and no address. It has no `@`, which
 * parts a neighbor's name from its VRF.
 */
export function parseInterfaceName(text: string, refuse: Refuse): string {
  const isName =
    /^[^\s/:%@]+$/.test(text) && Buffer.byteLength(text) <= LONGEST_NAME && !/^\.\.?$/.test(text);
  if (!isName || attempt(() => parseIp(text)) !== undefined)
    refuse({ found: quoteValue(text), allowed: 'the name of an interface, such as swp1' });
  return text;
}

/** A time of which 1 and 2 are too short (RFC 4271 §4.2, RFC 9687 §3). */
export function parseHoldTime(seconds: number, refuse: Refuse): number {
  if (seconds === 1 || seconds === 2)
    refuse({ found: String(seconds), allowed: '0, or seconds from 3 to 65535' });
  return seconds;
}

/** Octets of UTF-8 of a message to a neighbor (RFC 9003 §2). */
const LONGEST_MESSAGE = 255;

/** The message with which a neighbor is kept down, which may be empty; undefined where it is not. */
export function parseShutdown(value: boolean | string, refuse: Refuse): string | undefined {
  if (typeof value === 'boolean') return value ? '' : undefined;
  // What YAML 1.1 took for a boolean, and 1.2 takes for a text
  if (/^(y|yes|on|n|no|off)$/i.test(value))
    refuse({ found: quoteValue(value), allowed: 'true, false, or a message for the neighbor' });
  if (Buffer.byteLength(value) > LONGEST_MESSAGE)
    refuse({
      found: `${Buffer.byteLength(value)} octets`,
      allowed: `text of at most ${LONGEST_MESSAGE} octets`,
    });
  return value;
}

/** The inverse of parseShutdown where it is kept down. */
export function formatShutdown(message: string): string {
  return message === '' ? 'true' : message;
}

/** `longest` in bytes. */
export function absolutePath(longest: number): (text: string, refuse: Refuse) => string {
  return (text, refuse) => {
    if (!text.startsWith('/') || text.includes('\0') || Buffer.byteLength(text) > longest)
      refuse({ found: quoteValue(text), allowed: `an absolute path of at most ${longest} bytes` });
    return text;
  };
}

/** Addresses of ours; what is none is refused and left out. */
export function parseAddresses(texts: readonly string[], refuse: Refuse): readonly Ip[] {
  const ips = texts.map((text, i) => {
    const ip = parseItem(() => parseIp(text), i, refuse);
    if (ip !== undefined) refuseMapped(ip, text, refuse, i);
    return ip;
  });
  refuseRepeated(ips, formatIp, 'each address once', refuse);
  return ips.filter((ip) => ip !== undefined);
}

/** `address:port`, IPv6 as `[address]:port`; what is none is refused and left out. */
export function parseListenAddresses(texts: readonly string[], refuse: Refuse): readonly ListenAddress[] {
  refuseRepeated(texts, String, 'each address once', refuse);
  return texts.flatMap((text, i) => {
    const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
    const host = match?.[1] ?? match?.[2] ?? '';
    const port = Number(match?.[3]);
    const isMapped = isIP(host) === 6 && !host.includes('%') && refuseMapped(parseIp(host), text, refuse, i);
    if (isMapped) return [];
    if (isIP(host) === (match?.[1] === undefined ? 4 : 6) && port >= 1 && port <= 65535)
      return { host, port };
    refuse({ found: quoteValue(text), allowed: '127.0.0.1:8179, or [::1]:8179 for IPv6' }, i);
    return [];
  });
}

/** The inverse of parseListenAddresses. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What stands for the route targets that are derived, among others. */
export const AUTO = 'auto';

/** Each text as `parse` has it; what is none is refused and left out. */
export function parseRouteTargets<Value>(
  parse: (text: string) => Value,
): (texts: readonly string[], refuse: Refuse) => readonly Value[] {
  return (texts, refuse) => {
    refuseRepeated(texts, String, 'each route target once', refuse);
    return parseEach(texts, parse, refuse);
  };
}

/** Parses each item by itself; those that are none are refused and left out. */
export function parseEach<Item, Value>(
  items: readonly Item[],
  parse: (item: Item) => Value,
  refuse: Refuse,
): NonNullable<Value>[] {
  return items
    .map((item, index) => parseItem(() => parse(item), index, refuse))
    .filter((value) => value !== undefined && value !== null);
}

/** Refuses each value that an earlier one equals, and says which that is; undefined equals nothing. */
export function refuseRepeated<Value>(
  values: readonly Value[],
  format: (value: NonNullable<Value>) => string,
  allowed: string,
  refuse: (fault: Fault, index: number, first: number) => void,
): void {
  const seen = new Map<Value, number>();
  values.forEach((value, i) => {
    if (value === undefined || value === null) return;
    const first = seen.get(value);
    if (first === undefined) seen.set(value, i);
    else refuse({ found: `${format(value)} a second time`, allowed }, i, first);
  });
}

/** Returns a parser's error as a finding. */
export function faultOf(error: ParseError): Fault {
  return { found: quoteValue(error.found), allowed: error.allowed };
}

/** Returns what `parse` makes, or undefined if it throws ParseError. */
export function attempt<Value>(
  parse: () => Value,
  failed: (fault: Fault) => void = () => {},
): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    failed(faultOf(error));
    return undefined;
  }
}

function parseItem<Value>(parse: () => Value, index: number, refuse: Refuse): Value | undefined {
  return attempt(parse, (fault) => refuse(fault, index));
}
