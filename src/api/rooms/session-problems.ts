import { limitSetting, limitText, type NeighborStatus } from '../../bgp/index.js';
import type { LinkPeerStatus } from '../../nd/index.js';
import { counted } from '../../types/index.js';
import { CeaseSubcode, NotificationCode, OpenSubcode } from '../../wire/index.js';
import type { ProblemNote } from '../parts/problem-note.js';
import { routerIdText } from '../present.js';
import { curl } from './curl.js';
import { pingTo, routeTo } from './vrf-commands.js';

const DOWN_BY = {
  setting: () => 'shut down by its setting',
  command: () => 'shut down by an operator',
  limit: (reason) => `kept down (\`on-limit: stop\`): ${reason}`,
} as const satisfies Record<NonNullable<NeighborStatus['shutdown']>['by'], (message: string) => string>;

/** A leaf with one neighbor still receives all routes; without any it receives none. */
export function sessionProblems(neighbors: readonly NeighborStatus[], socket: string): ProblemNote[] {
  // One of a listen range comes and goes as it likes
  const down = neighbors.filter(
    ({ state, listenRange, shutdown }) =>
      state !== 'Established' && (listenRange === undefined || shutdown !== undefined),
  );
  const none = down.length === neighbors.length ? 'error' : 'warning';
  return down.map((neighbor) => {
    const { address, state, lastError, shutdown } = neighbor;
    return shutdown
      ? {
          severity: none === 'error' ? none : 'info',
          problem: `neighbor ${address}: ${DOWN_BY[shutdown.by](shutdown.message)}`,
          fix:
            shutdown.by === 'setting'
              ? 'take `shutdown` of the neighbor out and reload'
              : curl(socket, 'DELETE', `neighbors/${address.replace('%', '%25')}/shutdown`),
        }
      : neighbor.linkPeer && neighbor.peerAddress === undefined
        ? { severity: none, ...unfound(neighbor.address, neighbor.linkPeer) }
        : {
            severity: none,
            problem: `neighbor ${address}: no session (${state})${lastError ? `; ${lastError.reason}` : ''}`,
            fix: sessionFix(neighbor, socket),
          };
  });
}

/** A neighbor by interface whose router is not known. */
function unfound(name: string, { fault }: LinkPeerStatus): Pick<ProblemNote, 'problem' | 'fix'> {
  if (fault !== undefined)
    return {
      problem: `neighbor ${name}: not looked for: ${fault}`,
      fix: `see the interface: ip address show dev ${name}`,
    };
  return {
    problem: `neighbor ${name}: no router advertisement has been heard on its interface`,
    fix: `see that the other end of ${name} has this leaf as a neighbor by interface, too (FRR: \`neighbor … interface remote-as external\`), and what comes in: tcpdump -ni ${name} icmp6`,
  };
}

/** Links of neighbors by interface on which there is more than one router, or that have a loop. */
export function linkProblems(neighbors: readonly NeighborStatus[]): ProblemNote[] {
  return neighbors.flatMap(({ address: name, linkPeer }): ProblemNote[] => {
    if (linkPeer === undefined) return [];
    const { router, others, rejected } = linkPeer;
    const problems: ProblemNote[] = [];
    if (others.length > 0)
      problems.push({
        severity: 'warning',
        problem: `neighbor ${name}: several routers advertise themselves on the link: ${router ?? 'none'} is taken, ${others.map(({ address }) => address).join(', ')} ${others.length === 1 ? 'is' : 'are'} not`,
        fix: `let one router alone be behind ${name}, or name the neighbor by its address`,
      });
    if (rejected.own > 0)
      problems.push({
        severity: 'warning',
        problem: `neighbor ${name}: ${counted(rejected.own, 'router advertisement')} of our own came back by the interface`,
        fix: `see what ${name} is connected to: the link has a loop`,
      });
    return problems;
  });
}

