import test from 'ava';
import { certificateProblem, tlsOf } from '../../src/api-tls.js';
import { type Config, ConfigError, diffConfig, formatFinding } from '../../src/config/index.js';
import { parseConfig } from '../../src/config/load.js';
import {
  CERTIFICATE,
  EXPIRED,
  fileWith,
  OTHER_CERTIFICATE,
  OTHER_KEY,
  RENEWED,
  TLS_KEY,
} from '../support/tls.js';
import { keyFile } from './support/key-file.js';

const load = (api: object): Config =>
  parseConfig(`asn: 65001\nrouter-id: 10.0.0.1\nneighbors: []\napi: ${JSON.stringify(api)}\n`, 'f');
const tls = (certificate: string, key: string) => ({ tls: { certificate, key } });

/** The findings, the file's path as PATH. */
function findings(api: object, path = 'PATH'): string {
  try {
    load(api);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.findings.map(formatFinding).join(' | ').replaceAll(path, 'PATH');
    throw error;
  }
  return 'none';
}

test('a certificate and its key are read; nothing of the key is printed', (t) => {
  const key = fileWith(TLS_KEY);
  const config = load(tls(fileWith(CERTIFICATE, 0o644), key));
  t.is(tlsOf(config)?.certificate, CERTIFICATE);
  t.is(config.api.tls.key?.reveal().toString(), TLS_KEY);
  t.false(JSON.stringify(config.api).includes(TLS_KEY.split('\n')[1]));
  t.is(tlsOf(load({})), undefined);
});

test('a renewed certificate under the same name is a change', (t) => {
  const [before, after] = [CERTIFICATE, RENEWED].map((pem) => load(tls(fileWith(pem), fileWith(TLS_KEY))));
  const same = {
    ...after,
    api: { ...after.api, tls: { ...before.api.tls, certificate: after.api.tls.certificate } },
  };
  t.deepEqual(
    diffConfig(before, same).map(({ key }) => key),
    ['api.tls.certificate'],
  );
});

for (const [what, content, mode, found] of [
  ['no certificate', 'x', 0o600, 'PATH", which has no certificate; allowed a certificate in PEM'],
  ['a key', TLS_KEY, 0o600, 'PATH", which has no certificate'],
] as const)
  test(`a certificate is refused: ${what}`, (t) => {
    const path = fileWith(content, mode);
    t.true(
      findings(tls(path, fileWith(TLS_KEY)), path).includes(found),
      findings(tls(path, fileWith(TLS_KEY)), path),
    );
  });

for (const [what, content, mode, found] of [
  [
    'that others may read',
    TLS_KEY,
    0o640,
    'PATH" with mode 0640; allowed a file that its owner alone may read',
  ],
  [
    'that is none',
    CERTIFICATE,
    0o600,
    'PATH", which has no private key that can be read; allowed a private key in PEM without a passphrase',
  ],
  ['of another certificate', OTHER_KEY, 0o600, 'PATH", which is another certificate\'s; allowed the key of'],
] as const)
  test(`a key is refused: ${what}`, (t) => {
    const path = fileWith(content, mode);
    const text = findings(tls(fileWith(CERTIFICATE), path), path);
    t.true(text.includes(found), text);
    t.false(text.includes('|'), text);
  });

test('a file that is missing, and one of the two alone, are refused', (t) => {
  t.regex(
    findings(tls('/nowhere/c.pem', fileWith(TLS_KEY))),
    /which cannot be read \(ENOENT\); allowed a file with the certificate$/,
  );
  t.regex(
    findings({ tls: { certificate: fileWith(CERTIFICATE) } }),
    /without api\.tls\.key; allowed both, or neither/,
  );
  t.regex(
    findings({ tls: { key: fileWith(TLS_KEY) } }),
    /without api\.tls\.certificate; allowed both, or neither/,
  );
  t.is(findings(tls(fileWith(OTHER_CERTIFICATE), fileWith(OTHER_KEY))), 'none');
});

test('an expired certificate is a problem of the leaf, and does not keep it from its work', (t) => {
  const path = fileWith(EXPIRED);
  const config = load(tls(path, fileWith(TLS_KEY)));
  const at = (date: string) => certificateProblem(config, Date.parse(date));
  t.deepEqual(at('2026-01-01'), {
    severity: 'error',
    problem: `the certificate of the API (${path}) expired at 2020-02-01T00:00:00.000Z: clients refuse it`,
    fix: `renew ${path}, then systemctl reload evpnd`,
  });
  t.is(at('2020-01-25')?.severity, 'warning');
  t.is(at('2020-01-10'), undefined);
  t.regex(at('2019-12-31')?.problem ?? '', /is not valid before 2020-01-01/);
  t.is(certificateProblem(load({}), 0), undefined);
});

for (const [what, content, found] of [
  ['too short', 'short\n', 'a token of 5 characters'],
  ['with a blank', 'two words of a long token', 'characters that no bearer token has'],
  ['empty', '\n', 'no token'],
  ['of two lines', `${'x'.repeat(20)}\nx`, 'more than one line'],
  ['too long', 'x'.repeat(600), 'more than 512 characters'],
] as const)
  test(`a token is refused: ${what}`, (t) => {
    const path = keyFile(content);
    const text = findings({ 'token-file': path }, path);
    t.true(text.includes(`PATH", which has ${found}; allowed a token of 16 to 512`), text);
  });

test('a token that others may read is refused; a good one is kept', (t) => {
  t.regex(findings({ 'token-file': keyFile('x'.repeat(20), 0o644) }), /with mode 0644/);
  const token = load({ 'token-file': keyFile('0123456789abcdef-._~+/==\n') }).api.tokenFile;
  t.true(token?.matches(Buffer.from('0123456789abcdef-._~+/==')));
  t.false(token?.matches(Buffer.from('0123456789abcdef')));
});
