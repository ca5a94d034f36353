import { chmodSync, existsSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { connect, type DropArgument, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Secret, StartError } from '../types/index.js';
import { Door } from './door.js';
import type { Refusals } from './refusals.js';

/** What answers requests. */
export type Application = Pick<FastifyInstance, 'routing'>;

/** A certificate, with its chain, and its private key, in PEM. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: Secret;
}

interface ListenOptions {
  /** Path of the Unix socket; undefined for none. */
  readonly unixSocket: string | undefined;
  /** Port 0 lets the kernel choose. */
  readonly tcp: readonly { readonly host: string; readonly port: number }[];
  /** What the TCP addresses speak TLS with; undefined for plain HTTP. */
  readonly tls?: TlsFiles | undefined;
  /** Limit of file descriptors of this process, of which the API uses a part; read from the kernel if absent. */
  readonly descriptors?: number;
  /** Milliseconds after which an idle TCP connection is closed; a minute by default. */
  readonly stalled?: number;
  /** Notified of connections that are refused, or closed for too many requests. */
  readonly refusals?: Pick<Refusals, 'note'>;
}

/** The API's open sockets. */
interface ApiListener {
  /** The TCP addresses as bound, in the order given. */
  readonly tcp: readonly { readonly host: string; readonly port: number }[];
  /**
   * From now on new connections over TCP have this certificate, or none. The first one, and none after one, end what is open there.
   * Rejects with ApiListenError where an address was lost meanwhile; the others listen.
   */
  secure(tls: TlsFiles | undefined): Promise<void>;
  /** Stops listening, lets answers under way finish for at most a second, and removes the Unix socket. */
  close(): Promise<void>;
}

/** The API cannot listen at a configured address; the message has the address, the reason and the fix. */
export class ApiListenError extends StartError {
  override readonly name = 'ApiListenError';
}

const fromUnixSocket = new WeakSet<Socket>();

/** True for a connection over the Unix socket, which the permissions of the file have authorized. */
export function isFromUnixSocket(socket: Socket): boolean {
  return fromUnixSocket.has(socket);
}

/** Concurrent connections: some are reserved for the Unix socket, the rest are for all TCP sockets. */
const MOST_CONNECTIONS = { unix: 64, tcp: 192 };
/**
 * Requests of one connection that wait for their answers. A client may send more without waiting (RFC 9112 §9.3.2), but a
 * few octets each would be answered in one turn of the event loop, thousands of them.
 */
const MOST_AHEAD = 16;
/** What supervisors poll: it waits for nobody, and needs no token. */
export const PROBES: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);
/** Milliseconds. */
const LIMITS = { requestTimeout: 30_000, headersTimeout: 10_000, handshakeTimeout: 10_000 };
const SOCKET_MODE = 0o660;
/** Milliseconds that a closing server waits for answers under way. */
const GRACE = 1000;
/** An answer that is not read occupies memory and a connection. */
const STALLED = 60_000;

/**
 * Opens the application's sockets: all or none. A Unix socket that an earlier process left is replaced; one
 * that a process still serves, or a file that is no socket, is not touched. Requests wait for an application that is still
 * to come. Rejects with ApiListenError.
 */
