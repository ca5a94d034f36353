import type { Note } from '../../../src/import-frr/index.js';

/** Each note as `line statement: text`. */
export function shownNotes(notes: readonly Note[]): string[] {
  return notes.map(({ line, statement, text }) => `${line} ${statement}: ${text}`);
}

/** The lines of which nothing was carried over. */
export function linesNotCarried(notes: readonly Note[]): number[] {
  return [...new Set(notes.filter(({ kind }) => kind === 'not-carried').map(({ line }) => line))];
}

/** The items of a list of the content. */
export function itemsOf(list: unknown): readonly object[] {
  return Array.isArray(list) ? list : [];
}
