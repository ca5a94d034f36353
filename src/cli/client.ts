import { type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { plainText } from '../types/index.js';

/** Where evpnd's API is. */
export type Place = { readonly socketPath: string } | OverTcp;

interface OverTcp {
  readonly url: string;
  /** What evpnd's `api.token-file` has. */
  readonly token?: string | undefined;
  /** Certificates in PEM that are trusted in place of the system's. */
  readonly ca?: string | undefined;
}

/** What a request found out that a person should read: a problem of the API, or that nobody answers. */
export class ClientError extends Error {
  override readonly name = 'ClientError';

  /** `status`: that of the API's answer, where there was one. */
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** A command line that cannot be understood. */
export class UsageError extends ClientError {}

/** A JSON object of the API. */
export type Item = Readonly<Record<string, unknown>>;

interface Page {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Values of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Returns what a query has of a host's address, by its form: a MAC or an IP. */
export function hostQuery(address: string): Query {
  return /^([0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}$/i.test(address) ? { mac: address } : { ip: address };
}

/** What a command has beside its path. */
interface Sent {
  readonly body?: Item | undefined;
  readonly ifMatch?: string | undefined;
}

/** Items of a page; the API serves long pages a few at a time. */
const PAGE = 500;
/** Milliseconds without a word of the answer. */
const PATIENCE = 30_000;

/** Asks evpnd's REST API. */
export class Client {
  /** `plain`: texts come without what a terminal interprets but ends of lines. */
  constructor(
    readonly place: Place,
    readonly plain = false,
  ) {}

  /** Returns what JSON of the API has. Throws SyntaxError. */
  parse(json: string): unknown {
    // Names of devices and words of neighbors are for others to choose
    return JSON.parse(json, (_, value: unknown) =>
      this.plain && typeof value === 'string' ? value.split('\n').map(plainText).join('\n') : value,
    );
  }

  /** Returns what the resource answers. Rejects with ClientError. */
  get(path: string, query: Query = {}): Promise<Item> {
    return this.#ask('GET', path, query);
  }

  /** Returns every item of a list, page by page. Rejects with ClientError. */
  async all(path: string, query: Query = {}, most = Number.POSITIVE_INFINITY): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | undefined;
    do {
      const limit = Math.min(PAGE, most - items.length);
      const page = (await this.get(path, { ...query, limit, cursor })) as unknown as Page;
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && items.length < most);
    return items;
  }

  /** Runs a command, which the API takes over the Unix socket, and over TLS with the token. Rejects with ClientError. */
  command(
    method: 'POST' | 'DELETE' | 'PUT' | 'PATCH',
    path: string,
    query: Query = {},
    more: Sent = {},
  ): Promise<Item> {
    return this.#ask(method, path, query, more);
  }

  /**
   * Yields the answer of a stream as it comes, piece by piece, and ends where the API ends it. Rejects with ClientError.
   * Whoever leaves the loop closes the connection.
   */
  async *stream(path: string, query: Query = {}): AsyncGenerator<string> {
    const response = await this.#request('GET', path, query, 'text/event-stream');
    if (response.statusCode !== 200) return void (await this.#body(response));
    response.setEncoding('utf8');
    try {
      for await (const piece of response) yield piece as string;
    } catch (error) {
      throw new ClientError(whyUnreachable(this.place, error as NodeJS.ErrnoException));
    } finally {
      response.destroy();
    }
  }

  async #ask(method: string, path: string, query: Query, sent: Sent = {}): Promise<Item> {
    return this.#body(await this.#request(method, path, query, 'application/json', sent));
  }

  #request(
    method: string,
    path: string,
    query: Query,
    accept: string,
    { body, ifMatch }: Sent = {},
  ): Promise<IncomingMessage> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(
      Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    ).toString();
    const target = `/api/v1${path}${search && `?${search}`}`;
    const { place } = this;
    return new Promise((resolve, reject) => {
      const asked = (isTls(place) ? requestTls : request)({
        method,
        // A kept connection may be closed by evpnd at the moment in which it is used again
        agent: false,
        timeout: PATIENCE,
        headers: {
          accept,
          ...(body && { 'content-type': 'application/json' }),
          ...(ifMatch !== undefined && { 'if-match': ifMatch }),
          ...('url' in place && place.token !== undefined && { authorization: `Bearer ${place.token}` }),
        },
        ...('url' in place ? addressOf(place, target) : { socketPath: place.socketPath, path: target }),
      });
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${PATIENCE / 1000} s`)));
      asked.on('error', (error: NodeJS.ErrnoException) =>
        reject(new ClientError(whyUnreachable(place, error))),
      );
      asked.on('response', resolve);
      asked.end(body && JSON.stringify(body));
    });
  }

  /** Returns the whole answer. Rejects with ClientError, also for a problem that the API reports. */
  async #body(response: IncomingMessage): Promise<Item> {
    const { place } = this;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw new ClientError(whyUnreachable(place, error as NodeJS.ErrnoException));
    }
    const text = Buffer.concat(chunks).toString();
    const body = this.#bodyOf(text);
    if (body === undefined)
      throw new ClientError(
        `${nameOf(place)} is not evpnd's API: it answers ${plainText(text.slice(0, 80))}`,
      );
    if (response.statusCode !== 200) throw new ClientError(problemText(body), response.statusCode);
    return body;
  }

  #bodyOf(text: string): Item | undefined {
    try {
      return this.parse(text) as Item;
    } catch {
      return undefined;
    }
  }
}

const isTls = (place: Place) => 'url' in place && new URL(place.url).protocol === 'https:';

function addressOf(place: OverTcp, target: string) {
  const { hostname, port } = new URL(place.url);
  const address = { host: hostname.replace(/^\[|\]$/g, ''), path: target };
  return isTls(place)
    ? { ...address, port: port || 443, ...(place.ca !== undefined && { ca: place.ca }) }
    : { ...address, port: port || 80 };
}

/** RFC 9457: `detail` is for people; of several faults each has a line. */
function problemText({ title, detail, reasons }: Item): string {
  if (Array.isArray(reasons) && reasons.length > 1) return [`${title}:`, ...reasons].join('\n  ');
  return typeof detail === 'string' ? `${title}: ${detail}` : String(title);
}

const nameOf = (place: Place) => ('url' in place ? place.url : place.socketPath);

function whyUnreachable(place: Place, { code, message }: NodeJS.ErrnoException): string {
  const name = nameOf(place);
  if ('url' in place) return `${name}: ${message}: ${cureOverTcp(isTls(place), code)}`;
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `${name}: evpnd does not run (systemctl status evpnd), or its api.unix-socket is another one: give it with --socket`;
    case 'EACCES':
      return `${name}: permission denied: use sudo, or join the group of the socket (ls -l ${name})`;
    default:
      return `${name}: ${message}`;
  }
}

/** What to do, by the code of node:tls or the errno, and by what was spoken. */
const TCP_CURES: readonly (readonly [code: RegExp, isTls: boolean, cure: string])[] = [
  [
    /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_SELF|CERT_UNTRUSTED)/,
    true,
    'its certificate is of no authority that this system trusts: give that of the authority, or the certificate itself, with --ca-file',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    true,
    'the certificate is for other names: ask by one of them, or let api.tls.certificate have this one',
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    true,
    'let the certificate of api.tls.certificate be renewed there, and evpnd be reloaded',
  ],
  [/^CERT_NOT_YET_VALID$/, true, 'see whether the clocks here and there are right'],
  [
    /^(ERR_SSL_|EPROTO)/,
    true,
    'it may speak plain HTTP: with http:// in place of https://, or with api.tls there',
  ],
  [/^ECONNRESET$/, false, 'it may speak TLS (api.tls): with https:// in place of http://'],
];

function cureOverTcp(overTls: boolean, code = ''): string {
  const found = TCP_CURES.find(([codes, isTls]) => isTls === overTls && codes.test(code));
  return found?.[2] ?? 'is evpnd running there, and is it in its api.listen?';
}
