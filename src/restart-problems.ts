import type { SettingChange } from './config/index.js';

/** A problem of the leaf, as the API shows it. */
interface RestartProblem {
  readonly severity: 'info';
  readonly problem: string;
  readonly fix: string;
}

/** Settings of the file that this process cannot apply: `waits for a restart: asn 65001 → 65077`. */
export function restartProblems(pending: readonly SettingChange[]): RestartProblem[] {
  return pending.map(({ key, before, after }) => ({
    severity: 'info',
    problem: `waits for a restart: ${key} ${before ?? 'absent'} → ${after ?? 'absent'}`,
    fix: 'systemctl restart evpnd',
  }));
}
