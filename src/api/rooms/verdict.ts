import { MAX_SEQUENCE, type MacVrf, Rule } from '../../evpn/index.js';
import { counted } from '../../types/index.js';
import type { Explain, Story } from '../explain-schemas.js';
import type { Rooms } from './rooms.js';

/** What a verdict is about. */
export interface Circumstances {
  /** The VNI can forward. */
  readonly forwards: boolean;
  /** `mode: observe`. */
  readonly observes: boolean;
}

export function circumstancesOf({ config }: Pick<Rooms, 'config'>, vrf: MacVrf): Circumstances {
  return { forwards: vrf.localVtep !== undefined, observes: config().mode === 'observe' };
}

/** Returns the summary of a story, in sentences for a person in a hurry: where it is, why, and what is wrong. */
export function verdict(
  explained: Omit<Explain, 'verdict'>,
  circumstances: Circumstances,
  /** What keeps IPs of the MAC out. */
  limit: string | undefined,
  /** Why its addresses are not announced yet. */
  waits: readonly string[],
): string[] {
  // Of a MAC and its IPs, and of several routes of one leaf, the same is true
  return [...new Set([...sentencesOf(explained, circumstances, limit), ...waits])];
}

function sentencesOf(
  explained: Omit<Explain, 'verdict'>,
  { forwards, observes }: Circumstances,
  limit: string | undefined,
): string[] {
  const { mac, ip, entry, binding } = explained;
  const sentences = [
    ...storySentences(mac, explained.vni, entry, observes),
    ...neighborSentences(explained),
    ...forwardingSentences(explained.vni, forwards),
  ];
  if (ip === null) return sentences;
  if (limit !== undefined && binding?.mac !== mac) sentences.push(`${ip} may have been refused: ${limit}.`);
  if (!binding) return [...sentences, `Nobody in VNI ${explained.vni} says that it has ${ip}.`];
  if (binding.mac !== null && binding.mac !== mac)
    sentences.push(`${ip} is bound to another MAC: ${binding.mac}.`);
  return [...sentences, ...storySentences(ip, explained.vni, binding.story, observes)];
}

export const OBSERVES = ': with `mode: observe` evpnd announces nothing';

function storySentences(name: string, vni: number, story: Story, observes: boolean): string[] {
  return [
    whereabouts(name, story),
    `Decided by: ${story.rule}.`,
    ...pinSentences(name, story),
    ...numberSentences(name, story),
    ...standingSentences(name, story),
    ...labelSentences(vni, story),
    ...segmentSentences(story),
    ...ignoredSentences(story),
    ...moreSentences(name, story),
    ...moveSentences(name, story),
    ...duplicateSentences(name, story),
    announcement(name, story, observes),
    ...kernelSentences(name, story, observes),
  ];
}

function whereabouts(name: string, story: Story): string {
  const { owner, rule, vtep, device, sequence, sticky } = story;
  if (rule === Rule.OWN)
    return `${name} is an address of this leaf itself${device === null ? '' : `, of ${device}`}; no host has it.`;
  if (rule === Rule.GROUP) return `${name} is a group address, which no host has.`;
  const what = `sequence number ${sequence}${sticky ? ', sticky' : ''}`;
  if (owner === 'local') return `${name} is local${device === null ? '' : ` on port ${device}`}, ${what}.`;
  if (owner === 'remote') return `${name} is remote${vtep === null ? '' : ` behind ${vtep}`}, ${what}.`;
  const { highestSequence } = story;
  return `${name} is nobody's${highestSequence > 0 ? `; sequence number ${highestSequence} is remembered` : ''}.`;
}

function pinSentences(name: string, { pinnedBy, vtep }: Story): string[] {
  return pinnedBy === null
    ? []
    : [`${vtep} has pinned ${name} (${pinnedBy}): whoever shows up with it elsewhere does not get it.`];
}

function numberSentences(name: string, { owner, sequence, highestSequence }: Story): string[] {
  if (owner !== 'none' && sequence === MAX_SEQUENCE)
    return [
      `${name} has the highest sequence number there is: no further move of it can be announced to other leaves.`,
    ];
  return owner === 'remote' && highestSequence > sequence
    ? [`The highest sequence number that ${name} was seen with is ${highestSequence}.`]
    : [];
}

export function forwardingSentences(vni: number, forwards: boolean): string[] {
  return forwards ? [] : [`VNI ${vni} cannot forward now; /api/v1/vnis/${vni} says why.`];
}

/** Rows that are nobody's word on a host: what they are, and why nothing follows from them. */
function standingSentences(name: string, { owner, rule, kernel, claims }: Story): string[] {
  if (owner !== 'none' || rule === Rule.GROUP || claims.some(({ origin }) => origin === 'local')) return [];
  const { bridge, vxlan, neigh } = kernel;
  const sentences: string[] = [];
  if (bridge && !bridge.flags.includes('ext_learned'))
    sentences.push(
      bridge.state.includes('permanent')
        ? // It neither learned it nor will age it out, so that no host has to be behind it
          `The bridge has ${name} as a permanent row of ${bridge.device}: an address of this machine, or set by hand; evpnd does not announce it.`
        : bridge.flags.includes('ext_locked')
          ? `The bridge has ${name} locked on ${bridge.device}: its host is not authorized (802.1X, MAB), and is not announced.`
          : `The bridge has ${name} on ${bridge.device}, by no route: set by hand, or learned from a frame that came there.`,
    );
  if (vxlan && !vxlan.flags.includes('ext_learned'))
    sentences.push(
      `A row of ${vxlan.device} that is not evpnd's sends ${name} to ${vxlan.dst ?? 'a nexthop group'}.`,
    );
  if (neigh && kernel.fits)
    sentences.push(
      neigh.mac === null
        ? `The neighbor table of ${neigh.device} has asked for ${name} and got no answer (${neigh.state.join(', ')}).`
        : `The neighbor table of ${neigh.device} has ${name} at ${neigh.mac} (${neigh.state.join(', ')}), which is no valid entry.`,
    );
  return sentences;
}

