import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ContinuousPing, Fabric, type Link, setUpFrr10, waitFor } from '../../lab/index.js';
import type { NeighborItem } from '../../src/api/resources/neighbor-item.js';

/*
 * A fabric without an address on its links: leaf1 is evpnd alone, leaf2 and both spines are FRR, each session is one of
 * `neighbor IF interface`. Everybody announces what is connected, and the VTEPs know of each other by that alone.
 */
let fabric: Fabric;
/** leaf1's. */
let config: Record<string, unknown>;

interface ShownRoute {
  readonly dst: string;
  readonly nhid?: number;
}
interface ShownNexthop {
  readonly id: number;
  readonly gateway?: string;
  readonly dev?: string;
  readonly group?: readonly { readonly id: number }[];
}

const shown = async <Row>(node: string, ...words: string[]): Promise<Row[]> =>
  JSON.parse((await fabric.exec(node, 'ip', '-j', ...words)).stdout || '[]');

const spines = ['spine1', 'spine2'] as const;
const vtep = (leaf: string) => fabric.leaf(leaf).vtepAddress.ipv4;
const links = (leaf = 'leaf1'): readonly Link[] => fabric.leaf(leaf).links;
const uplink = (n: 0 | 1) => links()[n].leafDevice;
const loopback = (spine: string) => fabric.spine(spine).routerId;

