import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Secret } from '../types/index.js';
import { Problem } from './errors.js';
import { isFromUnixSocket, PROBES } from './listen.js';

/*
 * Who may ask what. Over the Unix socket the permissions of its file have decided; over TCP a bearer token does (RFC 6750),
 * where there is one. What changes something is taken from those alone who are known and whom nobody overhears.
 */

/** Requests that came with the token. */
const withToken = new WeakSet<IncomingMessage>();

const isOverTls = (socket: Socket) => socket instanceof TLSSocket;

/** Refuses what comes over TCP without the token of now. Throws Problem. */
export function checkToken(request: FastifyRequest, reply: FastifyReply, token: Secret | undefined): void {
  const { raw, url } = request;
  if (token === undefined || isFromUnixSocket(raw.socket) || PROBES.has(url.split('?')[0])) return;
  const given = request.headers.authorization;
  if (given === undefined) throw unauthorized(reply, 'no token', '');
  const [, found] = /^bearer +(\S+) *$/i.exec(given) ?? [];
  if (found === undefined) throw unauthorized(reply, 'credentials that are no bearer token', '');
  if (!token.matches(Buffer.from(found, 'latin1')))
    throw unauthorized(reply, 'a wrong token', ', error="invalid_token"');
  withToken.add(raw);
}

function unauthorized(reply: FastifyReply, found: string, error: string): Problem {
  reply.header('www-authenticate', `Bearer realm="evpnd"${error}`);
  return new Problem(
    'unauthorized',
    `authorization: found ${found}, allowed is "Bearer TOKEN" with what the file of api.token-file has (evpnctl --token-file)`,
  );
}

/** A hook that refuses what comes neither over the Unix socket nor over TLS with the token. */
export const onlyByOperators: onRequestHookHandler = (request, _reply, done) => {
  const { socket } = request.raw;
  if (isFromUnixSocket(socket) || (isOverTls(socket) && withToken.has(request.raw))) done();
  else done(refusal(request));
};

function refusal({ method, url, raw }: FastifyRequest): Problem {
  const why = withToken.has(raw)
    ? 'TCP without TLS, where anybody on the way can read the token'
    : `${isOverTls(raw.socket) ? 'TLS' : 'TCP'}, which has no authentication`;
  return new Problem(
    'unix-socket-only',
    `${method} over ${why}: use the Unix socket (api.unix-socket), such as ` +
      `curl -X ${method} --unix-socket /run/evpnd/api.sock 'http://evpnd${url}', or TLS with a token (api.tls, api.token-file)`,
  );
}