/** A MAC of which no route and no bridge row speaks. */
function neighborSentences({ mac, entry, ips }: Omit<Explain, 'verdict'>): string[] {
  const { owner, claims, kernel } = entry;
  if (owner !== 'none' || claims.length > 0 || kernel.bridge || kernel.vxlan || ips.length === 0) return [];
  return [`${mac} is known from the neighbor table alone, as the MAC of ${ips.join(', ')}.`];
}

/** A route that counts although it is of another VNI by its label: whoever sent it may not take this VNI's frames. */
function labelSentences(vni: number, { claims }: Story): string[] {
  return claims
    .filter(({ ignored, route }) => ignored === null && route !== null && route.label !== vni)
    .map(
      ({ vtep, route }) =>
        `The route of ${vtep} (RD ${route?.rd}) has label ${route?.label}, not ${vni}: it is imported by its route targets, and frames go there with VNI ${vni}.`,
    );
}

/** The case that the leaf that frames go to is not the one that announces the host, as behind an Ethernet segment. */
function segmentSentences({ claims }: Story): string[] {
  const won = claims.find(({ won }) => won);
  if (!won || won.esi === null) return [];
  const said = `It is behind Ethernet segment ${won.esi}`;
  return [
    won.leaf === won.vtep
      ? `${said}.`
      : `${said}; ${won.vtep} announces it, and ${won.leaf} reaches the segment.`,
  ];
}

export function ignoredSentences({ claims }: Story): string[] {
  return claims
    .filter(({ ignored }) => ignored !== null)
    .map(({ origin, vtep, route, ignored }) =>
      origin === 'local'
        ? `The local row does not count: ${ignored}.`
        : `The route of ${vtep} (RD ${route?.rd}) does not count: ${ignored}.`,
    );
}

function moreSentences(name: string, { moreClaims }: Story): string[] {
  return moreClaims > 0
    ? [
        `${counted(moreClaims, 'more claim')} on ${name}, of routes that are no better, are not shown; /api/v1/routes lists all.`,
      ]
    : [];
}

function moveSentences(name: string, { moves }: Story): string[] {
  const last = moves.at(-1);
  return last ? [`${name} changed hands last at ${last.at}: ${last.cause}.`] : [];
}

function duplicateSentences(name: string, { duplicate }: Story): string[] {
  if (!duplicate) return [];
  const effect = duplicate.frozen ? 'it is frozen where it is' : 'its moves are still followed';
  return [
    `${name} is in two places since ${duplicate.since} (${duplicate.moves} moves within the window); ${effect}.`,
  ];
}

function announcement(name: string, { advertised }: Story, observes: boolean): string {
  if (advertised.length === 0) return `This leaf does not announce ${name}${observes ? OBSERVES : ''}.`;
  return `This leaf announces ${name} with next hop ${advertised[0].path.nextHop}.`;
}

/** What became of the rows in a switch ASIC, where there is one. */
function hardwareSentences(name: string, offload: Story['kernel']['offload']): string[] {
  if (offload === null || offload.state === 'software') return [];
  if (offload.state === 'offloaded') return [`The switch ASIC has ${name}.`];
  if (offload.state === 'withheld')
    return [
      `The switch ASIC did not take ${name}, as with a table that is full, and \`hardware-overflow: withhold\` keeps its rows out of the kernel: frames to it are flooded to every leaf of the VNI. It is offered again.`,
    ];
  if (offload.state === 'pending') return [`The switch ASIC is given the time to take ${name}.`];
  const why =
    offload.reason === null ? 'gives no reason, as with a table that is full' : `says "${offload.reason}"`;
  return [`The switch ASIC has not taken ${name} and ${why}: frames to it go through the CPU.`];
}

export function kernelSentences(
  name: string,
  { kernel }: { readonly kernel: Omit<Story['kernel'], 'bridge' | 'vxlan' | 'neigh'> },
  observes: boolean,
): string[] {
  if (kernel.fits && kernel.offload?.state === 'withheld') return hardwareSentences(name, kernel.offload);
  if (kernel.fits)
    return [`The kernel holds what evpnd wants for ${name}.`, ...hardwareSentences(name, kernel.offload)];
  const sentences = [`The kernel differs: found ${kernel.found}; wanted ${kernel.wanted}.`];
  if (observes)
    sentences.push(
      'With `mode: observe` evpnd writes nothing, so that it stays so unless another daemon writes.',
    );
  const blocked = kernel.drifts.find(({ cause, resolvedAt }) => cause === 'blocked' && resolvedAt === null);
  if (blocked)
    sentences.push(
      `A row that is not evpnd's stands in the way of ${name} and is left alone; if it is not meant: ${blocked.fix}.`,
    );
  if (kernel.failure) {
    const { errno, kernel: words, attempts, retryAt } = kernel.failure;
    const told = words === null ? errno : `${errno}, "${words}"`;
    sentences.push(`The kernel refused it (${told}, attempt ${attempts}); next attempt at ${retryAt}.`);
  }
  return sentences;
}
