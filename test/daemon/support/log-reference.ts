import { LOG_LINES } from '../../../src/log-lines.js';

/** The table of docs/log.md. */
export function logReference(): string {
  return [
    '| `event` | level | line | means | what to do |',
    '|---|---|---|---|---|',
    ...Object.entries(LOG_LINES).map(
      ([id, { level, texts, meaning, action }]) =>
        `| \`${id}\` | ${level} | ${texts.join('<br>')} | ${meaning} | ${action} |`,
    ),
  ].join('\n');
}
