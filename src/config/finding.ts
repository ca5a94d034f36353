/** One fault of a configuration file. */
export interface Finding {
  /** As the caller named the file. */
  readonly file: string;
  /** From 1; 0 where the fault is the file as a whole. */
  readonly line: number;
  /** From 1; 0 where the fault is the file as a whole. */
  readonly column: number;
  /** `neighbors[1].remote-as`; empty for the top of the file. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
  /** The key that was probably meant. */
  readonly didYouMean: string | undefined;
}

/** A configuration that was rejected as a whole; `findings` is never empty and follows the file's order. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(
    readonly findings: readonly Finding[],
    /** True where there is no such file. */
    readonly missing = false,
  ) {
    super(findings.map(formatFinding).join('\n'));
  }
}

/** `file:line:column: path: found X; allowed Y`, the shape that editors jump to. */
export function formatFinding(finding: Finding): string {
  const place = finding.line > 0 ? `${finding.file}:${finding.line}:${finding.column}` : finding.file;
  const path = finding.path === '' ? '' : ` ${finding.path}:`;
  const hint = finding.didYouMean === undefined ? '' : `; did you mean ${finding.didYouMean}?`;
  return `${place}:${path} found ${finding.found}; allowed ${finding.allowed}${hint}`;
}

const LONGEST = 60;

/** A value as a finding quotes it: short, on one line, and unmistakable in its type. */
export function quoteValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
