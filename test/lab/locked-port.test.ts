import test from 'ava';
import { Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';
import { frrRoutes } from './support/frr-routes.js';
import { hasRows, hostRows, lockPort, rawRows } from './support/rows.js';

/* Hosts on a locked port (802.1X, MAB): the kernel has a row for one that is not authorised, and the row says so. */
const NDA_LLADDR = 2;
const NDA_FLAGS_EXT = 15;
const NTF_EXT_LOCKED = 2;
/** Of a host that is on no locked port: what was to be announced before it is announced when it is. */
const FENCE = '02:00:00:00:fe:01';
let fabric: Fabric;

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd', hostsPerVni: 2 }, { engine: 'frr' }],
    vnis: [{ vni: 10010, vlan: 10 }],
  });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

/** What leaf1 announces of the MAC: `mac`, or the IP. */
async function announced(mac: string): Promise<string[]> {
  const { vtep } = fabric.leaf('leaf1');
  return (await frrRoutes(fabric, 'spine1'))
    .filter(({ prefix, nextHop }) => prefix.includes(mac) && nextHop === vtep)
    .map(
      ({ prefix }) =>
        /\[\d+\]:\[([^\]]+)\]$/.exec(prefix.slice(prefix.indexOf(mac) + mac.length))?.[1] ?? 'mac',
    )
    .sort();
}

test('a host that is not authorised is not announced and keeps no remote one away; authorised, it is', async (t) => {
  const host = fabric.host('h1-10');
  const { ipv4, ipv6 } = host.address;
  const leaf1 = fabric.leaf('leaf1');
  const leaf2 = fabric.leaf('leaf2');
  const [segment] = leaf1.segments;
  const bridge = (at: string, ...words: string[]) => fabric.exec(at, 'bridge', 'fdb', ...words);
  const neighbors = (at: string) =>
    fabric.apply(at, {
      bridge: [],
      ip: [ipv4, ipv6].map((ip) => `neigh replace ${ip} lladdr ${host.mac} dev ${segment.svi} nud reachable`),
    });
  const speak = () => fabric.ping(host.name, segment.sviAddress.ipv4, { count: 1 });
  const locked = async () => {
    await waitFor(
      async () => {
        await speak();
        return (await rawRows(fabric, 'leaf1')).some(
          ({ device, attributes }) =>
            device === host.port &&
            attributes[NDA_LLADDR] === host.mac.replaceAll(':', '') &&
            (Number.parseInt((attributes[NDA_FLAGS_EXT] ?? '00').slice(0, 2), 16) & NTF_EXT_LOCKED) !== 0,
        );
      },
      { what: 'the locked row' },
    );
    await neighbors('leaf1');
  };
  await lockPort(fabric, 'leaf1', host.port);
  await bridge('leaf1', 'del', host.mac, 'dev', host.port, 'master').catch(() => undefined);
  await locked();
  await bridge('leaf1', 'replace', FENCE, 'dev', fabric.host('h1-10-2').port, 'master', 'dynamic');
  await waitFor(async () => (await announced(FENCE)).length > 0, { what: 'the host behind it' });
  t.deepEqual(await announced(host.mac), [], 'neither the MAC nor its IPs');

  // The same MAC and IPs at another leaf
  await bridge('leaf2', 'replace', host.mac, 'dev', fabric.host('h2-10').port, 'master', 'dynamic');
  await neighbors('leaf2');
  await hasRows(fabric, 'leaf1', hostRows(leaf1, host, leaf2.vtep));
  t.deepEqual(await announced(host.mac), []);
  await bridge('leaf2', 'del', host.mac, 'dev', fabric.host('h2-10').port, 'master');

  await locked();
  await bridge('leaf1', 'replace', host.mac, 'dev', host.port, 'master', 'dynamic');
  const all = ['mac', ipv4, ipv6].sort();
  await waitFor(
    async () => {
      await speak();
      const found = await announced(host.mac);
      if (!all.every((each) => found.includes(each))) throw new Error(found.join(' '));
      return true;
    },
    { what: 'the host that is authorised' },
  );
  t.true((await speak()).received === 1);
});
