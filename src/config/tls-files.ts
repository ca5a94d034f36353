import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Secret } from '../types/index.js';
import { ContentFault, readSettingFile } from './key-file.js';
import type { Refuse } from './setting.js';

/** Chains and keys are a few KiB. */
const ROOM = 256 * 1024;

/** A certificate, with those of its chain behind it. */
export interface CertificateFile {
  readonly source: string;
  /** The file's content (RFC 7468). */
  readonly pem: string;
  /** Of the first certificate, which is the server's. */
  readonly fingerprint: string;
  /** Wall time in milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The certificate that a file has in PEM. Refuses one that cannot be read and one that has none; a time that is over is no fault here. */
export function readCertificateFile(path: string, refuse: Refuse): CertificateFile | undefined {
  return readSettingFile(path, { what: 'certificate', room: ROOM, isSecret: false }, refuse, (content) => {
    const pem = content.toString('latin1');
    const first = certificateOf(pem);
    if (first === undefined)
      return new ContentFault('no certificate', 'a certificate in PEM (-----BEGIN CERTIFICATE-----)');
    return {
      source: path,
      pem,
      fingerprint: first.fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase(),
      notBefore: Date.parse(first.validFrom),
      notAfter: Date.parse(first.validTo),
    };
  });
}

/** The private key that a file has in PEM, without a passphrase. Refuses as `password-file` does. */
export function readTlsKeyFile(path: string, refuse: Refuse): Secret | undefined {
  return readSettingFile(path, { what: 'private key', room: ROOM, isSecret: true }, refuse, (content) => {
    try {
      createPrivateKey(content);
      return new Secret(content, path);
    } catch {
      return new ContentFault(
        'no private key that can be read',
        'a private key in PEM without a passphrase (-----BEGIN PRIVATE KEY-----)',
      );
    }
  });
}

/** True where the key is the certificate's. */
export function fits(certificate: CertificateFile, key: Secret): boolean {
  return certificateOf(certificate.pem)?.checkPrivateKey(createPrivateKey(key.reveal())) === true;
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