/** Neighbors whose session is up without a family that they are to speak. */
export function familyProblems(neighbors: readonly NeighborStatus[]): ProblemNote[] {
  return neighbors.flatMap(({ address: name, interface: link, state, families, capabilitiesReceived }) => {
    if (state !== 'Established') return [];
    return families
      .filter(({ isNegotiated }) => !isNegotiated)
      .map(({ family }): ProblemNote => {
        const { afi, safi } = family;
        const isOffered = capabilitiesReceived.some(
          (each) => each.code === 1 && each.afi === afi && each.safi === safi,
        );
        // What is offered and not spoken lacks what a neighbor by interface needs for it
        return link !== undefined && isOffered
          ? {
              severity: 'warning',
              problem: `neighbor ${name}: the session is up without ${family.name}, for which the neighbor offers no IPv6 next hops (RFC 8950)`,
              fix: 'let it offer them: in FRR `neighbor … capability extended-nexthop`',
            }
          : {
              severity: 'warning',
              problem: `neighbor ${name}: the session is up without ${family.name}, which the neighbor does not offer`,
              fix: `activate ${family.name} for this leaf there, or take it out of \`families\` of the neighbor`,
            };
      });
  });
}

/** Neighbors whose routes come near what they may take, or are beyond it. */
export function limitProblems(neighbors: readonly NeighborStatus[]): ProblemNote[] {
  return neighbors
    .filter(({ limitUse }) => limitUse.level !== 'within')
    .map(({ address, limitUse, limits }) => ({
      severity: 'warning',
      problem: `neighbor ${address}: ${limitText(limitUse)}${limits.onLimit !== 'warn' ? '; the session ends beyond it' : ''}`,
      fix: `see why it sends so many, or raise \`${limitSetting(limitUse)}\` of the neighbor and reload`,
    }));
}

/** Milliseconds without a read that are no more than a neighbor with much to do. */
const STALL_PATIENCE = 10_000;

/** Neighbors that have read nothing for a while of what waits for them at `now`: they do not know our hosts as they are. */
export function stalledProblems(neighbors: readonly NeighborStatus[], now: number): ProblemNote[] {
  return neighbors.flatMap(({ address, peerAddress, vrf, sendStalledSince, sendHoldTime }) => {
    const stalled = sendStalledSince === undefined ? 0 : now - sendStalledSince;
    if (stalled < STALL_PATIENCE) return [];
    const end =
      sendHoldTime > 0 ? `; the session ends after ${sendHoldTime} s of it (\`send-hold-time\`)` : '';
    const seconds = Math.floor(stalled / 1000);
    return {
      severity: 'warning',
      problem: `neighbor ${address}: has read nothing for ${seconds} s of what waits for it, so that it does not hear of changes here${end}`,
      fix: `see what BGP at ${address} is busy with, and that the way there takes large packets: ${pingTo(peerAddress ?? address, vrf, '-M do -s 1472')}`,
    };
  });
}

/** Milliseconds in which BFD comes up where both ends want it. */
const BFD_PATIENCE = 10_000;

/** Neighbors whose path is to be watched at `now` and is not: nobody would notice its end before the hold time is over. */
export function bfdProblems(neighbors: readonly NeighborStatus[], now: number): ProblemNote[] {
  return neighbors.flatMap(({ address, state, bfd }): ProblemNote[] => {
    if (bfd === undefined) return [];
    if (bfd.fault !== undefined)
      return [
        { severity: 'warning', problem: `neighbor ${address}: BFD cannot send: ${bfd.fault}`, fix: null },
      ];
    if (state !== 'Established' || bfd.state === 'Up' || now - bfd.since < BFD_PATIENCE) return [];
    const { remote } = bfd;
    if (remote?.state === 'AdminDown')
      return [
        {
          severity: 'info',
          problem: `neighbor ${address}: BFD is taken down by its operator, the BGP session is up`,
          fix: null,
        },
      ];
    const heard = remote === undefined ? 'nothing is heard' : `it says ${remote.state}`;
    const ttl = bfd.dropped.ttl ?? 0;
    return [
      {
        severity: 'warning',
        problem: `neighbor ${address}: BFD is ${bfd.state} though the BGP session is up: ${heard}${ttl > 0 ? `, and ${ttl} of its packets came over a router (TTL below 255)` : ''}`,
        fix:
          ttl > 0
            ? `set \`multihop: true\` of \`bfd\` on both sides, or use the address on the link`
            : `see that ${address} runs BFD with this leaf (FRR: bfdd, and \`neighbor … bfd\`), and that UDP port ${bfd.multihop ? 4784 : 3784} is open both ways`,
      },
    ];
  });
}

