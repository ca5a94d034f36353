import { type Document, isAlias, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Finding } from './finding.js';
import { formatPath, type Path } from './path.js';

export type { Path } from './path.js';

/** Where values stand that are looked at elsewhere too, by the latter place as formatPath() has it. */
export type Origins = ReadonlyMap<string, Path>;

/** What a finding has beside its place. */
export interface Fault {
  readonly found: string;
  readonly allowed: string;
  readonly didYouMean?: string | undefined;
}

/** Tells of a fault; `others` are the values elsewhere that make it one. */
export type Report = (path: Path, fault: Fault, ...others: readonly Path[]) => void;

/** What to do about the YAML faults that operators make; keyed by the library's error codes. */
const CURES: Partial<Record<string, string>> = {
  DUPLICATE_KEY: 'each key once',
  TAB_AS_INDENT: 'spaces, not tabs, for indentation',
  MULTIPLE_DOCS: 'one document in a file',
  BLOCK_AS_IMPLICIT_KEY:
    "one key: value on a line; quotes around a value that ends with a colon ('2001:db8::')",
  BAD_INDENT: 'items of one mapping or list at the same indentation',
  MULTILINE_IMPLICIT_KEY: 'key: value on one line',
};

/** A parsed file that remembers where each value stood. */
export class Source {
  readonly #file: string;
  readonly #text: string;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  #origins: Origins = new Map();

  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
  }

  /** The faults of the YAML itself. */
  syntaxFindings(): Finding[] {
    const findings = [...this.#document.errors, ...this.#document.warnings].map((error) =>
      this.#at(error.pos[0], [], {
        found:
          error.code === 'DUPLICATE_KEY'
            ? `the key ${/^[^:\s]*/.exec(this.#text.slice(error.pos[0]))} a second time`
            : `bad YAML (${error.message})`,
        allowed: CURES[error.code] ?? 'well-formed YAML 1.2',
      }),
    );
    visit(this.#document, {
      Alias: (_, node) => {
        if (node.resolve(this.#document) === undefined)
          findings.push(
            this.#at(node.range?.[0] ?? 0, [], {
              found: `*${node.source} without quotes, which YAML takes for an alias`,
              allowed: `'*${node.source}' in quotes`,
            }),
          );
      },
    });
    return findings;
  }

  /** True where the values can be read in spite of what syntaxFindings() returned. */
  get readable(): boolean {
    return this.#document.errors.every((error) => error.code === 'DUPLICATE_KEY') && !this.#hasBadAlias();
  }

  /** The content as plain data. Call it only where `readable`. */
  value(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  /** Findings about these values name where they stand. */
  setOrigins(origins: Origins): void {
    this.#origins = origins;
  }

  #origin(path: Path): Path {
    for (let depth = path.length; depth > 0; depth--) {
      const origin = this.#origins.get(formatPath(path.slice(0, depth)));
      if (origin !== undefined) return [...origin, ...path.slice(depth)];
    }
    return path;
  }

  /** A finding at the value that `place` names or, where it is absent, at what would hold it. */
  finding(place: Path, fault: Fault): Finding {
    const path = this.#origin(place);
    for (let depth = path.length; depth > 0; depth--) {
      const node = this.#document.getIn(path.slice(0, depth), true);
      const offset = rangeStart(node) ?? this.#keyStart(path.slice(0, depth));
      if (offset !== undefined) return this.#at(offset, path, fault);
    }
    return this.#at(rangeStart(this.#document.contents) ?? 0, path, fault);
  }

  /** A finding at the key itself. */
  keyFinding(path: Path, fault: Fault): Finding {
    const offset = this.#keyStart(path);
    return offset === undefined ? this.finding(path, fault) : this.#at(offset, path, fault);
  }

  #keyStart(path: Path): number | undefined {
    const holder =
      path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true);
    if (!isMap(holder)) return undefined;
    const key = String(path[path.length - 1]);
    const pair = holder.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key,
    );
    return pair ? rangeStart(pair.key) : undefined;
  }

  #hasBadAlias(): boolean {
    let bad = false;
    visit(this.#document, {
      Alias: (_, node) => {
        if (isAlias(node) && node.resolve(this.#document) === undefined) bad = true;
      },
    });
    return bad;
  }

  #at(offset: number, path: Path, fault: Fault): Finding {
    const { line, col } = this.#lines.linePos(offset);
    return {
      file: this.#file,
      line,
      column: col,
      path: formatPath(path),
      found: fault.found,
      allowed: fault.allowed,
      didYouMean: fault.didYouMean,
    };
  }
}

function rangeStart(node: unknown): number | undefined {
  const range = (node as { range?: readonly number[] | null } | null | undefined)?.range;
  return range ? range[0] : undefined;
}
