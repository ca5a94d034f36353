import test from 'ava';
import { LinuxSnooper } from '../../src/linux/index.js';
import { type Log, silentLog } from '../../src/types/index.js';

test('a packet socket that the kernel refuses is a problem with its cure, and one line of the log without a stack', (t) => {
  const lines: [facts: object, message: string][] = [];
  const log: Log = { ...silentLog, warn: (facts, message) => lines.push([facts, message]) };
  const snooper = new LinuxSnooper({
    log,
    open: () => {
      throw new Error('Operation not permitted');
    },
  });
  t.is(snooper.problem, undefined);
  snooper.start({ heard() {}, tentative() {}, flooded() {} });
  t.is(snooper.problem?.severity, 'warning');
  t.regex(
    snooper.problem?.problem ?? '',
    /^ARP and neighbor discovery of hosts are not heard.*: Operation not permitted$/,
  );
  t.regex(snooper.problem?.fix ?? '', /CAP_NET_RAW/);
  t.deepEqual(lines, [[{ fix: snooper.problem?.fix }, snooper.problem?.problem]]);
});
