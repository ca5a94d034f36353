import test from 'ava';
import { type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { servingLeaf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const FIRST = parseMac('02:00:00:00:00:01');
const VICTIM = parseMac('02:00:00:00:ff:01');
const MANY = 4000;

test('while the kernel is behind, changed routes wait by neighbor, so that one with few has its turn amid a table', async (t) => {
  const { clock, leaf, devices } = await servingLeaf(VNI, { batch: 20 });
  leaf.world.kernel.launches = () => 'late';
  const [many, few] = [7, 8].map((n) => new SegmentMember(leaf, n, parseIp(`10.0.0.${n}`)));
  const rows = () => leaf.world.kernel.applied.filter(({ table }) => table === 'vxlan').length;
  const before = rows();
  for (let i = 0; i < MANY; i++) many.macIp((FIRST + i) as Mac, VNI);
  clock.runTurn();
  clock.runTurn();
  t.true(leaf.evpn.importer.reader.dirtyCount > MANY / 2, `${leaf.evpn.importer.reader.dirtyCount} wait`);
  few.macIp(VICTIM, VNI);
  let idle = false;
  void leaf.evpn.idle().then(() => {
    idle = true;
  });
  let turns = 0;
  while (leaf.rowsOf(devices, VICTIM).dst === undefined && turns++ < 10_000) clock.runTurn();
  await Promise.resolve();
  t.false(idle, 'routes wait still');
  t.true(rows() - before < MANY / 2, `${rows() - before} rows were written first`);
  clock.runUntilIdle();
  await Promise.resolve();
  t.true(idle);
  t.is(rows() - before, MANY + 1);
  t.is(leaf.evpn.importer.reader.dirtyCount, 0);
});
