import test from 'ava';
import { LinkTable } from '../../src/linux/link-table.js';
import { messageOf } from './messages.js';
import { RECORDED } from './recorded.js';

function take(table: LinkTable, hex: string): void {
  const { buffer, type, end } = messageOf(hex);
  table.take(type, buffer.bytes, 0, end);
}

test('a port that is gone, and whose VLANs are said to be gone behind it, leaves nothing', (t) => {
  const table = new LinkTable();
  for (const message of [RECORDED.externalPort, RECORDED.externalPortTunnels, RECORDED.tunnelRangeAdded])
    take(table, message);
  t.is(table.vlans.size, 1);
  take(table, RECORDED.portLeft);
  take(table, RECORDED.tunnelDeleted);
  t.is(table.vlans.size, 0);
});