export async function listenApi(
  api: Application | Promise<Application>,
  options: ListenOptions,
): Promise<ApiListener> {
  const servers = new Set<Server | TlsServer>();
  const most = connectionLimits(options.descriptors ?? descriptorLimit());
  const ready = Promise.resolve(api);
  const { refusals } = options;
  const unanswered = new WeakMap<Socket, number>();
  /** Counts the request among those of its connection that wait; false, and the connection closed, where these are too many. */
  const admits = (socket: Socket, response: ServerResponse): boolean => {
    if (socket.destroyed) return false;
    const waiting = (unanswered.get(socket) ?? 0) + 1;
    if (waiting > MOST_AHEAD) {
      refusals?.note('requests', placeOf(socket, options), socket.remoteAddress);
      socket.destroy();
      return false;
    }
    unanswered.set(socket, waiting);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    return true;
  };
  const door = new Door();
  let { tls } = options;
  const answer: RequestListener = (request, response) => {
    if (!admits(request.socket, response)) return;
    void ready.then(
      ({ routing }) => {
        // Whoever polls whether the event loop turns does not wait for whoever reads
        if (PROBES.has(request.url)) routing(request, response);
        else door.enter(() => routing(request, response));
      },
      () => response.destroy(),
    );
  };
  const open = async (target: { path: string } | { host: string; port: number }) => {
    const server =
      'host' in target && tls !== undefined
        ? createTlsServer({ ...LIMITS, ...contextOf(tls) }, answer)
        : createServer(LIMITS, answer);
    servers.add(server);
    // A user who pages through an answer at a terminal uses the Unix socket
    if ('host' in target) server.timeout = options.stalled ?? STALLED;
    // Further connections are refused at once, since BGP and netlink need descriptors too
    server.maxConnections = 'path' in target ? most.unix : Math.ceil(most.tcp / options.tcp.length);
    server.on('drop', (dropped?: DropArgument) =>
      refusals?.note('connections', placeOf(dropped, options), dropped?.remoteAddress),
    );
    if ('path' in target) server.on('connection', (socket) => fromUnixSocket.add(socket));
    await listening(server, target);
    return server;
  };
  let isClosed = false;
  const close = async () => {
    isClosed = true;
    await Promise.all([...servers].map(closed));
  };
  try {
    if (options.unixSocket !== undefined) {
      await removeStaleSocket(options.unixSocket);
      await open({ path: options.unixSocket });
      chmodSync(options.unixSocket, SOCKET_MODE);
    }
    const tcp: { readonly host: string; readonly port: number }[] = [];
    let overTcp: (Server | TlsServer)[] = [];
    for (const { host, port } of options.tcp) {
      const server = await open({ host, port });
      const address = server.address();
      overTcp.push(server);
      tcp.push({ host, port: typeof address === 'object' && address ? address.port : port });
    }
    const reopen = async () => {
      const before = overTcp;
      overTcp = [];
      await Promise.all(before.map(closed));
      for (const server of before) servers.delete(server);
      if (isClosed) return;
      const opened = await Promise.allSettled(tcp.map(open));
      for (const each of opened) if (each.status === 'fulfilled') overTcp.push(each.value);
      const lost = opened.find((each) => each.status === 'rejected');
      if (lost) throw lost.reason;
    };
    let turn: Promise<void> = Promise.resolve();
    const secure = (wanted: TlsFiles | undefined) => {
      const change = async () => {
        if (isClosed) return;
        const isOther = (wanted === undefined) !== (tls === undefined);
        tls = wanted;
        if (isOther) return reopen();
        for (const server of overTcp)
          if (wanted && 'setSecureContext' in server) server.setSecureContext(contextOf(wanted));
      };
      turn = turn.catch(() => {}).then(change);
      return turn;
    };
    return { tcp, secure, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function contextOf({ certificate, key }: TlsFiles) {
  return { cert: certificate, key: key.reveal() };
}

/** Returns where a connection came in. */
function placeOf(
  at: Pick<DropArgument, 'localAddress' | 'localPort'> | undefined,
  { unixSocket }: ListenOptions,
): string {
  return at?.localAddress === undefined ? String(unixSocket) : `${at.localAddress} port ${at.localPort}`;
}

/** At most half of the descriptors are the API's. */
export function connectionLimits(descriptors: number): { readonly unix: number; readonly tcp: number } {
  const { unix, tcp } = MOST_CONNECTIONS;
  const share = Math.min(1, descriptors / 2 / (unix + tcp));
  return { unix: Math.max(1, Math.floor(unix * share)), tcp: Math.max(1, Math.floor(tcp * share)) };
}

/** RLIMIT_NOFILE of this process. */
function descriptorLimit(): number {
  const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return found ? Number(found[1]) : Number.POSITIVE_INFINITY;
}

function listening(
  server: Server | TlsServer,
  target: { path: string } | { host: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(listenError(target, error));
    server.once('error', failed);
    // So that the socket is never open to others, not even before its mode is set; listen() binds at once
    const umask = process.umask(0o177);
    try {
      server.listen(target, () => {
        server.off('error', failed);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

const LISTENS_THERE =
  'another process listens there: stop it, or give this one an api.unix-socket, an api.listen and a state-directory of its own, as a second evpnd that observes needs them';

/** What the operator can do, by errno. */
const CURES: Partial<Record<string, string>> = {
  EADDRINUSE: LISTENS_THERE,
  EADDRNOTAVAIL: 'the machine has no such address',
  EACCES:
    "evpnd's user may not; ports below 1024 need CAP_NET_BIND_SERVICE, sockets a directory it may write",
  ENOENT:
    'its directory does not exist; the systemd unit creates /run/evpnd (RuntimeDirectory); without it: install -d -m 0750 -o evpnd -g evpnd DIRECTORY',
};

function listenError(
  target: { path: string } | { host: string; port: number },
  error: NodeJS.ErrnoException,
): ApiListenError {
  const place = 'path' in target ? target.path : `${target.host} port ${target.port}`;
  const code = codeOf(target, error);
  return new ApiListenError(
    `the API cannot listen on ${place}: ${code ?? error.message}: ${CURES[code ?? ''] ?? error.message}`,
  );
}

/** libuv returns EACCES for a directory that does not exist. */
function codeOf(target: object, { code }: NodeJS.ErrnoException): string | undefined {
  return code === 'EACCES' && 'path' in target && !existsSync(dirname(String(target.path))) ? 'ENOENT' : code;
}

async function removeStaleSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket())
    throw new ApiListenError(
      `the API cannot listen on ${path}: it is no socket; remove it or choose another path`,
    );
  if (await served(path)) throw new ApiListenError(`the API cannot listen on ${path}: ${LISTENS_THERE}`);
  unlinkSync(path);
}

/** True unless the kernel reports that no process listens. */
function served(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function closed(server: Server | TlsServer): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), GRACE);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
