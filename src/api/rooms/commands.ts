import type { NeighborOutcome, Speaker } from '../../bgp/index.js';
import type { Evpn } from '../../evpn/index.js';
import { formatIp, type Ip } from '../../types/index.js';
import type { Commands, NeighborAnswer } from '../commands.js';
import { neighborItem } from '../resources/neighbor-item.js';

type Commanded = Pick<
  Speaker,
  'neighbor' | 'resetNeighbor' | 'refreshNeighbor' | 'shutDownNeighbor' | 'enableNeighbor'
>;

const REFUSALS = {
  'no neighbor': 'no-such-neighbor',
  'shut down': 'neighbor-shut-down',
  'no session': 'no-session',
  'no route refresh': 'no-route-refresh',
} as const satisfies Record<Exclude<NeighborOutcome, 'done'>, string>;

/** The commands over the running rooms. */
export function roomsCommands({ duplicates }: Pick<Evpn, 'duplicates'>, speaker: Commanded): Commands {
  const answer = (address: Ip, command: (text: string) => NeighborOutcome): NeighborAnswer => {
    const text = formatIp(address);
    const outcome = command(text);
    const neighbor = speaker.neighbor(text);
    if (neighbor === undefined) return { refused: 'no-such-neighbor' };
    return outcome === 'done'
      ? { neighbor: neighborItem(neighbor, undefined) }
      : { refused: REFUSALS[outcome] };
  };
  return {
    clearDuplicates({ vni, mac, ip }) {
      if (mac !== undefined) return Number(duplicates.clear({ vni, mac }));
      return ip !== undefined ? Number(duplicates.clear({ vni, ip })) : duplicates.clearAll(vni);
    },
    clearNeighbor: (address, words) => answer(address, (text) => speaker.resetNeighbor(text, words)),
    softClearNeighbor: (address, direction) =>
      answer(address, (text) => {
        const outcome = direction === 'out' ? 'done' : speaker.refreshNeighbor(text, 'in');
        return outcome === 'done' && direction !== 'in' ? speaker.refreshNeighbor(text, 'out') : outcome;
      }),
    shutDownNeighbor: (address, words) => answer(address, (text) => speaker.shutDownNeighbor(text, words)),
    enableNeighbor: (address) => answer(address, (text) => speaker.enableNeighbor(text)),
  };
}
