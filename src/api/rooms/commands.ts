import type { NeighborOutcome, Speaker } from '../../bgp/index.js';
import type { Evpn } from '../../evpn/index.js';
import type { Commands, NeighborAnswer } from '../commands.js';
import { neighborItem } from '../resources/neighbor-item.js';

type Commanded = Pick<
  Speaker,
  'neighbor' | 'resetNeighbor' | 'refreshNeighbor' | 'shutDownNeighbor' | 'enableNeighbor'
>;

const REFUSALS = {
  'no neighbor': 'no-such-neighbor',
  'shut down': 'neighbor-shut-down',
  'shut down by its setting': 'shut-down-by-setting',
  'no session': 'no-session',
  'no route refresh': 'no-route-refresh',
} as const satisfies Record<Exclude<NeighborOutcome, 'done'>, string>;

/** The commands over the running rooms. */
export function roomsCommands({ duplicates }: Pick<Evpn, 'duplicates'>, speaker: Commanded): Commands {
  const answer = (name: string, outcome: NeighborOutcome): NeighborAnswer => {
    const neighbor = speaker.neighbor(name);
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
    clearNeighbor: (address, words) => answer(address, speaker.resetNeighbor(address, words)),
    softClearNeighbor(address, direction) {
      const outcome = direction === 'out' ? 'done' : speaker.refreshNeighbor(address, 'in');
      return answer(
        address,
        outcome === 'done' && direction !== 'in' ? speaker.refreshNeighbor(address, 'out') : outcome,
      );
    },
    shutDownNeighbor: (address, words) => answer(address, speaker.shutDownNeighbor(address, words)),
    enableNeighbor: (address) => answer(address, speaker.enableNeighbor(address)),
  };
}