/** evpnd's routes of leaf1: for each prefix the devices that it leads by, each with a link-local gateway. */
async function ourRoutes(): Promise<Record<string, string>> {
  const nexthops = new Map((await shown<ShownNexthop>('leaf1', 'nexthop')).map((each) => [each.id, each]));
  const routes = await shown<ShownRoute>('leaf1', 'route', 'show', 'proto', '69');
  const hop = (id: number) => {
    const { gateway = '', dev = '?' } = nexthops.get(id) ?? {};
    return gateway.startsWith('fe80::') ? dev : `${dev} via ${gateway}`;
  };
  return Object.fromEntries(
    routes
      .map(({ dst, nhid = 0 }): [string, string] => [
        dst,
        (nexthops.get(nhid)?.group ?? [])
          .map(({ id }) => hop(id))
          .sort()
          .join(' '),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** What leaf1 has of the spines when all is well, or by one uplink alone. */
function whole(only?: 0 | 1): Record<string, string> {
  const up = only === undefined ? ([0, 1] as const) : [only];
  const routes = [
    [vtep('leaf2'), up.map(uplink).sort().join(' ')],
    // The spines have one AS, and take nothing from each other
    ...up.map((n) => [loopback(spines[n]), uplink(n)]),
  ];
  return Object.fromEntries(routes.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function ourRoutesBecome(expected: Record<string, string>, timeout = 30_000): Promise<void> {
  await waitFor(async () => JSON.stringify(await ourRoutes()) === JSON.stringify(expected), {
    what: `routes ${JSON.stringify(expected)}`,
    timeout,
  }).catch(async (error: Error) => {
    const { body } = await fabric.evpnd('leaf1').get<object>('/api/v1/neighbors');
    throw new Error(
      `${error.message}\n${JSON.stringify(await ourRoutes())}\n${JSON.stringify(body)}\n${fabric.logs()}`,
    );
  });
}

const neighbor = async (name: string): Promise<NeighborItem> =>
  (await fabric.evpnd('leaf1').get<NeighborItem>(`/api/v1/neighbors/${name}`)).body;

const isDown = (name: string, why: RegExp) =>
  waitFor(
    async () => {
      const { state, lastDown } = await neighbor(name);
      return state !== 'Established' && why.test(lastDown?.reason ?? '');
    },
    { what: `the end of the session by ${name}`, timeout: 3000 },
  );

const pingsPass = async (): Promise<boolean> => {
  const { sent, received } = await fabric.ping('h1-10', 'h2-10', { count: 3 });
  return sent === received;
};

/** Our routes stand; when those of FRR lead back to us is its own affair. */
const pingsPassSoon = () => waitFor(pingsPass, { what: 'pings', timeout: 10_000 });

/** FRR, by the devices of its links: those with an address have their sessions before. */
async function reconfigure(node: string, asn: number, devices: readonly string[], old: readonly string[]) {
  await fabric
    .frr(node)
    .vtysh(
      'conf t',
      `router bgp ${asn}`,
      ...old.map((address) => `no neighbor ${address}`),
      'neighbor fabric peer-group',
      'neighbor fabric remote-as external',
      'neighbor fabric ttl-security hops 1',
      'neighbor fabric timers 3 9',
      'neighbor fabric timers connect 1',
      'neighbor fabric advertisement-interval 0',
      ...devices.map((device) => `neighbor ${device} interface peer-group fabric`),
      'address-family ipv4 unicast',
      'redistribute connected',
      'neighbor fabric activate',
      'exit-address-family',
      'address-family l2vpn evpn',
      'neighbor fabric activate',
      ...(node.startsWith('spine') ? ['neighbor fabric attribute-unchanged next-hop'] : []),
    );
}

/** bgpd's configuration of spine2, with one more setting of the peer group or of a neighbor. */
function spine2Config(setting: string): string {
  const { asn, routerId, links: all } = fabric.spine('spine2');
  return [
    `router bgp ${asn}`,
    ` bgp router-id ${routerId}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ' neighbor fabric peer-group',
    ' neighbor fabric remote-as external',
    ' neighbor fabric ttl-security hops 1',
    ' neighbor fabric timers connect 1',
    ...all.map(({ spineDevice }) => ` neighbor ${spineDevice} interface peer-group fabric`),
    ` neighbor ${setting}`,
    ' address-family ipv4 unicast',
    '  redistribute connected',
    '  neighbor fabric activate',
    ' exit-address-family',
    ' address-family l2vpn evpn',
    '  neighbor fabric activate',
    '  neighbor fabric attribute-unchanged next-hop',
    ' exit-address-family',
    '',
  ].join('\n');
}

test.before(async () => {
  fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }],
    spines: [{ engine: 'frr' }, { engine: 'frr' }],
  });
  const leaf1 = fabric.evpnd('leaf1');
  await leaf1.stop();
  for (const leaf of ['leaf1', 'leaf2'] as const) {
    const other = leaf === 'leaf1' ? 'leaf2' : 'leaf1';
    await fabric.exec(leaf, 'ip', 'route', 'del', `${vtep(other)}/32`);
    for (const { leafDevice } of links(leaf))
      await fabric.exec(leaf, 'ip', 'address', 'flush', 'dev', leafDevice, 'scope', 'global');
  }
  for (const spine of spines) {
    for (const { spineDevice, leaf } of fabric.spine(spine).links) {
      await fabric.exec(spine, 'ip', 'route', 'del', `${vtep(leaf)}/32`);
      await fabric.exec(spine, 'ip', 'address', 'flush', 'dev', spineDevice, 'scope', 'global');
    }
  }
  for (const spine of spines) {
    const { asn, links: all } = fabric.spine(spine);
    await reconfigure(
      spine,
      asn,
      all.map(({ spineDevice }) => spineDevice),
      all.map(({ leafAddress }) => leafAddress.ipv4),
    );
  }
  await reconfigure(
    'leaf2',
    fabric.leaf('leaf2').asn,
    links('leaf2').map(({ leafDevice }) => leafDevice),
    links('leaf2').map(({ spineAddress }) => spineAddress.ipv4),
  );
  config = {
    ...leaf1.config,
    'peer-groups': [
      {
        name: 'fabric',
        'remote-as': 'external',
        families: ['l2vpn-evpn', 'ipv4-unicast'],
        'ttl-security': 1,
      },
    ],
    neighbors: links().map(({ leafDevice }) => ({ interface: leafDevice, 'peer-group': 'fabric' })),
    underlay: {
      enabled: true,
      'redistribute-connected': ['10.0.0.0/8 le 32', '172.16.0.0/12 le 32', '192.168.0.0/16 le 32'],
    },
    'on-stop': 'preserve',
  };
  leaf1.configure(config);
  await leaf1.start();
});
test.after.always(() => fabric?.remove());

test.serial('what both spines tell is reached over both, by link-local next hops', async (t) => {
  await ourRoutesBecome(whole());
  for (const device of [uplink(0), uplink(1)]) {
    const { address, interface: by, router, families, capabilities } = await neighbor(device);
    t.is(by, device);
    t.regex(address ?? '', new RegExp(`^fe80::.*%${device}$`));
    t.is(router?.address, address?.split('%')[0]);
    t.deepEqual(router?.rejected, []);
    t.true(families.every(({ negotiated }) => negotiated));
    t.true(
      capabilities.received?.some(({ name, value }) => name === 'extended-next-hop' && value === '1/1 by 2'),
    );
  }
});

test.serial('the spines and the other leaf know our loopback, by IPv6 next hops', async (t) => {
  for (const node of [...spines, 'leaf2'])
    await waitFor(
      async () => {
        const routes = await shown<
          ShownRoute & { via?: { host: string }; nexthops?: { via?: { host: string } }[] }
        >(node, 'route', 'show', `${vtep('leaf1')}/32`);
        const hops = routes.flatMap(({ via, nexthops = [] }) => [via, ...nexthops.map((each) => each.via)]);
        const found = hops.filter((via) => via?.host.startsWith('fe80::')).length;
        return found === (node === 'leaf2' ? 2 : 1);
      },
      { what: `the way to leaf1 on ${node}` },
    ).catch(async (error: Error) => {
      const { stdout } = await fabric.exec(node, 'ip', 'route');
      throw new Error(`${error.message}\n${stdout}\n${await fabric.vtysh(node, 'show bgp ipv4 unicast')}`);
    });
  t.pass();
});

test.serial('hosts reach each other over VTEPs that are known by that alone', async (t) => {
  await waitFor(pingsPass, { what: 'pings', timeout: 30_000 }).catch((error: Error) => {
    throw new Error(`${error.message}\n${fabric.logs()}`);
  });
  t.pass();
});

test.serial(
  'a carrier that is lost ends the session at once, and what it carried goes by the other uplink',
  async (t) => {
    const [{ spineDevice }] = links();
    await fabric.exec('spine1', 'ip', 'link', 'set', spineDevice, 'down');
    await isDown(uplink(0), /^interface .* is down$/);
    const { address, router } = await neighbor(uplink(0));
    t.is(address, null);
    t.is(router?.fault, `interface ${uplink(0)} is down`);
    // The neighbor restarts gracefully for all that is known, and its link is gone all the same
    await ourRoutesBecome(whole(1));
    t.true(await pingsPassSoon());
    await fabric.exec('spine1', 'ip', 'link', 'set', spineDevice, 'up');
    await ourRoutesBecome(whole());
  },
);

test.serial('an uplink that is deleted and made anew with the same name comes back', async (t) => {
  const [{ leafDevice, spineDevice }] = links();
  const before = (await neighbor(leafDevice)).address;
  await fabric.exec('leaf1', 'ip', 'link', 'del', leafDevice);
  await isDown(leafDevice, /^interface .* is (gone|down)$/);
  await ourRoutesBecome(whole(1));
  t.is((await neighbor(leafDevice)).router?.fault, `there is no interface ${leafDevice}`);
  await fabric.exec(
    'leaf1',
    ...['ip', 'link', 'add', leafDevice, 'type', 'veth', 'peer', 'name', spineDevice],
    ...['netns', fabric.namespace('spine1')],
  );
  await fabric.exec('spine1', 'ip', 'link', 'set', spineDevice, 'up');
  await fabric.exec('leaf1', 'ip', 'link', 'set', leafDevice, 'up');
  await ourRoutesBecome(whole());
  t.not((await neighbor(leafDevice)).address, before);
  t.true(await pingsPassSoon());
});

test.serial('an uplink that is renamed is gone, and back with its name', async (t) => {
  const [, { leafDevice }] = links();
  const rename = async (from: string, to: string) => {
    await fabric.exec('leaf1', 'ip', 'link', 'set', from, 'down');
    await fabric.exec('leaf1', 'ip', 'link', 'set', from, 'name', to);
    await fabric.exec('leaf1', 'ip', 'link', 'set', to, 'up');
  };
  await rename(leafDevice, 'other');
  await isDown(leafDevice, /^interface .* is (gone|down)$/);
  await ourRoutesBecome(whole(0));
  await waitFor(pingsPass, { what: 'pings by the other uplink' });
  await rename('other', leafDevice);
  await ourRoutesBecome(whole());
  t.true(await pingsPassSoon());
});

test.serial('a reload adds and removes such a neighbor without a word to the others', async (t) => {
  const leaf1 = fabric.evpnd('leaf1');
  const [first] = config.neighbors as object[];
  const flaps = async () => (await neighbor(uplink(0))).flaps;
  const before = await flaps();
  leaf1.configure({ ...config, neighbors: [first, { interface: 'swp99', 'peer-group': 'fabric' }] });
  leaf1.signal('SIGHUP');
  await waitFor(async () => (await leaf1.get(`/api/v1/neighbors/${uplink(1)}`)).status === 404, {
    what: 'the removal',
  });
  await ourRoutesBecome(whole(0));
  const { body } = await leaf1.get<{ problems: { problem: string }[] }>('/api/v1/status');
  t.true(
    body.problems.some(({ problem }) =>
      problem.startsWith('neighbor swp99: not looked for: there is no interface swp99'),
    ),
    JSON.stringify(body.problems),
  );
  // The spine was told that nobody is there any more
  await waitFor(
    async () => !(await fabric.frr('spine2').establishedPeers()).includes(links()[1].spineDevice),
    {
      what: 'the end of the session at spine2',
    },
  );
  leaf1.configure(config);
  leaf1.signal('SIGHUP');
  await ourRoutesBecome(whole());
  t.is(await flaps(), before);
});

test.serial('kill -9 and a start keep the routes as they are, and lose no ping', async (t) => {
  const leaf1 = fabric.evpnd('leaf1');
  const ping = await ContinuousPing.start(
    fabric.namespace('leaf1'),
    loopback('spine2'),
    0.05,
    `${fabric.folder}/ping.log`,
  );
  await leaf1.kill();
  t.deepEqual(await ourRoutes(), whole());
  await leaf1.start();
  await waitFor(async () => (await neighbor(uplink(1))).endOfRibReceivedAt !== null, { what: 'End-of-RIB' });
  await ourRoutesBecome(whole());
  const { sent, received } = await ping.stop();
  t.is(received, sent);
  t.true(sent > 0);
});

test.serial(
  'a spine that begins anew is found anew; BFD runs with it, and ends the session when its bfdd stands still',
  async (t) => {
    const leaf1 = fabric.evpnd('leaf1');
    await fabric.frr('spine2').stop('SIGKILL');
    await waitFor(async () => (await neighbor(uplink(1))).state !== 'Established', { what: 'the end' });
    await waitFor(pingsPass, { what: 'pings by the other spine' });
    const [group] = config['peer-groups'] as object[];
    leaf1.configure({ ...config, 'peer-groups': [{ ...group, bfd: true }] });
    leaf1.signal('SIGHUP');
    await fabric.startFrr('spine2', spine2Config('fabric bfd'));
    const isUp = async () => {
      const { state, bfd } = await neighbor(uplink(1));
      return state === 'Established' && bfd?.state === 'Up';
    };
    await waitFor(isUp, { what: 'the session, and BFD', timeout: 40_000 }).catch(async (error: Error) => {
      const shownPeers = await fabric.vtysh('spine2', 'show bfd peers');
      throw new Error(`${error.message}\n${JSON.stringify(await neighbor(uplink(1)))}\n${shownPeers}`);
    });
    await ourRoutesBecome(whole());
    fabric.frr('spine2').signalBfdd('SIGSTOP');
    await isDown(uplink(1), /^BFD: nothing was heard/);
    fabric.frr('spine2').signalBfdd('SIGCONT');
    await waitFor(isUp, { what: 'the session, and BFD, again', timeout: 40_000 });
    t.pass();
  },
);

test.serial(
  'FRR 10 in its place, and a key of TCP MD5 signatures for the address that is found',
  async (t) => {
    const leaf1 = fabric.evpnd('leaf1');
    const path = join(fabric.folder, 'key');
    writeFileSync(path, 'sesame\n', { mode: 0o600 });
    const [first, second] = config.neighbors as object[];
    const flaps = (await neighbor(uplink(0))).flaps;
    leaf1.configure({ ...config, neighbors: [first, { ...second, 'password-file': path }] });
    leaf1.signal('SIGHUP');
    await setUpFrr10();
    await fabric.frr('spine2').stop();
    await fabric.startFrr('spine2', spine2Config(`${links()[1].spineDevice} password sesame`), 10);
    await waitFor(async () => (await neighbor(uplink(1))).state === 'Established', {
      what: 'the signed session',
      timeout: 40_000,
    });
    t.true((await neighbor(uplink(1))).md5);
    await ourRoutesBecome(whole());
    t.true(await pingsPassSoon());
    t.is((await neighbor(uplink(0))).flaps, flaps);
  },
);
