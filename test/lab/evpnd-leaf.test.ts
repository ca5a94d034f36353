import test from 'ava';
import { Fabric, hostPairs, waitFor, waitUntilConverged } from '../../lab/index.js';
import { expectedRoutes, frrRoutes, routesOf } from './support/frr-routes.js';
import { hasRows, leafRows, rawRows, rowsAre } from './support/rows.js';
import { suppressed, suppression } from './support/suppression.js';

/*
 * A leaf among others, on bridges of one VLAN each: leaf1 and leaf2 run evpnd, leaf3 and leaf4 FRR, as does the spine.
 * leaf1 and leaf3 see the same routes, of an evpnd and of an FRR, so that their kernels can be compared row by row.
 */
let fabric: Fabric;

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'evpnd' }, { engine: 'frr' }, { engine: 'frr' }],
  });
  await waitUntilConverged(fabric);
});
test.after.always(() => fabric?.remove());

test.serial(
  'hosts behind evpnd and FRR reach each other over IPv4 and IPv6 in both VNIs, both ways',
  async (t) => {
    const pairs = hostPairs(fabric);
    t.is(pairs.length, 48);
    const failed: string[] = [];
    await Promise.all(
      pairs.map(async ({ from, to, family }) => {
        const { sent, received } = await fabric.ping(from, to, { count: 2, family });
        if (received !== sent) failed.push(`${from} to ${to} over ${family}: ${received} of ${sent}`);
      }),
    );
    t.deepEqual(failed, []);
  },
);

test.serial(
  'FRR as spine and as leaf shows our routes as valid and best, complete in every attribute',
  async (t) => {
    for (const name of ['leaf1', 'leaf2']) {
      const leaf = fabric.leaf(name);
      t.deepEqual(
        await routesOf(fabric, 'spine1', leaf.routerId),
        expectedRoutes(fabric.plan, leaf, String(leaf.asn)),
      );
      t.deepEqual(
        await routesOf(fabric, 'leaf3', leaf.routerId),
        expectedRoutes(fabric.plan, leaf, `65000 ${leaf.asn}`),
      );
    }
  },
);

test.serial('a leaf has exactly the rows of all others', async (t) => {
  for (const at of ['leaf1', 'leaf2', 'leaf3', 'leaf4']) {
    const others = fabric.plan.leaves.filter(({ name }) => name !== at);
    await rowsAre(
      fabric,
      at,
      others.flatMap(({ name }) => leafRows(fabric, at, name)),
    );
  }
  t.pass();
});

