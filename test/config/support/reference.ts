import { ConfigSchema } from '../../../src/config/schema.js';

/** What of a JSON schema the reference shows. */
interface Node {
  readonly description?: string;
  readonly allowed?: string;
  readonly default?: unknown;
  /** When a changed value counts after a reload; undefined: at once. */
  readonly reload?: string;
  readonly properties?: Record<string, Node>;
  readonly items?: Node;
  readonly required?: readonly string[];
}

/** The configuration reference of docs/operator.md: one row a key, from the schema. */
export function configReference(): string {
  return [
    '| key | what it is | allowed | default | after a reload |',
    '|---|---|---|---|---|',
    ...rowsOf('', ConfigSchema as unknown as Node),
  ].join('\n');
}

function rowsOf(prefix: string, holder: Node): string[] {
  return Object.entries(holder.properties ?? {}).flatMap(([key, node]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (node.properties) return rowsOf(path, node);
    const needed = holder.required?.includes(key) && node.default === undefined;
    const fallback =
      node.default === undefined ? (needed ? '**required**' : '') : `\`${JSON.stringify(node.default)}\``;
    const row = `| \`${path}\` | ${node.description} | ${node.allowed} | ${fallback} | ${node.reload ?? 'at once'} |`;
    return node.items?.properties ? [row, ...rowsOf(`${path}[]`, node.items)] : [row];
  });
}

/** When a changed value counts after a reload, by key, for every setting that the schema has. */
export function reloadEffects(): ReadonlyMap<string, string> {
  return new Map(effectsOf('', ConfigSchema as unknown as Node));
}

function* effectsOf(prefix: string, { properties = {} }: Node): Iterable<[string, string]> {
  for (const [name, node] of Object.entries(properties)) {
    if (node.properties) yield* effectsOf(`${prefix}${name}.`, node);
    else if (node.items?.properties) yield* effectsOf(`${prefix}${name}[].`, node.items);
    else yield [`${prefix}${name}`, node.reload ?? 'at once'];
  }
}
