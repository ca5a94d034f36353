import test from 'ava';
import { kernelSentences } from '../../src/api/rooms/verdict.js';
import { House } from './support/house.js';
import { explain } from './support/third-leaf.js';

const MAC = '02:00:00:00:00:01';

/** What explain says of how far the MAC's rows are on their way into the hardware. */
const SENTENCES = [
  ['software', null, undefined],
  ['offloaded', null, /^The switch ASIC has 02:/],
  ['pending', null, /is given the time to take/],
  ['not-taken', null, /has not taken .* gives no reason, .*: frames to it go through the CPU\.$/],
  ['refused', 'no room', /has not taken .* says "no room": frames to it go through the CPU\.$/],
  ['withheld', null, /`hardware-overflow: withhold` .*: frames to it are flooded .* offered again\.$/],
] as const;

for (const [state, reason, sentence] of SENTENCES)
  test(`a MAC whose rows are ${state} in a switch ASIC`, async (t) => {
    const house = await House.build();
    const [here] = house.rooms;
    house.speaks(here);
    const { kernel } = (await explain(here, MAC)).entry;
    const said = kernelSentences(
      MAC,
      { kernel: { ...kernel, fits: true, offload: { state, reason } } },
      false,
    );
    t.is(
      said.some((each) => each.startsWith('The kernel holds')),
      state !== 'withheld',
    );
    if (sentence) t.regex(said.at(-1) ?? '', sentence);
    else t.is(said.length, 1);
  });
