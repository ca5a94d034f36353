import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse, stringify } from 'yaml';
import { attempt, Daemon, Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

const RULES = 'monitoring/alerts.yaml';

interface Rules {
  readonly groups: { readonly rules: { readonly alert: string; for?: string }[] }[];
}

/** What Prometheus answers to a query of its API. */
async function ask<Data>(fabric: Fabric, path: string): Promise<Data> {
  const { stdout } = await fabric.exec('leaf1', 'curl', '-sfG', `http://127.0.0.1:9090/api/v1/${path}`);
  return JSON.parse(stdout).data as Data;
}

/** The alerts that fire, by name and the labels that say where. */
async function firing(fabric: Fabric): Promise<string[]> {
  const { alerts } = await ask<{
    alerts: { state: string; labels: { alertname: string; peer?: string; vni?: string } }[];
  }>(fabric, 'alerts');
  return alerts
    .filter(({ state }) => state === 'firing')
    .map(({ labels }) => [labels.alertname, labels.peer ?? labels.vni ?? ''].join(' ').trim())
    .toSorted();
}

test("Debian's Prometheus scrapes a running leaf, and alerts fire when the fabric breaks", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-prometheus-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const fabric = await Fabric.create({ leaves: [{ engine: 'evpnd' }, { engine: 'frr' }] });
  t.teardown(() => fabric.remove());
  await waitUntilConverged(fabric);

  const checked = await attempt('promtool', ['check', 'rules', RULES]);
  t.is(checked.code, 0, checked.stdout + checked.stderr);
  const { stdout: text } = await fabric.exec('leaf1', 'curl', '-sf', 'http://127.0.0.1:8179/metrics');
  const linted = await attempt('promtool', ['check', 'metrics'], {
    // Names that prom-client gives, not ours
    input: text
      .split('\n')
      .filter((line) => line.includes('evpnd_'))
      .concat('')
      .join('\n'),
  });
  t.is(linted.code, 0, linted.stdout + linted.stderr);
  t.is(linted.stdout + linted.stderr, '');

  // As they stand, but with a second's patience
  const rules = parse(readFileSync(RULES, 'utf8')) as Rules;
  for (const rule of rules.groups.flatMap((group) => group.rules)) if (rule.for) rule.for = '1s';
  writeFileSync(join(folder, 'alerts.yaml'), stringify(rules));
  writeFileSync(
    join(folder, 'prometheus.yml'),
    stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ['alerts.yaml'],
      scrape_configs: [{ job_name: 'evpnd', static_configs: [{ targets: ['127.0.0.1:8179'] }] }],
    }),
  );
  const prometheus = await Daemon.start(
    'Prometheus',
    'ip',
    [
      'netns',
      'exec',
      fabric.namespace('leaf1'),
      'prometheus',
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:9090',
    ],
    join(folder, 'log'),
  );
  t.teardown(() => prometheus.stop('SIGKILL'));

  const macs = async () => {
    const { result } = await ask<{
      result: { metric: { vni: string; origin: string }; value: [number, string] }[];
    }>(fabric, 'query?query=evpnd_vni_macs');
    return result;
  };
  const samples = await waitFor(
    async () => {
      const result = await macs();
      return result.length > 0 ? result : undefined;
    },
    { what: `samples in Prometheus` },
  );
  const api = await fabric.restApi<{ items: { vni: number; counts: Record<string, number> }[] }>(
    'leaf1',
    '/api/v1/vnis',
  );
  t.deepEqual(
    samples.map(({ metric, value }) => `${metric.vni} ${metric.origin} ${value[1]}`).toSorted(),
    api.body.items
      .flatMap(({ vni, counts }) => [
        `${vni} local ${counts.localMacs}`,
        `${vni} remote ${counts.remoteMacs}`,
      ])
      .toSorted(),
  );
  t.deepEqual(await firing(fabric), []);

  const [{ spineAddress }] = fabric.leaf('leaf1').links;
  const [segment] = fabric.leaf('leaf1').segments;
  await fabric.exec('leaf1', 'ip', 'link', 'set', segment.vxlan, 'down');
  await fabric.frr('spine1').stop('SIGKILL');
  const expected = [`EvpndPeerDown ${spineAddress.ipv4}`, `EvpndVniDown ${segment.vni}`];
  await waitFor(
    async () => {
      const fire = await firing(fabric);
      return expected.every((alert) => fire.includes(alert)) || Promise.reject(new Error(fire.join(', ')));
    },
    { what: `alerts ${expected.join(', ')}` },
  );
  await fabric.evpnd('leaf1').stop();
  await waitFor(async () => (await firing(fabric)).includes('EvpndDown'), { what: 'alert EvpndDown' });
});
