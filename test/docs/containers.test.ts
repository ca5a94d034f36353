import { readFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { makeProgram } from '../../src/cli/program.js';
import { parseConfig } from '../../src/config/load.js';
import { fencedBlocks } from '../support/markdown.js';

const [containerlab, leaf, daemonSet] = fencedBlocks('docs/containers.md')
  .filter(({ language }) => language === 'yaml')
  .map(({ text }) => text);

interface Node {
  readonly kind: string;
  readonly image?: string;
  readonly binds?: readonly string[];
  readonly exec?: readonly string[];
}

test('the topology for containerlab links what there is, each end once, and every node has an image', (t) => {
  const { topology } = parse(containerlab) as {
    topology: {
      kinds: Record<string, { image: string }>;
      nodes: Record<string, Node>;
      links: { endpoints: [string, string] }[];
    };
  };
  const ends = topology.links.flatMap(({ endpoints }) => endpoints);
  t.true(topology.links.every(({ endpoints }) => endpoints.length === 2));
  t.is(new Set(ends).size, ends.length);
  for (const end of ends) {
    const [node, device] = end.split(':');
    t.truthy(topology.nodes[node], end);
    t.true(
      topology.nodes[node].exec?.some((line) => line.includes(device)),
      `${end} is used`,
    );
  }
  for (const [name, { kind, image, exec = [], binds = [] }] of Object.entries(topology.nodes)) {
    t.truthy(image ?? topology.kinds[kind]?.image, name);
    for (const line of exec) t.regex(line, /^(ip|bridge) (address|route|link) /);
    for (const bind of binds) t.regex(bind, /^[^:/][^:]*:\/[^:]+$/);
    t.true(
      ends.some((end) => end.startsWith(`${name}:`)),
      `${name} has a link`,
    );
  }
});

test("a leaf's configuration is one", (t) => {
  t.is(parseConfig(leaf, 'leaf1.yaml').neighbors.length, 1);
});

test('the DaemonSet gives what the unit gives, mounts what there is, and asks what evpnd answers', (t) => {
  const { kind, spec } = parse(daemonSet);
  t.is(kind, 'DaemonSet');
  t.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels);
  const { hostNetwork, containers, volumes } = spec.template.spec;
  t.true(hostNetwork);
  const [{ securityContext, volumeMounts, startupProbe, livenessProbe, readinessProbe }] = containers;
  const unit = /^CapabilityBoundingSet=(.*)$/m.exec(readFileSync('systemd/evpnd.service', 'utf8'))?.[1] ?? '';
  t.deepEqual(
    securityContext.capabilities.add.toSorted(),
    unit
      .split(' ')
      .map((name) => name.replace(/^CAP_/, ''))
      .toSorted(),
  );
  t.deepEqual(securityContext.capabilities.drop, ['ALL']);
  const names = (of: { name: string }[]) => of.map(({ name }) => name).toSorted();
  t.deepEqual(names(volumeMounts), names(volumes));
  for (const [probe, path] of [
    [livenessProbe, '/livez'],
    [readinessProbe, '/readyz'],
  ])
    t.deepEqual(probe.httpGet, { host: '127.0.0.1', port: 8179, path });
  const [program, ...words] = startupProbe.exec.command;
  t.is(program, 'evpnctl');
  const silent = { write: () => {}, color: false };
  let command = makeProgram({ out: silent, err: silent, environment: {}, version: '' }).program;
  for (const word of words) {
    const below = command.commands.find((each) => each.name() === word);
    t.truthy(below, word);
    if (below) command = below;
  }
});
