import test from 'ava';
import { LinkTable } from '../../src/linux/link-table.js';
import type { Setting } from '../../src/linux/settings-codec.js';
import { deriveTopology } from '../../src/linux/topology.js';
import { DEFAULT_POLICY, Upkeep } from '../../src/linux/upkeep.js';
import { silentLog } from '../../src/types/index.js';
import { messageOf } from './messages.js';
import { RECORDED } from './recorded.js';

/** What is set beside a write that never ends, once anything is, but within so many looks of 50 ms. */
async function setBeside(
  flying: { isFlying: boolean; isHeldUp: boolean },
  looks: number,
): Promise<Setting[]> {
  const table = new LinkTable();
  for (const hex of [RECORDED.bridge, RECORDED.vxlanPort, RECORDED.vxlanPortVlans]) {
    const { buffer, type, end } = messageOf(hex);
    table.take(type, buffer.bytes, 0, end);
  }
  for (const link of table.links.values())
    if (link.port) table.links.set(link.ifindex, { ...link, port: { ...link.port, learning: true } });
  const set: Setting[] = [];
  const programmer = {
    ...flying,
    set: (setting: Setting) => {
      set.push(setting);
      return { errno: 0, message: undefined };
    },
    way: () => undefined,
  };
  const upkeep = new Upkeep(
    table,
    () => programmer,
    () => {},
    silentLog,
  );
  upkeep.setPolicy({ ...DEFAULT_POLICY, managePortSettings: true });
  upkeep.topologyTold(deriveTopology(table, upkeep.context));
  for (let look = 0; look < looks && set.length === 0; look++)
    await new Promise((resolve) => void setTimeout(resolve, 50));
  upkeep.close();
  return set;
}

test('what a VNI needs is set amid writes that have no end, each of which soon has', async (t) => {
  t.not((await setBeside({ isFlying: true, isHeldUp: false }, 600)).length, 0);
});

test('nothing is asked of the kernel while a write waits for those who hold its lock', async (t) => {
  t.deepEqual(await setBeside({ isFlying: true, isHeldUp: true }, 30), []);
});
