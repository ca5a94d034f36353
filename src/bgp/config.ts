import type { BfdSettings } from '../bfd/index.js';
import { type PrefixKey, Secret } from '../types/index.js';
import type { AnyFamily } from '../wire/index.js';
import { canonicalAddress } from './address.js';
import type { ExportPolicy } from './export-policy.js';
import type { ImportPolicy } from './import-policy.js';
import type { ListenEndpoint, PeerSecurity } from './transport.js';

/** One neighbor as the operator configured it, defaults filled in. */
export interface NeighborConfig {
  /** IPv4, IPv6, or IPv6 link-local with its zone (`fe80::1%eth0`); where there is an `interface`, its name. */
  readonly address: string;
  /** The interface at whose other end it is, found by its router advertisements; undefined where it has an address. */
  readonly interface?: string | undefined;
  /** TCP port that we connect to. */
  readonly port: number;
  readonly remoteAs: number | 'internal' | 'external';
  /** The AS that we have for this neighbor; that of all others where absent. */
  readonly localAs?: number | undefined;
  /** True: wait for the neighbor to connect. */
  readonly passive: boolean;
  /** The address that we connect from. */
  readonly localAddress?: string;
  /** The interface whose address that is, in place of `localAddress`; see update-source.ts. */
  readonly updateSource?: string | undefined;
  /** The VRF, or the interface, that its connections go by, ours and its own. */
  readonly device?: string | undefined;
  /** Why there is no such address: no connection is made to the neighbor. */
  readonly sourceFault?: string;
  /** Seconds: 0 (no keepalives at all), or 3 to 65535. */
  readonly holdTime: number;
  /** Seconds; never more than a third of the negotiated hold time. */
  readonly keepaliveTime: number;
  /** Seconds. */
  readonly connectRetryTime: number;
  /** Seconds that the neighbor may leave unread what waits for it (RFC 9687); 0: for ever; the RFC's value where absent. */
  readonly sendHoldTime?: number;
  /** Seconds from changes that it is sent to the next ones (RFC 4271 §9.2.1.1); 0 where absent. */
  readonly advertisementInterval?: number;
  /** It is kept down, and gets this message (RFC 9003), which may be empty; not where absent. */
  readonly shutdown?: string | undefined;
  /** How the path to it is probed (RFC 5880); not at all where absent. */
  readonly bfd?: (BfdSettings & { readonly multihop: boolean }) | undefined;
  /** Refuses eBGP routes whose AS_PATH does not begin with the neighbor's AS; true where absent. */
  readonly enforceFirstAs?: boolean;
  /** Offers enhanced route refresh (RFC 7313); not where absent. */
  readonly enhancedRefresh?: boolean;
  /** Its routes stay over a NOTIFICATION if it keeps ours (RFC 8538); true where absent. */
  readonly gracefulRestartNotification?: boolean;
  /** Seconds from its return to its End-of-RIB for which its stale routes stay, at most (RFC 8538 §4.1); 180 where absent. */
  readonly staleTime?: number;
  /** Seconds for which its routes stay beyond its restart time, at most, as the last resort (RFC 9494); 0, or absent: not. */
  readonly longLivedStaleTime?: number;
  /** How often our own AS may be in a path; 0 where absent. */
  readonly allowasIn?: number;
  /** The key of TCP MD5 signatures (RFC 2385), as the file has it; without where absent. */
  readonly passwordFile?: Secret | undefined;
  /** How many hops away it is at most (GTSM, RFC 5082); not checked where absent. */
  readonly ttlSecurity?: number | undefined;
  /** TTL of our packets to it, unless it is internal; the kernel's own where absent. */
  readonly ebgpMultihop?: number | undefined;
  /** What its routes may take; as route-limits.ts has it where absent. */
  readonly maxRoutes?: number;
  readonly maxOctets?: number;
  readonly maxFamilyRoutes?: ReadonlyMap<AnyFamily, number>;
  readonly onLimit?: 'close' | 'stop' | 'warn';
  /** What becomes of its routes, and of those that it is sent; nothing where absent. */
  readonly importPolicy?: ImportPolicy | undefined;
  readonly exportPolicy?: ExportPolicy | undefined;
  readonly description?: string;
  /** The peer group that some of the settings come from. */
  readonly peerGroup?: string | undefined;
  /** The prefix of the listen range that it connected from; undefined where it is configured itself. */
  readonly listenRange?: string;
  /** What may be spoken with it; L2VPN/EVPN alone where absent. */
  readonly families?: readonly AnyFamily[];
}

/** Addresses from which neighbors may connect that are not configured each: with which settings, and how many at once. */
export interface ListenRange {
  readonly prefix: PrefixKey;
  readonly limit: number;
  readonly neighbor: Omit<NeighborConfig, 'address' | 'passive'>;
}

