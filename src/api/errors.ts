import { STATUS_CODES } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';

/** Every problem that the API can answer with: one row a code. The titles are the same for each occurrence. */
export const PROBLEMS = {
  'invalid-parameter': { status: 400, title: 'A parameter has a value that is not allowed' },
  'missing-parameter': { status: 400, title: 'A parameter that must be there is not' },
  'unknown-parameter': { status: 400, title: 'There is no such parameter' },
  'invalid-cursor': { status: 400, title: 'The cursor is not one that this list gave' },
  'bad-request': { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'The request needs the token' },
  'unix-socket-only': {
    status: 403,
    title: 'Commands are accepted on the Unix socket, and over TLS with a token',
  },
  'unknown-path': { status: 404, title: 'There is no such resource' },
  'no-such-neighbor': { status: 404, title: 'There is no such neighbor' },
  'no-such-vni': { status: 404, title: 'There is no such VNI' },
  'no-such-vrf': { status: 404, title: 'There is no such VRF' },
  'no-such-item': { status: 404, title: 'There is no such item in the configuration' },
  'no-such-mac': { status: 404, title: 'Nobody knows the MAC address in that VNI' },
  'too-large': { status: 413, title: 'The body of the request is too long' },
  'unsupported-media-type': { status: 415, title: 'The body of the request has a type that is not read' },
  'invalid-configuration': { status: 422, title: 'The configuration would have faults' },
  'wrong-etag': { status: 412, title: 'The configuration has changed meanwhile' },
  'file-changed': { status: 409, title: 'The configuration file has changed and was not reloaded' },
  'not-saved': { status: 409, title: 'The configuration file cannot be written' },
  'method-not-allowed': { status: 405, title: 'The resource does not know the method' },
  misdirected: { status: 421, title: 'The request names another machine' },
  'neighbor-shut-down': { status: 409, title: 'The neighbor is shut down' },
  'shut-down-by-setting': { status: 409, title: 'The setting of the neighbor keeps it down' },
  'no-session': { status: 409, title: 'The neighbor has no established session' },
  'no-route-refresh': { status: 409, title: 'The neighbor cannot send its routes again' },
  'internal-error': { status: 500, title: 'evpnd failed to answer' },
  busy: { status: 503, title: 'Too many requests at once' },
  'not-ready': { status: 503, title: 'evpnd is not ready' },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

/** One parameter's fault. */
const ParameterFaultSchema = Type.Object(
  {
    parameter: Type.String(),
    found: Type.String({ description: 'The value in the request.' }),
    allowed: Type.String(),
  },
  { additionalProperties: false },
);
export type ParameterFault = Static<typeof ParameterFaultSchema>;

/** RFC 9457 problem details; `code` is what a program reads, `detail` what a person reads. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'urn:evpnd:problem: and the code.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String({ description: 'The path of the request.' }),
    code: Type.Union(
      Object.keys(PROBLEMS).map((code) => Type.Literal(code)),
      { description: 'One of a closed table.' },
    ),
    parameters: Type.Optional(
      Type.Array(ParameterFaultSchema, { description: 'The invalid parameters, if any.' }),
    ),
    reasons: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Why evpnd is not ready yet, or each fault of a configuration.',
      }),
    ),
  },
  { $id: 'Problem', additionalProperties: false },
);
type ProblemDetails = Static<typeof ProblemSchema>;

/** Thrown by a handler to answer with a row of the table. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly more: Pick<ProblemDetails, 'parameters' | 'reasons'> = {},
  ) {
    super(detail);
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  /** The body of the answer to a request for `instance`. */
  details(instance: string): ProblemDetails {
    const { status, title } = PROBLEMS[this.code];
    return {
      type: `urn:evpnd:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      instance,
      code: this.code,
      ...this.more,
    };
  }
}

/** A parameter's value that its parser or its schema refuses. */
export function invalidParameter(parameter: string, found: string, allowed: string): Problem {
  return new Problem(
    'invalid-parameter',
    `${parameter}: found ${JSON.stringify(found)}, allowed is ${allowed}`,
    { parameters: [{ parameter, found, allowed }] },
  );
}

/** The name of an HTTP status, for the API's description. */
export function statusName(status: number): string {
  return STATUS_CODES[status] ?? String(status);
}