/** Returns what to look at, by what became of the attempts; what the neighbor or evpnd objected to is in the reason itself. */
function sessionFix(neighbor: NeighborStatus, socket: string): string | null {
  const { port, vrf, passive, configuredRemoteAs, lastError } = neighbor;
  const name = neighbor.address;
  const address = neighbor.peerAddress ?? name;
  const named = twinFix(neighbor) ?? wrongAsFix(neighbor);
  if (named !== undefined) return named;
  const fix = FIXES.find(({ pattern }) => pattern.test(lastError?.reason ?? ''));
  if (fix)
    return fix.text({
      address,
      port,
      vrf,
      clearing: curl(socket, 'POST', `neighbors/${name.replace('%', '%25')}/clear`),
    });
  if (lastError?.notification) return `see what the log of ${address} says of this leaf`;
  if (passive)
    return `let ${address} connect: this leaf is to be its neighbor (AS number and address), and evpnd never connects to it (\`passive: true\`)`;
  const as = typeof configuredRemoteAs === 'number' ? ` (AS ${configuredRemoteAs})` : '';
  return `see that BGP runs at ${address}${as} on TCP port ${port} with this leaf as its neighbor, and that it is reached: ${pingTo(address, vrf)}`;
}

/** Two speakers with one BGP identifier (RFC 4271 §6.2, §6.8): this leaf and the neighbor, or this leaf and another one that it knows. */
function twinFix({ address, localRouterId, lastError }: NeighborStatus): string | undefined {
  const { code, subcode } = lastError?.notification ?? {};
  const ours = () => `\`router-id\` ${routerIdText(localRouterId)}`;
  if (code === NotificationCode.OPEN_MESSAGE_ERROR && subcode === OpenSubcode.BAD_BGP_IDENTIFIER)
    return `give each router of the AS its own BGP identifier: ${address}, or another neighbor of it, has this leaf's ${ours()}, too`;
  if (code === NotificationCode.CEASE && subcode === CeaseSubcode.CONNECTION_COLLISION_RESOLUTION)
    return `${address} takes this evpnd for a speaker that it has a session with (FRR here, or another evpnd): give this one a \`local-address\` and a \`router-id\` of its own, it has ${ours()}`;
  return undefined;
}

/** An AS that is another one than is configured, here or there (RFC 4271 §6.2, Bad Peer AS). */
function wrongAsFix({ address, localAs, lastError }: NeighborStatus): string | undefined {
  const { code, subcode, direction } = lastError?.notification ?? {};
  if (code !== NotificationCode.OPEN_MESSAGE_ERROR || subcode !== OpenSubcode.BAD_PEER_AS) return undefined;
  if (direction === 'received')
    return `at ${address} this leaf is configured with another AS: set its \`remote-as\` there to ${localAs}, or \`local-as\` of the neighbor here to what it expects`;
  const [, as] = /AS is (\d+)/.exec(lastError?.reason ?? '') ?? [];
  return `set \`remote-as\` of the neighbor to ${as ?? 'its AS'}, if that is the router that is meant`;
}

interface About extends Pick<NeighborStatus, 'port' | 'vrf'> {
  readonly address: string;
  /** The command that begins anew at once. */
  readonly clearing: string;
}

const FIXES: readonly {
  readonly pattern: RegExp;
  readonly text: (about: About) => string;
}[] = [
  {
    pattern: /ECONNREFUSED/,
    text: ({ address, port }) =>
      `nobody listens there: start BGP at ${address} on TCP port ${port}, or set \`port\` of the neighbor`,
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH/,
    text: ({ address, vrf }) =>
      `give ${vrf === undefined ? 'the underlay' : `VRF ${vrf}`} a way to it: ${routeTo(address, vrf)}`,
  },
  {
    pattern: /^too many routes/,
    text: ({ clearing }) =>
      `see why it sends so many; raise \`max-routes\` or \`max-octets\` of the neighbor and reload, which tries at once, as does: ${clearing}`,
  },
  {
    pattern: /^out of memory for routes/,
    text: ({ clearing }) =>
      `give evpnd more memory and restart it (\`MemoryHigh=\` and \`MemoryMax=\` of the unit, or \`--max-old-space-size\`), or see why it sends so many, and try at once: ${clearing}`,
  },
  {
    pattern: /EADDRNOTAVAIL/,
    text: () => 'give a device the `local-address` of the neighbor, or take that setting out',
  },
];
