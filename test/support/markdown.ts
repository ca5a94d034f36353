import { readFileSync } from 'node:fs';

/** A fenced block of a Markdown page. */
export interface FencedBlock {
  readonly page: string;
  /** The line of its opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** What follows the language, `key=value` each, such as `node=leaf1`. */
  readonly marks: ReadonlyMap<string, string>;
  /** Its lines, without the fences, each with its line break. */
  readonly text: string;
}

const FENCE = /^```(\S*)(.*)\n([\s\S]*?)^```[ \t]*$/gm;

/** The fenced blocks of a page's text, in their order. */
export function fencedBlocks(page: string, text: string = readFileSync(page, 'utf8')): FencedBlock[] {
  return [...text.matchAll(FENCE)].map((found) => {
    const [, language, info, body] = found;
    return {
      page,
      line: text.slice(0, found.index).split('\n').length,
      language,
      marks: new Map(
        info
          .split(/\s+/)
          .filter(Boolean)
          .map((mark) => {
            const [key, value = ''] = mark.split('=');
            return [key, value] as const;
          }),
      ),
      text: body,
    };
  });
}

/** The page without what its fenced blocks and code spans hold: what is left is prose. */
export function proseOf(text: string): string {
  return text.replace(FENCE, '').replace(/`[^`\n]*`/g, '');
}

/** The anchors of a page's headings, as GitHub derives them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of text.replace(FENCE, '').matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const base = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = base;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${base}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Where the links of a page lead: targets of `[text](target)` and of images. */
export function linksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)/g)].map(
    ([, target]) => target,
  );
}
