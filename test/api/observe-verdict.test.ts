import test from 'ava';
import { verdict } from '../../src/api/rooms/verdict.js';
import { House } from './support/house.js';
import { explain } from './support/third-leaf.js';

const MAC = '02:00:00:00:00:01';

test('a leaf that observes is said to announce and write nothing for that reason, another one is not', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  house.speaks(here);
  const told = await explain(here, MAC);
  const entry = { ...told.entry, advertised: [], kernel: { ...told.entry.kernel, fits: false } };
  const said = (observes: boolean) =>
    verdict({ ...told, entry }, { forwards: true, observes }, undefined, []);
  t.true(
    said(true).includes(
      `This leaf does not announce ${MAC}: with \`mode: observe\` evpnd announces nothing.`,
    ),
  );
  t.true(said(true).some((line) => line.startsWith('With `mode: observe` evpnd writes nothing')));
  t.true(said(false).includes(`This leaf does not announce ${MAC}.`));
  t.false(said(false).some((line) => line.includes('observe')));
});
