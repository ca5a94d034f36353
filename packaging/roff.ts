/** Manual pages: text in the words of man(7), from values in which `code` and links are marked as Markdown marks them. */

/** A part of a section. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** Terms, each with its explanation. */
  | { readonly kind: 'terms'; readonly terms: readonly (readonly [term: string, text: string])[] }
  /** Shown as it is. */
  | { readonly kind: 'example'; readonly text: string };

export interface ManualPage {
  readonly name: string;
  readonly section: number;
  /** One line of what it is. */
  readonly summary: string;
  readonly sections: readonly (readonly [title: string, ...blocks: Block[]])[];
}

export const text = (value: string): Block => ({ kind: 'text', text: value });
export const example = (value: string): Block => ({ kind: 'example', text: value });
export const terms = (...values: (readonly [string, string])[]): Block => ({ kind: 'terms', terms: values });

/** Returns the page as man(1) reads it. */
export function roff({ name, section, summary, sections }: ManualPage, version: string): string {
  return [
    `.TH ${quoted(name.toUpperCase())} ${section} "" ${quoted(`evpnd ${version}`)} "evpnd"`,
    '.SH NAME',
    `${words(name)} \\- ${words(summary)}`,
    ...sections.flatMap(([title, ...blocks]) => [`.SH ${quoted(title)}`, ...blocks.flatMap(lines)]),
    '',
  ].join('\n');
}

function lines(block: Block): string[] {
  if (block.kind === 'text') return ['.PP', line(block.text)];
  if (block.kind === 'example')
    return [
      '.PP',
      '.RS 4',
      '.nf',
      ...block.text.split('\n').map((each) => guarded(plain(each))),
      '.fi',
      '.RE',
    ];
  return block.terms.flatMap(([term, explanation]) => ['.TP', line(`**${term}**`), line(explanation)]);
}

const line = (value: string): string => guarded(words(value));

/** A line that begins with a dot or an apostrophe would be a request. */
const guarded = (value: string): string => value.replace(/^(?=[.'])/, '\\&');

const plain = (value: string): string => value.replaceAll('\\', '\\e').replaceAll('-', '\\-');

/** Marked words: `code` and **bold** are bold, of a link its text stays. */
function words(value: string): string {
  return value
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .split(/(\*\*.+?\*\*|`[^`]+`)/)
    .map((part) => {
      const marked = /^(?:\*\*(.+)\*\*|`(.+)`)$/s.exec(part);
      return marked ? `\\fB${plain(marked[1] ?? marked[2])}\\fR` : plain(part);
    })
    .join('');
}

const quoted = (value: string): string => `"${plain(value).replaceAll('"', '\\(dq')}"`;
