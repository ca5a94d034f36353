import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseCommandLine, UsageError } from '../../src/config/index.js';

test('what the command line asks for', (t) => {
  const file = '/etc/evpnd/evpnd.yaml';
  t.deepEqual(parseCommandLine([]), { action: 'run', configFile: file });
  t.deepEqual(parseCommandLine(['--config', 'a']), { action: 'run', configFile: 'a' });
  t.deepEqual(parseCommandLine(['--config=a']), { action: 'run', configFile: 'a' });
  t.deepEqual(parseCommandLine(['--check']), { action: 'check', configFile: file });
  t.deepEqual(parseCommandLine(['--check', 'a']), { action: 'check', configFile: 'a' });
  t.deepEqual(parseCommandLine(['--check', '--config', 'a']), { action: 'check', configFile: 'a' });
  t.deepEqual(parseCommandLine(['--flush', 'a']), { action: 'flush', configFile: 'a' });
  t.deepEqual(parseCommandLine(['--flush', '--config', 'a']), { action: 'flush', configFile: 'a' });
  t.deepEqual(parseCommandLine(['import-frr', 'a']), { action: 'import-frr', configFile: 'a' });
  t.deepEqual(parseCommandLine(['import-frr', '-']), { action: 'import-frr', configFile: '-' });
  t.is(parseCommandLine(['--help']).action, 'help');
  t.is(parseCommandLine(['--version']).action, 'version');
});

for (const [args, fault] of [
  [['--chek'], 'unknown option --chek; did you mean --check?'],
  [['--foo'], 'unknown option --foo'],
  [['-x'], 'unknown option -x'],
  [['a'], 'a: write --config a'],
  [['--config'], '--config: a file must follow'],
  [['--config', '--check'], '--config: a file must follow'],
  [['--check=1'], '--check takes no value; found 1'],
  [['--check', 'a', 'b'], 'a, b: one configuration file only'],
  [['import-frr'], 'import-frr: one file must follow, or - for standard input'],
  [['import-frr', 'a', 'b'], 'import-frr: one file must follow, or - for standard input'],
  [['import-frr', '--check'], 'import-frr: one file must follow, or - for standard input'],
  [['--check', '--help'], '--check and --help: only one of them'],
] as const)
  test(`refused: ${args.join(' ')}`, (t) => {
    const error = t.throws(() => parseCommandLine(args), { instanceOf: UsageError });
    const [first, second] = error.message.split('\n');
    t.is(first, fault);
    t.regex(second, /^usage: evpnd /);
  });

const unit = readFileSync('systemd/evpnd.service', 'utf8');
const lines = unit.split('\n').filter((line) => /^\w+=/.test(line));
const all = (setting: string) =>
  lines.filter((line) => line.startsWith(`${setting}=`)).map((line) => line.slice(setting.length + 1));
const settings = new Map(
  lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

test('the unit starts and checks evpnd as its command line allows', (t) => {
  const configFile = '/etc/evpnd/evpnd.yaml';
  const call = (command: string) => {
    const [program, ...args] = command.split(' ');
    t.is(program, '/usr/bin/evpnd');
    return parseCommandLine(args);
  };
  t.deepEqual(all('ExecStart').map(call), [{ action: 'run', configFile }]);
  const [check, signal] = all('ExecReload');
  t.deepEqual(call(check), { action: 'check', configFile });
  t.is(signal, '/bin/kill -HUP $MAINPID');
  // A check before the start would keep a leaf down that can start with the configuration of before
  t.deepEqual(all('ExecStartPre'), []);
  t.is(settings.get('RestartPreventExitStatus'), '78');
});

test('the unit gives three capabilities and no more, to a user that is not root', (t) => {
  const capabilities = 'CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_RAW';
  t.is(settings.get('AmbientCapabilities'), capabilities);
  t.is(settings.get('CapabilityBoundingSet'), capabilities);
  t.is(settings.get('NoNewPrivileges'), 'yes');
  t.is(settings.get('User'), 'evpnd');
  t.is(settings.get('RestrictAddressFamilies'), 'AF_NETLINK AF_UNIX AF_INET AF_INET6 AF_PACKET');
  t.regex(readFileSync('systemd/sysusers.conf', 'utf8'), /^u evpnd - /m);
});

test('the unit lets evpnd set the priorities of its threads', (t) => {
  const filters = unit.split('\n').filter((line) => line.startsWith('SystemCallFilter='));
  // The last one that names a call decides
  t.is(filters.at(-1), 'SystemCallFilter=setpriority sched_setattr');
});

test('the unit bounds what evpnd may take, and ends a loop of crashes', (t) => {
  t.is(settings.get('MemoryHigh'), '2G');
  t.is(settings.get('MemoryMax'), '3G');
  t.is(settings.get('TasksMax'), '64');
  t.is(settings.get('Restart'), 'on-failure');
  t.is(settings.get('StartLimitIntervalSec'), '1h');
  t.is(settings.get('StartLimitBurst'), '20');
});

test('systemd finds no fault in the unit', (t) => {
  if (!existsSync('/usr/bin/systemd-analyze')) {
    t.log('systemd is not installed here: the unit was parsed by this test alone');
    t.pass();
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'evpnd-unit-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const copy = join(directory, 'evpnd.service');
  // evpnd need not be installed where it is tested
  writeFileSync(copy, unit.replaceAll('/usr/bin/evpnd', '/bin/true'));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', copy], { encoding: 'utf8' });
  t.is(stderr, '');
  t.is(status, 0);
});
