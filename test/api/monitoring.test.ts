import { readFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { HISTOGRAMS, METRICS } from '../../src/api/metrics/index.js';
import { House } from './support/house.js';

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(readFileSync('monitoring/grafana.json', 'utf8')) as Dashboard;
const { groups } = parse(readFileSync('monitoring/alerts.yaml', 'utf8')) as Rules;
const queries = {
  'monitoring/grafana.json': [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
  ],
  'monitoring/alerts.yaml': groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
};

for (const [file, expressions] of Object.entries(queries))
  test(`${file} queries what /metrics has, with labels that it has`, async (t) => {
    const house = await House.build();
    const [here] = house.rooms;
    const { body } = await (await here.api()).inject('/metrics');
    const present = new Set(
      [...body.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name, type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const ours = new Map([
      ...METRICS.map(({ name, labels }) => [name, labels] as const),
      ...HISTOGRAMS.flatMap(({ name, labels }) =>
        ['bucket', 'sum', 'count'].map((part) => [`${name}_${part}`, [...labels, 'le']] as const),
      ),
    ]);
    let looked = 0;
    for (const expression of expressions)
      for (const [, name, , matchers = ''] of expression.matchAll(
        /\b((?:evpnd|nodejs|process)_\w+)(\{([^}]*)\})?/g,
      )) {
        looked++;
        t.true(present.has(name), `${expression}: ${name}`);
        for (const [, label] of matchers.matchAll(/(\w+)=/g))
          t.true(
            ['instance', 'job'].includes(label) || ours.get(name)?.includes(label),
            `${expression}: ${label}`,
          );
      }
    t.true(looked >= 10, String(looked));
  });

test('every alert has a name of its own, and no panel covers another', (t) => {
  const names = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  t.is(new Set(names).size, names.length);
  const covered = new Set<string>();
  for (const { gridPos } of dashboard.panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        t.true(x < 24);
        t.false(covered.has(`${x},${y}`), `${x},${y}`);
        covered.add(`${x},${y}`);
      }
});
