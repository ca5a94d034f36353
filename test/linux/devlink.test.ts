import test from 'ava';
import { decodeTables } from '../../src/linux/devlink.js';

const LIST = 63;
const RESOURCE = 64;
const NAME = 65;
const SIZE = 67;
const OCCUPIED = 74;

function attribute(type: number, ...values: Buffer[]): Buffer {
  const value = Buffer.concat(values);
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3);
  bytes.writeUInt16LE(4 + value.length);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

function number(type: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return attribute(type, bytes);
}

const resource = (name: string, size: bigint, ...rest: Buffer[]) =>
  attribute(RESOURCE, attribute(NAME, Buffer.from(`${name}\0`)), number(SIZE, size), ...rest);

test('tables of an ASIC, and tables within them by their path', (t) => {
  const inner = attribute(LIST, resource('linear', 98304n, number(OCCUPIED, 12n)), resource('hash', 60000n));
  const data = attribute(LIST, resource('kvd', 258048n, inner), resource('span', 3n, number(OCCUPIED, 0n)));
  t.deepEqual(decodeTables(data), [
    { name: 'kvd', size: 258048, occupied: undefined },
    { name: 'kvd/linear', size: 98304, occupied: 12 },
    { name: 'kvd/hash', size: 60000, occupied: undefined },
    { name: 'span', size: 3, occupied: 0 },
  ]);
  t.deepEqual(decodeTables(Buffer.alloc(0)), []);
  t.throws(() => decodeTables(data.subarray(0, 30)));
});
