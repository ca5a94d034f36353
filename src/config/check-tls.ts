import type { ConfigFile, Values } from './config.js';
import { quoteValue } from './finding.js';
import type { Report } from './source.js';
import { fits } from './tls-files.js';

const OTHER = { certificate: 'key', key: 'certificate' } as const;

/** Reports a certificate without a key, a key without a certificate, and two that do not belong together. */
export function checkTls(
  { certificate, key }: Values['api']['tls'],
  file: ConfigFile['api']['tls'],
  report: Report,
): void {
  const place = (name: string) => ['api', 'tls', name];
  for (const name of ['certificate', 'key'] as const) {
    const [given, other] = [file[name], OTHER[name]];
    if (given !== undefined && file[other] === undefined)
      report(place(name), {
        found: `${quoteValue(given)} without api.tls.${other}`,
        allowed: 'both, or neither',
      });
  }
  if (certificate !== undefined && key !== undefined && !fits(certificate, key))
    report(
      place('key'),
      {
        found: `${quoteValue(key.source)}, which is another certificate's`,
        allowed: `the key of ${certificate.source}`,
      },
      place('certificate'),
    );
}
