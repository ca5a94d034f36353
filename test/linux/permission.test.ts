import test from 'ava';
import { requireRowPermission } from '../../src/linux/index.js';
import { systemClock } from '../../src/types/index.js';
import { MemoryKernel } from '../doubles/memory-kernel.js';
import { MemoryRtnetlink } from '../doubles/memory-rtnetlink.js';

const EPERM = 1;

test('without CAP_NET_ADMIN the start is refused, with both cures; an answer about the row is none about the permission', (t) => {
  const kernel = new MemoryKernel(systemClock);
  const sockets = new MemoryRtnetlink(kernel).sockets();
  t.notThrows(() => requireRowPermission(sockets));
  for (const errno of [2, 19, 22]) {
    kernel.fault = () => errno;
    t.notThrows(() => requireRowPermission(sockets), `errno ${errno}`);
  }
  kernel.fault = () => EPERM;
  t.throws(() => requireRowPermission(sockets), {
    message:
      /^the kernel lets this process change no FDB rows or neighbors: give it CAP_NET_ADMIN.* mode: observe$/,
  });
});