export interface SpeakerConfig {
  readonly asn: number;
  /** Unsigned 32 bits. */
  readonly routerId: number;
  readonly listen: readonly ListenEndpoint[];
  readonly neighbors: readonly NeighborConfig[];
  /** None where absent. A neighbor of `neighbors` is that, also where a range holds its address. */
  readonly listenRanges?: readonly ListenRange[];
  /** What a speaker of each VRF has, by the VRF's name; see speakers.ts. */
  readonly vrfs?: ReadonlyMap<string, Omit<SpeakerConfig, 'vrfs'>>;
}

/** What our OPENs contain. */
export interface LocalIdentity {
  readonly asn: number;
  readonly routerId: number;
  readonly restart: Readonly<LocalRestart>;
}

/** What we announce of our own last restart (RFC 4724 §3), read when an OPEN is made. */
export interface LocalRestart {
  /** The R bit: we have just come back, and neighbors need not wait for our End-of-RIB before they send theirs. */
  restarting: boolean;
  /** The F bit: what the data plane forwards outlived the restart. */
  forwardingPreserved: boolean;
}

/** What stands of an established session that settings may differ from. */
export interface StandingSession {
  readonly remoteAs: number;
  /** As the connection has it. */
  readonly localAddress: string;
}

/** A setting that a session begins with. */
interface SessionSetting {
  /** Whether a session that stands is what the new value asks for. */
  readonly standsBy: (
    after: NeighborConfig,
    standing: StandingSession,
    localAsn: number,
    before: NeighborConfig,
  ) => boolean;
  /** It is of the way to the neighbor, or of its timers: its routes of before are its own all the same, and are kept while it restarts. */
  readonly leavesStale: boolean;
}

const never = () => false;

const SESSION_SETTINGS: Readonly<Partial<Record<keyof NeighborConfig, SessionSetting>>> = {
  port: { standsBy: () => true, leavesStale: true },
  remoteAs: {
    standsBy: ({ remoteAs }, standing, localAsn) => acceptsAs(remoteAs, standing.remoteAs, localAsn),
    leavesStale: false,
  },
  localAs: { standsBy: never, leavesStale: false },
  passive: { standsBy: never, leavesStale: true },
  localAddress: {
    standsBy: ({ localAddress }, standing) =>
      localAddress === undefined || canonicalAddress(localAddress) === standing.localAddress,
    leavesStale: true,
  },
  // Its address decides
  updateSource: { standsBy: () => true, leavesStale: true },
  // A connection changes its key while it stands, but has one from its beginning or never
  passwordFile: {
    standsBy: (after, _standing, _localAsn, before) =>
      after.passwordFile !== undefined && before.passwordFile !== undefined,
    leavesStale: true,
  },
  device: { standsBy: never, leavesStale: false },
  ttlSecurity: { standsBy: never, leavesStale: true },
  ebgpMultihop: { standsBy: never, leavesStale: true },
  enhancedRefresh: { standsBy: never, leavesStale: true },
  gracefulRestartNotification: { standsBy: never, leavesStale: false },
  longLivedStaleTime: { standsBy: never, leavesStale: false },
  holdTime: { standsBy: never, leavesStale: true },
  keepaliveTime: { standsBy: never, leavesStale: true },
  families: { standsBy: never, leavesStale: false },
};

/** True where a neighbor of this AS is the one that `remoteAs` means. */
export function acceptsAs(remoteAs: NeighborConfig['remoteAs'], asn: number, localAsn: number): boolean {
  if (remoteAs === 'internal') return asn === localAsn;
  if (remoteAs === 'external') return asn !== localAsn;
  return asn === remoteAs;
}

/**
 * True where going from one configuration to the other needs a new session: a setting differs that the rest of the code
 * does not read when it needs it, and the session that stands (undefined where none does) is not as the new value wants it.
 */
export function needsNewSession(
  before: NeighborConfig,
  after: NeighborConfig,
  standing: StandingSession | undefined,
  localAsn: number,
): boolean {
  return settingsThatDiffer(before, after).some(
    ({ standsBy }) => standing === undefined || !standsBy(after, standing, localAsn, before),
  );
}

/** True where what is kept of a neighbor that restarts stays what it is with the other configuration. */
export function leavesStale(before: NeighborConfig, after: NeighborConfig): boolean {
  return settingsThatDiffer(before, after).every((setting) => setting.leavesStale);
}

function settingsThatDiffer(before: NeighborConfig, after: NeighborConfig): readonly SessionSetting[] {
  return Object.entries(SESSION_SETTINGS).flatMap(([name, setting]) =>
    isSame(before[name as keyof NeighborConfig], after[name as keyof NeighborConfig]) ? [] : [setting],
  );
}

function isSame(before: unknown, after: unknown): boolean {
  return before === after || (before instanceof Secret && after instanceof Secret && before.equals(after));
}

/** Returns what the packets of the neighbor must have. */
export function peerSecurity({
  passwordFile,
  ttlSecurity,
  ebgpMultihop,
  remoteAs,
}: Omit<NeighborConfig, 'address' | 'passive'>): PeerSecurity {
  return { md5Key: passwordFile, ttlSecurity, ttl: remoteAs === 'internal' ? undefined : ebgpMultihop };
}
