import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  attempt,
  Daemon,
  evpndCommand,
  Namespaces,
  type RunResult,
  run,
  waitFor,
} from '../../../lab/index.js';

/** A cable between two devices, each `node:device`. */
export type Cable = readonly [string, string];

const cli = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'src', 'cli', 'main.js');

/*
 * What a node has before anything of the manual is done: its own network, processes, name, and an /etc, /run and /var/lib
 * that are gone with it. Process 1 adopts and reaps what daemons leave, as init does.
 */
const BOOT = `
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/bin
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p /run/frr /etc/frr /etc/evpnd
chown frr:frr /run/frr
hostname "$NODE"
ip link set lo up
touch /mnt/booted
while :; do sleep 1000 & wait $!; done
`;

/** systemd's part: starts, stops and reloads what the manual starts, as the units of evpnd and FRR say. */
const SYSTEMCTL = `#!/bin/bash
verb=$1; shift
case $verb in enable|disable) if [ "$1" = --now ]; then shift; else exit 0; fi ;; esac
unit=\${1%.service}
if [ "$unit" = frr ]; then
  case $verb in enable) verb=start ;; disable) verb=stop ;; esac
  exec /usr/lib/frr/frrinit.sh "$verb" >>/run/frr/init.log 2>&1
fi
[ "$unit" = evpnd ] || { echo "no unit $unit" >&2; exit 5; }
pid=$(cat /run/evpnd.pid 2>/dev/null)
stop() {
  [ -n "$pid" ] || return 0
  kill "$pid" 2>/dev/null
  for _ in $(seq 300); do [ -e "/proc/$pid" ] || break; sleep 0.05; done
  rm -f /run/evpnd.pid
  pid=
}
start() {
  if [ -n "$pid" ] && [ -e "/proc/$pid" ]; then return; fi
  mkdir -p /run/evpnd /var/lib/evpnd
  NOTIFY_SOCKET= setsid evpnd --config /etc/evpnd/evpnd.yaml >>/var/lib/evpnd.log 2>&1 </dev/null &
  pid=$!
  echo "$pid" >/run/evpnd.pid
  for _ in $(seq 1200); do
    [ -S /run/evpnd/api.sock ] && return 0
    [ -e "/proc/$pid" ] || { tail -n 5 /var/lib/evpnd.log >&2; return 1; }
    sleep 0.05
  done
  return 1
}
case $verb in
  enable|start) start ;;
  disable|stop) stop ;;
  restart) stop; start ;;
  reload) evpnd --check --config /etc/evpnd/evpnd.yaml && kill -HUP "$pid" ;;
  *) echo "no verb $verb" >&2; exit 1 ;;
esac
`;

const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ');

/** A machine that has nothing but Debian, FRR and evpnd installed, as readers of the manual have it before them. */
export class Machine {
  private constructor(
    readonly name: string,
    private readonly pid: number,
    private readonly daemon: Daemon,
  ) {}

  static async boot(name: string, namespaces: Namespaces): Promise<Machine> {
    const daemon = await Daemon.start(
      name,
      'ip',
      [
        ...['netns', 'exec', namespaces.of(name)],
        ...['unshare', '--pid', '--mount', '--uts', '--fork', '--kill-child', '--mount-proc'],
        ...['bash', '-eu', '-c', BOOT],
      ],
      join(namespaces.folder, `${name}.log`),
      { NODE: name },
    );
    const pid = await waitFor(() => childOf(daemon.pid), { what: `process 1 of ${name}`, interval: 10 });
    const machine = new Machine(name, pid, daemon);
    await waitFor(
      async () => {
        daemon.mustRun();
        return (await machine.try('test -e /mnt/booted')).code === 0;
      },
      {
        what: `boot of ${name}`,
        timeout: 60_000,
        interval: 20,
        show: (last) => `${last}\n${daemon.logEnd()}`,
      },
    );
    await machine.put('/mnt/bin/evpnd', `#!/bin/sh\nexec ${quoted(evpndCommand())} "$@"\n`, true);
    await machine.put('/mnt/bin/evpnctl', `#!/bin/sh\nexec ${quoted([process.execPath, cli])} "$@"\n`, true);
    await machine.put('/mnt/bin/systemctl', SYSTEMCTL, true);
    return machine;
  }

