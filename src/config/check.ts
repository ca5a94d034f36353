import type { Config } from './config.js';
import { ConfigError, formatFinding } from './finding.js';
import { loadConfig } from './load.js';

/** Returns what `evpnd --check FILE` prints, and whether its exit code is 0. */
export function runCheck(path: string): { readonly ok: boolean; readonly text: string } {
  try {
    return { ok: true, text: `${path}: OK: ${summary(loadConfig(path))}` };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { ok: false, text: error.findings.map(formatFinding).join('\n') };
  }
}

function summary(config: Config): string {
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const vnis = config.evpn.vnis.size;
  const served = config.evpn.advertiseAllVni ? 'all VNIs' : 'listed VNIs only';
  return `AS ${config.asn}, ${count(config.neighbors.length, 'neighbor')}, ${served}, ${count(vnis, 'VNI')} set apart`;
}
