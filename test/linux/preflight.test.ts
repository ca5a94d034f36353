import test from 'ava';
import type { TopologyProblem } from '../../src/dataplane/index.js';
import { NO_CONTEXT } from '../../src/linux/checks.js';
import { deriveTopology, type Link } from '../../src/linux/index.js';
import { PLAIN_TUNNEL, type TunnelSettings, type VxlanSettings } from '../../src/linux/vxlan-codec.js';
import { parseIp } from '../../src/types/index.js';
import { device, LOCAL, vxlan } from './support/links.js';

const GOOD: TunnelSettings = { ...PLAIN_TUNNEL, ttl: 64, tos: 1 };
const SWITCH = 'e0';

/** What preflight finds in VXLAN devices, each on a bridge of its own, whose first has a port of a switch, be it in a bond. */
function found(
  driver: string,
  devices: readonly Partial<VxlanSettings>[],
  bridge: Partial<Link> = {},
  inBond = false,
): TopologyProblem[] {
  const links = devices.flatMap((rest, i) => {
    const first = 10 * (i + 1);
    const made = vxlan(first + 2, `vx${i}`, 100 + i, first);
    return [
      device(first, `br${i}`, { kind: 'bridge', ...bridge }),
      device(first + 1, `swp${i}`, { master: inBond ? first + 3 : first, switchId: SWITCH }),
      ...(inBond ? [device(first + 3, `bond${i}`, { kind: 'bond', master: first })] : []),
      { ...made, vxlan: { ...made.vxlan!, tunnel: GOOD, ...rest } },
    ];
  });
  const tables = {
    links: new Map(links.map((link) => [link.ifindex, link])),
    vlans: new Map(),
    addresses: new Map(),
    vniFilters: new Map(),
  };
  const context = { ...NO_CONTEXT, drivers: new Map([[SWITCH, driver]]), localRoutes: new Set([LOCAL]) };
  return deriveTopology(tables, context).problems.filter(({ problem }) => problem.includes('switch ASIC'));
}

const demands = (problems: readonly TopologyProblem[]) =>
  problems.map(({ device: name, demand, wanted, found: has }) => `${name} ${demand}: ${has}, not ${wanted}`);

test('a device as mlxsw wants it has no problem, on a port or on a bond of ports', (t) => {
  t.deepEqual(found('mlxsw_spectrum2', [{}]), []);
  t.deepEqual(found('mlxsw_spectrum2', [{}], {}, true), []);
  t.deepEqual(demands(found('mlxsw_spectrum2', [{ tunnel: PLAIN_TUNNEL }], {}, true)), [
    'vx0 tos: 0x0, not inherit',
    'vx0 ttl: 0, not 64',
  ]);
});

test('IPv6 tunnels need their own checksum settings, and learn nothing', (t) => {
  const v6 = { local: parseIp('2001:db8::1') };
  const good = {
    ...v6,
    tunnel: { ...GOOD, flags: ['udpcsum', 'udp6zerocsumtx', 'udp6zerocsumrx'] as const },
  };
  t.deepEqual(found('mlxsw_spectrum', [good]), []);
  t.deepEqual(demands(found('mlxsw_spectrum', [{ ...v6, learning: true }])), [
    'vx0 udpcsum: off, not on',
    'vx0 udp6zerocsumtx: off, not on',
    'vx0 udp6zerocsumrx: off, not on',
    'vx0 learning: on, not off',
  ]);
});

test('all tunnels of a switch are alike, as the first of them is', (t) => {
  const other = { local: parseIp('2001:db8::1'), port: 8472, tunnel: { ...GOOD, ttl: 32 } };
  t.deepEqual(demands(found('mlxsw_spectrum', [{}, { ...other, local: LOCAL }])), [
    'vx1 ttl: 32, not 64',
    'vx1 dstport: 8472, not 4789',
  ]);
  const families = found('mlxsw_spectrum', [{}, other]).find(({ demand }) => demand === 'local');
  t.regex(
    families?.fix ?? '',
    /^ip link del dev vx1 && ip link add vx1 .* local 192\.0\.2\.1 .* noudpcsum &&/,
  );
});

test('a single VXLAN device is none for mlxsw, and no command makes one for each VNI of it', (t) => {
  const [problem] = found('mlxsw_spectrum', [{ collectMetadata: true, vniFilter: true }]);
  t.like(problem, { demand: 'external', found: 'on', wanted: 'off', fix: undefined });
});

test('rocker takes no VXLAN rows, and of a driver that is not known nothing is demanded', (t) => {
  t.like(found('rocker', [{}]), [{ severity: 'info', vni: 100 }]);
  t.deepEqual(found('', [{ tunnel: PLAIN_TUNNEL }]), []);
});