  /** Runs a script as root, at the first fault to its end. Resolves whatever its exit code. */
  try(script: string, timeout = 60_000): Promise<RunResult> {
    return attempt(
      'nsenter',
      [
        ...['--target', String(this.pid), '--mount', '--root', '--wd=/', '--net', '--pid', '--uts'],
        ...['bash', '--norc', '-eu', '-o', 'pipefail', '-c', script],
      ],
      { timeout, env: { PATH: '/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } },
    );
  }

  /** Runs a script; rejects with all that it said unless it ends with 0. */
  async do(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.try(script);
    if (code !== 0) throw new Error(`${this.name}: exit code ${code}\n${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Writes a file, which the daemons' own users can read. */
  async put(path: string, text: string, executable = false): Promise<void> {
    await run(
      'nsenter',
      [
        ...['--target', String(this.pid), '--mount', '--root', '--wd=/', '--pid', 'bash', '--norc', '-euc'],
        'mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"',
        ...['put', path, executable ? '755' : '644'],
      ],
      { input: text },
    );
  }

  /** What daemons said last, for a person who asks why. */
  async logs(): Promise<string> {
    const { stdout } = await this.try('tail -n 15 /var/lib/evpnd.log /run/frr/init.log 2>/dev/null || true');
    return `--- ${this.name}\n${stdout}`;
  }

  /** Ends it, with all that runs there. */
  async end(): Promise<void> {
    await this.daemon.stop('SIGKILL');
  }
}

/** What makes a machine a host of a VNI: 192.0.2.N at eth0, with the digits of N in its MAC, and IPv4 alone. */
export function hostSetup(n: number): string {
  const [high, low] = String(n).padStart(4, '0').match(/../g) ?? [];
  return `for device in $(ls /sys/class/net | grep eth); do ip link set $device addrgenmode none; done
ip link set eth0 address 02:00:00:00:${high}:${low} up
ip address add 192.0.2.${n}/24 dev eth0`;
}

/** The process that another one has forked, which is its only child. */
function childOf(parent: number): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent) return Number(name);
    } catch {
      // It has ended meanwhile
    }
  }
  return undefined;
}

/** Machines with cables between them. */
export class Site {
  private constructor(
    private readonly namespaces: Namespaces,
    private readonly machines: ReadonlyMap<string, Machine>,
  ) {}

  /** `prepared`: scripts of machines that are no part of the manual, such as the hosts'. */
  static async build(cables: readonly Cable[], prepared: Readonly<Record<string, string>>): Promise<Site> {
    const names = [...new Set(cables.flat().map((end) => end.split(':')[0]))];
    const namespaces = new Namespaces();
    await namespaces.add(names);
    const input = cables
      .map((cable) => {
        const [[a, left], [b, right]] = cable.map((end) => end.split(':'));
        return `link add ${left} netns ${namespaces.of(a)} type veth peer name ${right} netns ${namespaces.of(b)}\n`;
      })
      .join('');
    await run('ip', ['-batch', '-'], { input });
    const machines = await Promise.all(names.map((name) => Machine.boot(name, namespaces)));
    const site = new Site(namespaces, new Map(machines.map((machine) => [machine.name, machine])));
    for (const [name, script] of Object.entries(prepared)) await site.machine(name).do(script);
    return site;
  }

  /** @throws Error where the site has no such machine. */
  machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  async logs(): Promise<string> {
    const logs = [...this.machines.values()].map((machine) => machine.logs());
    return (await Promise.all(logs)).join('\n');
  }

  async remove(): Promise<void> {
    await Promise.all([...this.machines.values()].map((machine) => machine.end()));
    this.namespaces.remove();
  }
}
