import type { ProblemNote, TlsFiles } from './api/index.js';
import type { Config } from './config/index.js';

const DAY = 86_400_000;
/** Milliseconds before its end from which a certificate is a problem. */
const SOON = 14 * DAY;

/** Returns what the API speaks TLS with; undefined for plain HTTP. */
export function tlsOf({ api: { tls } }: Pick<Config, 'api'>): TlsFiles | undefined {
  const { certificate, key } = tls;
  return certificate && key && { certificate: certificate.pem, key };
}

/**
 * Returns the problem of a certificate that clients refuse now or soon. It is none of the configuration: a leaf that restarts
 * with an old certificate does what else it has to do.
 */
export function certificateProblem(
  { api: { tls } }: Pick<Config, 'api'>,
  now: number,
): ProblemNote | undefined {
  const { certificate } = tls;
  if (certificate === undefined) return undefined;
  const { source, notBefore, notAfter } = certificate;
  const fix = `renew ${source}, then systemctl reload evpnd`;
  const at = (time: number) => new Date(time).toISOString();
  if (now < notBefore)
    return {
      severity: 'error',
      problem: `the certificate of the API (${source}) is not valid before ${at(notBefore)}: clients refuse it`,
      fix: `see whether the clock is right (timedatectl); else ${fix}`,
    };
  if (now >= notAfter)
    return {
      severity: 'error',
      problem: `the certificate of the API (${source}) expired at ${at(notAfter)}: clients refuse it`,
      fix,
    };
  if (now < notAfter - SOON) return undefined;
  return {
    severity: 'warning',
    problem: `the certificate of the API (${source}) expires at ${at(notAfter)}`,
    fix,
  };
}
