/** What explain must tell of a fabric that has one of each case. */
import assert from 'node:assert/strict';
import { waitFor } from '../../../lab/index.js';
import type { ScenarioCase } from '../linux-namespace.js';
import { blocked } from './each-case.js';
import { ARRIVED, DUPLICATE, type ExplainFabric, LOCKED, STICKY_OF_FRR } from './explain-fabric.js';
import { ZERO } from './explain-judge.js';
import { vniOf } from './vni.js';

/** Fails unless the value has all that is expected of it; what it has besides is its own affair. */
function isLike(value: unknown, expected: object): void {
  assert.deepEqual(picked(value, expected), expected);
}

function picked(value: unknown, expected: unknown): unknown {
  const isObject = typeof expected === 'object' && expected !== null && !Array.isArray(expected);
  if (!isObject || typeof value !== 'object' || value === null) return value;
  const all = value as Record<string, unknown>;
  return Object.fromEntries(Object.entries(expected).map(([key, each]) => [key, picked(all[key], each)]));
}

/** The cases, in their order: the last ones change the fabric. */
export function explainCases(scene: ExplainFabric): ScenarioCase[] {
  const explain = (...words: Parameters<ExplainFabric['explain']>) => scene.explain(...words);
  return [
    {
      name: 'whatever anybody has heard of is explained, and is as kernel and wire have it',
      async run() {
        await scene.agrees();
      },
    },

    {
      name: 'each case is told as what it is',
      async run() {
        for (const { what, mac, ips = [], owner, at, ipOwner = owner, told } of scene.cases) {
          const alone = await explain(10010, mac);
          assert.equal(alone.entry.owner, owner, what);
          if (at !== undefined)
            assert.equal(owner === 'local' ? alone.entry.device : alone.entry.vtep, at, what);
          const verdicts = [alone.verdict.join(' ')];
          for (const ip of ips) {
            const { binding, verdict } = await explain(10010, mac, ip);
            assert.equal(binding?.story.owner, ipOwner, `${what}: ${ip}`);
            verdicts.push(verdict.join(' '));
          }
          if (told)
            assert.ok(
              verdicts.some((verdict) => told.test(verdict)),
              `${what}:\n${verdicts.join('\n')}`,
            );
        }
      },
    },

    {
      name: 'told right: broadcast, unknown unicast and multicast',
      async run() {
        const { entry, verdict } = await explain(10010, ZERO);
        assert.deepEqual(
          entry.claims
            .map(({ vtep, won, ignored }) => `${vtep} ${won ? 'won' : ignored?.split(/[;,:]/)[0]}`)
            .sort(),
          [
            '10.0.0.18 won',
            '10.0.0.2 won',
            '10.0.0.6 not imported',
            '10.0.0.7 no PMSI Tunnel attribute',
            '10.0.0.9 won',
          ],
        );
        assert.match(verdict[0], / goes to 10\.0\.0\.2, 10\.0\.0\.9, 10\.0\.0\.18\.$/);
        assert.match(entry.kernel.found, /10\.9\.9\.10 on vx/);
      },
    },

    ...(scene.locksPort ? [lockedCase(scene)] : []),
    {
      name: 'told right: a frozen duplicate',
      async run() {
        const { entry, binding } = await explain(10010, DUPLICATE, '10.10.12.60');
        isLike(entry, {
          owner: 'remote',
          frozen: true,
          rule: 'frozen as a duplicate',
          duplicate: { frozen: true },
        });
        assert.equal(entry.vtep, entry.duplicate?.places[1].vtep ?? null);
        isLike(binding, { mac: DUPLICATE, story: { owner: 'remote', vtep: entry.vtep } });
      },
    },

    {
      name: 'told right: a host that came back',
      async run() {
        const { mac, address, port } = scene.fabric.host(ARRIVED);
        for (const ip of [address.ipv4, address.ipv6]) {
          const { entry, binding } = await explain(10010, mac, ip);
          isLike(entry, {
            owner: 'local',
            device: port,
            sequence: 4,
            rule: 'arrived here after the remote claim',
          });
          isLike(binding, { mac, story: { owner: 'local', sequence: 4 } });
        }
      },
    },

    {
      name: "told right: FRR's sticky MAC, default gateway and host",
      async run() {
        const { vtep, segments } = scene.fabric.leaf('leaf2');
        const [{ sviMac, sviAddress }] = segments;
        const sticky = (await explain(10010, STICKY_OF_FRR)).entry;
        isLike(sticky, { owner: 'remote', vtep, sticky: true, pinnedBy: 'sticky MAC' });
        const host = scene.fabric.host('h2-10');
        for (const family of ['ipv4', 'ipv6'] as const) {
          const gateway = await explain(10010, sviMac, sviAddress[family]);
          isLike(gateway, { entry: { vtep, pinnedBy: 'default gateway' }, binding: { mac: sviMac } });
          const plain = await explain(10010, host.mac, host.address[family]);
          isLike(plain, { entry: { owner: 'remote', vtep, pinnedBy: null }, binding: { mac: host.mac } });
        }
      },
    },

    {
      name: 'told right: an IP that was asked for in vain',
      async run() {
        for (const ip of ['10.10.10.250', 'fd10:10::250']) {
          const { mac } = scene.fabric.host('h1-10');
          const told = new RegExp(
            `^The neighbor table of ${scene.place.svi} has asked for ${ip} and got no answer`,
          );
          await waitFor(
            async () => {
              await scene.fabric.ping('leaf1', ip, { count: 1, wait: 1 });
              return (await explain(10010, mac, ip)).verdict.some((line) => told.test(line));
            },
            { what: `word of ${ip}`, interval: 50 },
          );
        }
      },
    },

    {
      name: 'the commands that the problems name take the rows away that are in the way',
      async run() {
        const { problems } = await vniOf(scene.fabric, 'leaf1', 10010);
        const fixes = problems.flatMap(({ problem, fix }) =>
          problem.includes('in the way') ? [fix ?? ''] : [],
        );
        assert.equal(fixes.length, 4, JSON.stringify(problems));
        for (const fix of fixes) await scene.fabric.exec('leaf1', 'sh', '-c', fix);
        await scene.agrees();
        for (const { mac, ips = [], at } of blocked(scene.place))
          for (const ip of ips) {
            const { entry, binding } = await explain(10010, mac, ip);
            isLike(entry, { owner: 'remote', vtep: at, kernel: { fits: true } });
            isLike(binding, { mac, story: { owner: 'remote', kernel: { fits: true } } });
          }
      },
    },

    {
      name: 'the setting that explain names imports the route, and all that was imported before',
      async run() {
        const foreign = scene.cases.find(({ says }) => says?.routeTarget === '65000:99');
        if (!foreign) throw new Error('no case has another route target');
        const { verdict } = await explain(10010, foreign.mac);
        const [, list] = /`import-route-targets: (\[.+?\])` of VNI 10010/.exec(verdict.join(' ')) ?? [];
        assert.ok(list, verdict.join(' '));
        const evpnd = scene.fabric.evpnd('leaf1');
        const evpn = evpnd.config.evpn as { vnis: object[] };
        const vnis = [
          ...evpn.vnis,
          { vni: 10010, 'import-route-targets': JSON.parse(list.replaceAll("'", '"')) },
        ];
        evpnd.configure({ ...evpnd.config, evpn: { ...evpn, vnis } });
        evpnd.signal('SIGHUP');
        await waitFor(async () => (await explain(10010, foreign.mac)).entry.owner === 'remote', {
          what: 'import',
        });
        assert.equal((await explain(10010, scene.fabric.host('h2-10').mac)).entry.owner, 'remote');
        await scene.agrees();
      },
    },
  ];
}

function lockedCase(scene: ExplainFabric): ScenarioCase {
  return {
    name: 'told right: a host on a locked port',
    async run() {
      const { mac, port, address } = scene.fabric.host(LOCKED);
      for (const ip of [undefined, address.ipv4, address.ipv6]) {
        const { entry, binding, verdict } = await scene.explain(10010, mac, ip);
        isLike(entry, { owner: 'none', advertised: [], kernel: { bridge: { device: port } } });
        assert.ok(
          verdict.includes(
            `The bridge has ${mac} locked on ${port}: its host is not authorized (802.1X, MAB), and is not announced.`,
          ),
        );
        if (ip !== undefined) assert.equal(binding?.mac, null);
      }
    },
  };
}
