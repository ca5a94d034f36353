import test from 'ava';
import { BfdMouth } from '../../src/linux/bfd-mouth.js';
import type { RawSocket, Repeater } from '../../src/linux/native.js';

test('while its interface is away a neighbor keeps its old index, so that the new one is looked for until it comes', (t) => {
  const repeated: string[] = [];
  let error = 0;
  let address: Buffer | undefined = Buffer.from('index 2');
  const repeater = {
    repeat: (_key: number, _fd: number, _bytes: Buffer, to: Buffer) => {
      repeated.push(String(to));
      return error;
    },
    stop: () => {},
    sent: () => 0,
    error: () => error,
    close: () => {},
  };
  const mouth = new BfdMouth(
    { fd: 9 } as RawSocket,
    repeater as unknown as Repeater,
    0,
    address,
    () => address,
    () => {},
  );
  mouth.repeat(Buffer.from('packet'), { least: 1, most: 1 }, true);
  mouth.mend();
  error = -19;
  address = undefined;
  mouth.mend();
  t.is(mouth.repeated.fault, 'ENODEV');
  address = Buffer.from('index 3');
  mouth.mend();
  mouth.mend();
  t.deepEqual(repeated, ['index 2', 'index 3']);
});