test.serial(
  'the kernel of an evpnd leaf holds what the kernel of an FRR leaf holds, bit by bit',
  async (t) => {
    // An IPv6 neighbor that is a router is announced with the flag of RFC 9047.
    const routerMac = (leaf: string) => `02:0a:00:00:00:0${leaf.at(-1)}`;
    const router = (leaf: string) => `fd10:10::a${leaf.at(-1)}`;
    for (const leaf of ['leaf2', 'leaf4']) {
      const port = fabric.host(`h${leaf.at(-1)}-10`).port;
      await fabric.exec(leaf, 'bridge', 'fdb', 'add', routerMac(leaf), 'dev', port, 'master', 'dynamic');
      const neighbor = ['neigh', 'replace', router(leaf), 'lladdr', routerMac(leaf), 'dev', 'br10'];
      await fabric.exec(leaf, 'ip', ...neighbor, 'nud', 'stale', 'router');
    }
    const remote = ['leaf2', 'leaf4'].map((name) => fabric.leaf(name));
    const macs = new Set([
      ...fabric.plan.hosts
        .filter((host) => remote.some(({ name }) => name === host.leaf))
        .map(({ mac }) => mac),
      ...remote.map(({ name }) => routerMac(name)),
    ]);
    const NDA_DST = '1';
    const NDA_LLADDR = '2';
    const NDA_PROTOCOL = '12';
    const hex = (mac: string) => mac.replaceAll(':', '');
    const vteps = new Set(remote.map(({ vtep }) => Buffer.from(vtep.split('.').map(Number)).toString('hex')));
    /** Rows about hosts and VTEPs of leaf2 and leaf4, a line each, without the protocol. */
    const linesOf = async (node: string) => {
      const wanted = new Set([...macs].map(hex));
      return (await rawRows(fabric, node))
        .filter(({ attributes }) => {
          const mac = attributes[2];
          return wanted.has(mac) || (mac === '000000000000' && vteps.has(attributes[1]));
        })
        .map((row) => {
          const attributes = Object.entries(row.attributes).filter(([type]) => type !== NDA_PROTOCOL);
          // The kernel gives attributes in its own order: they are compared by number.
          return JSON.stringify({ ...row, attributes: Object.fromEntries(attributes) });
        })
        .sort();
    };
    // fe80 addresses of hosts are told whenever a host uses one; both leaves hear of them from the same spine.
    const [ours, frrs] = await waitFor(
      async () => {
        const lines = [await linesOf('leaf1'), await linesOf('leaf3')];
        const [first, second] = lines;
        const told = lines.every((each) =>
          remote.every(({ name }) => each.some((line) => line.includes(hex(routerMac(name))))),
        );
        if (!told || first.length !== second.length)
          throw new Error(`${first.join('\n')}\n---\n${second.join('\n')}`);
        return lines;
      },
      { what: 'the same rows on leaf1 and leaf3' },
    );
    t.deepEqual(ours, frrs);
    t.true(ours.length >= 24, `${ours.length} rows`);
    t.true(ours.some((line) => line.includes(`"${NDA_DST}":`) && line.includes(`"${NDA_LLADDR}":`)));

    const protocols = async (node: string) =>
      new Set(
        (await rawRows(fabric, node))
          .filter((row) => (row.flags & 0x10) !== 0)
          .map((row) => row.attributes[12]),
      );
    t.deepEqual(await protocols('leaf1'), new Set([undefined, 'ba']), 'RTPROT_BGP, on neighbors alone');
  },
);

test.serial('the bridge itself answers ARP and ND for hosts behind evpnd and behind FRR', async (t) => {
  for (const to of ['h2-10', 'h3-10'])
    t.deepEqual(await suppression(fabric, 'h1-10', to), suppressed(fabric, to));
  // And FRR's bridges for ours.
  t.deepEqual(await suppression(fabric, 'h3-20', 'h1-20'), suppressed(fabric, 'h1-20'));
});

test.serial(
  'a host that moves from evpnd to FRR and back is known in the right place on every leaf',
  async (t) => {
    const host = fabric.host('h1-10');
    const owners = async () =>
      (await frrRoutes(fabric, 'spine1'))
        .filter(({ prefix }) => prefix === `[2]:[0]:[48]:[${host.mac}]`)
        .map(({ rd }) => rd.split(':')[0]);
    for (const to of ['leaf3', 'leaf1', 'leaf2', 'leaf1']) {
      await fabric.moveHost(host.name, to);
      // The row of the remote host stands until its old leaf has taken the route back; then traffic makes a local one.
      const svi = fabric.leaf(to).segments[0];
      await waitFor(
        async () => {
          for (const family of ['ipv4', 'ipv6'] as const)
            await fabric.ping(host.name, svi.sviAddress[family], { count: 1 });
          const known = (await fabric.neigh(to)).filter((row) => row.lladdr === host.mac);
          return Object.values(host.address).every((address) =>
            known.some((row) => row.dst === address && !('extern_learn' in row)),
          );
        },
        { what: `local neighbors of ${host.name} on ${to}` },
      );
      for (const at of ['leaf1', 'leaf2', 'leaf3', 'leaf4'].filter((name) => name !== to))
        await hasRows(fabric, at, leafRows(fabric, at, to));
      await waitFor(async () => (await owners()).join() === fabric.leaf(to).routerId, {
        what: `route of ${to} alone`,
      });
      const { received } = await fabric.ping(host.name, 'h4-10', { count: 2 });
      t.is(received, 2, `at ${to}`);
    }
  },
);
