import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Fabric, waitFor, waitForFloodLists, waitForSessions } from '../../lab/index.js';
import { gratuitousArp, sendFrames } from './support/frames.js';

const LIMITS = { 'new-address-rate': 50, 'max-local-macs': 800, 'max-local-ips': 800 };
const MADE_UP = 20_000;
const NEWCOMERS = ['02:00:00:00:aa:01', '02:00:00:00:aa:02', '02:00:00:00:aa:03'];

interface Told {
  readonly items?: readonly unknown[];
  readonly problems: readonly { readonly problem: string; readonly fix: string | null }[];
  readonly hosts: { readonly waiting: number };
}

test('a port that makes up hosts is bounded and named once; hosts of another tenant are told meanwhile, and keep what they have', async (t) => {
  const f = await Fabric.create({
    leaves: [{ engine: 'evpnd', svi: false, config: { evpn: LIMITS } }, { engine: 'frr' }],
    vnis: [
      { vni: 10010, vlan: 10 },
      { vni: 10020, vlan: 20 },
    ],
  });
  t.teardown(() => f.remove());
  await waitForSessions(f, 20_000);
  await waitForFloodLists(f, 20_000);
  const evpnd = f.evpnd('leaf1');
  const victim = f.host('h1-20');
  const rowsOf = async (mac: string) => (await f.installedRows('leaf2')).filter((row) => row.includes(mac));
  const untilTold = (mac: string) =>
    waitFor(async () => (await rowsOf(mac)).length > 0, { what: `${mac} on leaf2`, timeout: 20_000 });
  await sendFrames(f, victim.name, gratuitousArp(victim.mac, victim.address.ipv4));
  await untilTold(victim.mac);

  const program = fileURLToPath(new URL('./support/flood.js', import.meta.url));
  const flood = f.exec('h1-10', process.execPath, program, 'eth0', String(MADE_UP));
  for (const [n, mac] of NEWCOMERS.entries()) {
    await sendFrames(f, victim.name, gratuitousArp(mac, `192.0.2.${n + 1}`));
    await untilTold(mac);
  }
  await flood;

  await waitFor(async () => (await evpnd.get<Told>('/api/v1/status')).body.hosts.waiting > 1_000, {
    what: 'made-up addresses that wait',
    timeout: 20_000,
  });
  const { problems } = (await evpnd.get<Told>('/api/v1/status')).body;
  const named = problems.filter(({ problem }) => /have more addresses, or new ones faster/.test(problem));
  t.is(named.length, 1, JSON.stringify(problems));
  t.regex(named[0].problem, /VNI 10010/);
  t.truthy(named[0].fix);
  const lines = evpnd.logLines().filter(({ msg }) => msg.startsWith('a port has more local addresses'));
  t.is(lines.length, 1);
  t.is(lines[0].vni, 10010);
  t.true((await rowsOf('02:dd:')).length <= 1_700, 'MACs and IPs within their limits');
  t.true((await rowsOf(victim.mac)).length > 0);
});
