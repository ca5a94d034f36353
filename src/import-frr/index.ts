/**
 * Reads the BGP and EVPN part of a FRR configuration and makes evpnd's of it: every statement is a row of a table (rows-*.ts)
 * that says where it may stand, its form, and what it sets; what has no row, or nothing to set in evpnd, is reported with its line.
 * Pure: text in, text and notes out. What came out has passed evpnd's own loader.
 */
import { stringify } from 'yaml';
import { formatFinding } from '../config/index.js';
import { withoutFaults } from './checked.js';
import { Content } from './content.js';
import { ordered } from './ordered.js';
import { readStatements } from './reader.js';
import { SeveralRouters } from './rows-top.js';
import { type Note, shownStatement, statementsOf } from './statement.js';

export type { Note } from './statement.js';

/** What an import came to: a configuration, or the sentence that says why there is none. */
export type Imported = {
  /** In the order of lines. */
  readonly notes: readonly Note[];
} & (
  | {
      readonly content: Readonly<Record<string, unknown>>;
      readonly yaml: string;
      readonly failure?: undefined;
    }
  | { readonly content?: undefined; readonly yaml?: undefined; readonly failure: string }
);

/** Makes evpnd's configuration of the text of a frr.conf. */
export function importFrr(text: string): Imported {
  const statements = statementsOf(text);
  const shown = new Map(statements.map((each) => [each.line, shownStatement(each.text)]));
  try {
    const { model, notes } = readStatements(statements);
    const said = new Set<string>();
    const say = (line: number, kind: Note['kind'], words: string) => {
      // Of a peer group's statement each neighbor may have the same to say
      const key = `${line} ${kind} ${words}`;
      if (said.has(key)) return;
      said.add(key);
      notes.push({ line, kind, statement: shown.get(line) ?? '', text: words });
    };
    const sorted = () => notes.toSorted((a, b) => a.line - b.line);
    if (model.asn === undefined)
      return {
        notes: sorted(),
        failure: 'there is no `router bgp` in it, so that there is nothing to import',
      };
    if (model.routerId === undefined && model.generalRouterId === undefined)
      return {
        notes: sorted(),
        failure:
          'there is no `bgp router-id`, which FRR then takes from an address of the machine: write it below `router bgp`, and import again',
      };
    const builder = new Content(model, say);
    const content = builder.make();
    const left = withoutFaults(content, yamlOf, (path, { found, allowed }) =>
      say(
        builder.origins.lineOf(content, path),
        'not-carried',
        `evpnd would refuse ${path.filter((step) => typeof step === 'string').join('.')}: found ${found}; allowed ${allowed}`,
      ),
    );
    if (left.length > 0)
      return {
        notes: sorted(),
        failure: `evpnd would refuse what comes out: ${left.map(formatFinding).join('; ')}`,
      };
    return { notes: sorted(), content: ordered(content), yaml: yamlOf(content) };
  } catch (error) {
    if (!(error instanceof SeveralRouters)) throw error;
    return { notes: [], failure: error.message };
  }
}

function yamlOf(content: Readonly<Record<string, unknown>>): string {
  return stringify(ordered(content), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** `frr.conf:12: not carried over: neighbor swp1 weight 5: evpnd has nothing like it`, the shape that editors jump to. */
export function formatNote({ line, kind, statement, text }: Note, file: string): string {
  const place = line > 0 ? `${file}:${line}` : file;
  return `${place}: ${kind === 'differs' ? 'note' : 'not carried over'}: ${statement === '' ? '' : `${statement}: `}${text}`;
}
