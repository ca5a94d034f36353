import { STEP_TABLE, TIE_BREAKERS } from '../../../src/bgp/index.js';

/** The steps of the decision process of docs/best-path.md, in the order in which they run. */
export function stepReference(): string {
  const { before, several } = STEP_TABLE;
  const steps = [...before, ...several, ...TIE_BREAKERS];
  return [
    '| step | kept is | what is compared | from |',
    '|---|---|---|---|',
    ...steps.flatMap(({ name, what, source }, i) => {
      const row = `| ${i + 1} | \`${name}\` | ${what} | ${source} |`;
      if (i === before.length) return ['| | *multipath* | for families with several paths: | |', row];
      return i === before.length + several.length
        ? ['| | *one path* | the best of equally good ones: | |', row]
        : [row];
    }),
  ].join('\n');
}
