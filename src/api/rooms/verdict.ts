import { MAX_SEQUENCE, Rule } from '../../evpn/index.js';
import type { Explain, Story } from '../explain-schemas.js';

/** What a story comes to, in sentences for a person in a hurry: where it is, why, and what is wrong. */
export function verdict(
  told: Omit<Explain, 'verdict'>,
  forwards: boolean,
  /** What keeps IPs of the MAC out. */
  limit: string | undefined,
): string[] {
  const { mac, ip, entry, binding } = told;
  const sentences = storySentences(mac, entry);
  if (!forwards) sentences.push(`VNI ${told.vni} cannot forward now; /api/v1/vnis/${told.vni} says why.`);
  if (ip === null) return sentences;
  if (limit !== undefined && binding?.mac !== mac) sentences.push(`${ip} may have been refused: ${limit}.`);
  if (!binding) return [...sentences, `Nobody in VNI ${told.vni} says that it has ${ip}.`];
  if (binding.mac !== null && binding.mac !== mac)
    sentences.push(`${ip} is bound to another MAC: ${binding.mac}.`);
  return [...sentences, ...storySentences(ip, binding.story)];
}

function storySentences(name: string, story: Story): string[] {
  return [
    whereabouts(name, story),
    `Decided by: ${story.rule}.`,
    ...numberSentences(name, story),
    ...permanentSentences(name, story),
    ...segmentSentences(story),
    ...ignoredSentences(story),
    ...moveSentences(name, story),
    ...duplicateSentences(name, story),
    announcement(name, story),
    ...kernelSentences(name, story),
  ];
}

function whereabouts(name: string, story: Story): string {
  const { owner, rule, vtep, device, sequence, sticky } = story;
  if (rule === Rule.OWN)
    return `${name} is an address of this leaf itself${device === null ? '' : `, of ${device}`}; no host has it.`;
  const what = `sequence number ${sequence}${sticky ? ', sticky' : ''}`;
  if (owner === 'local') return `${name} is local${device === null ? '' : ` on port ${device}`}, ${what}.`;
  if (owner === 'remote') return `${name} is remote${vtep === null ? '' : ` behind ${vtep}`}, ${what}.`;
  const { highestSequence } = story;
  return `${name} is nobody's${highestSequence > 0 ? `; sequence number ${highestSequence} is remembered` : ''}.`;
}

function numberSentences(name: string, { owner, sequence, highestSequence }: Story): string[] {
  if (owner !== 'none' && sequence === MAX_SEQUENCE)
    return [
      `${name} has the highest sequence number there is: no further move of it can be told to other leaves.`,
    ];
  return owner === 'remote' && highestSequence > sequence
    ? [`The highest sequence number that ${name} was seen with is ${highestSequence}.`]
    : [];
}

/** What a bridge has for good it neither learned nor will age out, so that no host has to be behind it. */
function permanentSentences(name: string, { owner, kernel }: Story): string[] {
  if (owner !== 'none' || !kernel.bridge?.state.includes('permanent')) return [];
  return [
    `The bridge has ${name} as a permanent row of ${kernel.bridge.device}: an address of this machine, or set by hand; evpnd does not announce it.`,
  ];
}

/** Where the leaf that frames go to is not the one that announces the host, as behind an Ethernet segment. */
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

function ignoredSentences({ claims }: Story): string[] {
  return claims
    .filter(({ ignored }) => ignored !== null)
    .map(({ origin, vtep, route, ignored }) =>
      origin === 'local'
        ? `The local row does not count: ${ignored}.`
        : `The route of ${vtep} (RD ${route?.rd}) does not count: ${ignored}.`,
    );
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

function announcement(name: string, { advertised }: Story): string {
  if (advertised.length === 0) return `This leaf does not announce ${name}.`;
  return `This leaf announces ${name} with next hop ${advertised[0].path.nextHop}.`;
}

function kernelSentences(name: string, { kernel }: Story): string[] {
  if (kernel.fits) return [`The kernel holds what evpnd wants for ${name}.`];
  const sentences = [`The kernel differs: found ${kernel.found}; wanted ${kernel.wanted}.`];
  if (kernel.drifts.some(({ cause, mendedAt }) => cause === 'blocked' && mendedAt === null))
    sentences.push(
      `A row that is not evpnd's stands in the way of ${name} and is left alone; remove it if it is not meant.`,
    );
  if (kernel.failure) {
    const { errno, kernel: words, attempts, retryAt } = kernel.failure;
    const told = words === null ? errno : `${errno}, "${words}"`;
    sentences.push(`The kernel refused it (${told}, attempt ${attempts}); next attempt at ${retryAt}.`);
  }
  return sentences;
}
