import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../../../lab/index.js';
import {
  FamilyLocalRib,
  FamilyRib,
  KeyedTable,
  type NeighborConfig,
  plainRoutes,
  ribsOf,
  Speaker,
  type SpeakerConfig,
  TcpTransport,
} from '../../../src/bgp/index.js';
import { tcpSockets } from '../../../src/linux/index.js';
import { silentLog, systemClock } from '../../../src/types/index.js';
import { IPV4_UNICAST } from '../../../src/wire/index.js';
import { neighborConfig } from '../../bgp/fabric.js';
import { batch, run } from '../linux-commands.js';
import { runCases } from '../linux-namespace.js';

const [OURS, THEIRS, PORT] = ['10.9.0.1', '10.9.0.2', 1791];

const BIRD = `router id ${THEIRS};
protocol device {}
protocol static { ipv4; route 198.51.100.0/24 blackhole; }
protocol bgp leaf {
  local ${THEIRS} as 65002;
  neighbor ${OURS} port ${PORT} as 65001;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 1;
  ipv4 { import all; export where source = RTS_STATIC; };
}
`;

async function until(what: string, condition: () => boolean): Promise<void> {
  await waitFor(condition, { what, timeout: 30_000, interval: 50 });
}

/** BIRD in a network namespace of its own, at the other end of swp1. */
async function startBird(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-device-'));
  const file = join(folder, 'bird.conf');
  writeFileSync(file, BIRD);
  const commands = `echo ready; read go; ip link set lo up; ip address add ${THEIRS}/30 dev far; ip link set far up
exec /usr/sbin/bird -f -c ${file} -s ${join(folder, 'socket')} -P ${join(folder, 'pid')}`;
  const child = spawn('unshare', ['--net', 'sh', '-c', commands], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  run(`ip link set far netns ${child.pid}`);
  child.stdin.write('go\n');
  return async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Sessions with BIRD that go by `device`: swp1 itself, or the VRF `blue` that it is a port of. */
export async function deviceCases(device: 'swp1' | 'blue'): Promise<void> {
  const isVrf = device === 'blue';
  batch('ip', [
    'link set lo up',
    'link add swp1 type veth peer name far',
    ...(isVrf ? ['link add blue type vrf table 10', 'link set blue up', 'link set swp1 master blue'] : []),
    `address add ${OURS}/30 dev swp1`,
    'link set swp1 up',
  ]);
  const stopBird = await startBird();
  const config = (over: Partial<NeighborConfig>, listens = true): SpeakerConfig => ({
    asn: 65001,
    routerId: 0x0a090001,
    listen: listens ? [{ address: '0.0.0.0', port: PORT }] : [],
    neighbors: [
      neighborConfig(THEIRS, 65002, {
        holdTime: 9,
        connectRetryTime: 1,
        families: [IPV4_UNICAST],
        ...over,
      }),
    ],
  });
  const withSpeaker = async (first: SpeakerConfig, use: (speaker: Speaker) => Promise<void>) => {
    const rib = new FamilyRib(systemClock, first, plainRoutes(IPV4_UNICAST));
    const speaker = new Speaker(first, {
      clock: systemClock,
      transport: new TcpTransport(tcpSockets),
      log: silentLog,
      otherRibs: [ribsOf(rib, new FamilyLocalRib(IPV4_UNICAST, new KeyedTable(IPV4_UNICAST)))],
    });
    try {
      await speaker.start();
      await use(speaker);
    } finally {
      await speaker.stop();
    }
  };
  const isUp = (speaker: Speaker) => {
    const status = speaker.neighbor(THEIRS);
    return status?.state === 'Established' && status.families.some(({ received }) => received === 1);
  };
  const listening = () => run('ss -Hltn');
  try {
    await runCases([
      {
        name: 'evpnd connects by the device, and has the routes of the neighbor there',
        run: () =>
          withSpeaker(config({ device }, false), async (speaker) => {
            await until('the session', () => isUp(speaker));
            assert.equal(speaker.neighbor(THEIRS)?.remoteEndpoint?.port, 179);
          }),
      },
      {
        name: 'the neighbor connects to the listener of the device, beside that of all others',
        run: () =>
          withSpeaker(config({ device, passive: true }), async (speaker) => {
            assert.equal(speaker.listening.length, 2);
            assert.ok(listening().includes(`0.0.0.0%${device}:${PORT}`), listening());
            await until('the session', () => isUp(speaker));
            assert.equal(speaker.neighbor(THEIRS)?.localEndpoint?.port, PORT);
          }),
      },
      {
        name: 'who comes by another device than its own is refused; a reload binds it, and ends its session without one',
        run: () =>
          withSpeaker(config({ device: 'lo', passive: true }), async (speaker) => {
            if (isVrf) await delay(3000);
            else await until('a refusal', () => speaker.rejectedConnections > 0);
            assert.notEqual(speaker.neighbor(THEIRS)?.state, 'Established');
            await speaker.reconfigure(config({ device, passive: true }));
            await until('the session', () => isUp(speaker));
            assert.ok(!listening().includes('%lo:'), listening());
            await speaker.reconfigure(config({ passive: true }));
            assert.notEqual(speaker.neighbor(THEIRS)?.state, 'Established');
            assert.ok(!listening().includes('%'), listening());
            // A VRF's packets are no concern of a socket outside of it
            if (!isVrf) await until('the session without a device', () => isUp(speaker));
          }),
      },
      {
        name: 'a device that is not there: the attempt says so; when it comes it is listened on, and again when it is made anew',
        run: () =>
          withSpeaker(config({ device: 'late' }), async (speaker) => {
            const appear = () => {
              batch('ip', ['link add late type veth peer name late2', 'link set late up']);
              speaker.interfacesChanged([{ name: 'late', running: true, addresses: [] }]);
            };
            await until('the attempt', () => speaker.neighbor(THEIRS)?.lastFailure !== undefined);
            assert.match(speaker.neighbor(THEIRS)?.lastFailure?.reason ?? '', /there is no device late/);
            for (let i = 0; i < 2; i++) {
              assert.ok(!listening().includes('%late:'));
              appear();
              await until('the listener', () => listening().includes(`0.0.0.0%late:${PORT}`));
              run('ip link del late');
              speaker.interfacesChanged([]);
              await until('its end', () => speaker.listening.length === 1);
            }
          }),
      },
    ]);
  } finally {
    await stopBird();
  }
}
