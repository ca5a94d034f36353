import { ConfigSchema } from '../../../src/config/index.js';

/** What of a JSON schema the reference shows. */
interface Node {
  readonly description?: string;
  readonly allowed?: string;
  readonly default?: unknown;
  readonly properties?: Record<string, Node>;
  readonly items?: Node;
  readonly required?: readonly string[];
}

/** The configuration reference of docs/operator.md: one row a key, from the schema. */
export function configReference(): string {
  return [
    '| key | what it is | allowed | default |',
    '|---|---|---|---|',
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
    const row = `| \`${path}\` | ${node.description} | ${node.allowed} | ${fallback} |`;
    return node.items?.properties ? [row, ...rowsOf(`${path}[]`, node.items)] : [row];
  });
}
