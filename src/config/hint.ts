/**
 * The candidate nearest to `word` by edits (case, `_` and `-` do not count), or undefined where none is near enough to
 * be a slip of the hand: more than a third of the word's length, at least two edits.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[_-]/g, '');
  const target = plain(word);
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(target.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(target, plain(candidate));
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein's distance, by rows. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    previous = row;
  }
  return previous[b.length];
}
