import { type Static, Type } from '@sinclair/typebox';
import type { FastifySchemaValidationError } from 'fastify';
import { canonicalAddress, neighborIn, splitNeighbor } from '../bgp/index.js';
import { closest } from '../config/index.js';
import { ParseError, parseIp, parseMac, toVni, VNI_MAX } from '../types/index.js';
import type { DuplicateSelection, SoftDirection } from './commands.js';
import { invalidParameter, type ParameterFault, Problem } from './errors.js';
import { closed } from './schema-words.js';

/** Items of a page by default. */
export const DEFAULT_LIMIT = 100;

export const PageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: DEFAULT_LIMIT,
        description: 'Most items in the answer; fewer if their attributes are long.',
        allowed: 'an integer from 1 to 1000',
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        description: '`next` of the previous answer; absent for the first page.',
        allowed: 'the `next` of an earlier answer of the same list',
      }),
    ),
  },
  closed,
);

export const RequiredVni = Type.Integer({
  minimum: 1,
  maximum: VNI_MAX,
  description: 'The VXLAN network identifier.',
  allowed: `an integer from 1 to ${VNI_MAX}`,
});

/** A VNI that restricts a list. */
export const vniFilter = (description: string) =>
  Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: VNI_MAX,
      description,
      allowed: `an integer from 1 to ${VNI_MAX}`,
    }),
  );

/** A filter for our own or for remote items. */
export const originFilter = (description: string) =>
  Type.Optional(
    Type.Unsafe<'local' | 'remote'>(
      Type.String({ enum: ['local', 'remote'], description, allowed: 'local or remote' }),
    ),
  );

export const ClearQuery = Type.Object(
  {
    vni: RequiredVni,
    mac: Type.Optional(Type.String({ description: 'Only this MAC address.' })),
    ip: Type.Optional(Type.String({ description: 'Only this IP address.' })),
  },
  closed,
);

const Words = Type.Optional(
  Type.String({
    description: 'Message to the neighbor, at most 255 octets of UTF-8 (RFC 9003).',
    allowed: 'text of at most 255 octets',
  }),
);

export const ClearNeighborQuery = Type.Object(
  {
    soft: Type.Optional(
      Type.Unsafe<SoftDirection>(
        Type.String({
          enum: ['in', 'out', 'both'],
          description:
            'The session stays. in: the neighbor is asked for its routes again (ROUTE-REFRESH, RFC 2918); out: ours are sent again; absent: the session ends with Cease/Administrative Reset and begins anew.',
          allowed: 'in, out or both',
        }),
      ),
    ),
    message: Words,
  },
  closed,
);

export const ShutdownQuery = Type.Object({ message: Words }, closed);

export const NoQuery = Type.Object({}, closed);

export const VniPath = Type.Object({
  vni: Type.Integer({
    minimum: 1,
    maximum: VNI_MAX,
    description: 'The VXLAN network identifier.',
    allowed: `an integer from 1 to ${VNI_MAX}`,
  }),
});

export const AddressPath = Type.Object({
  address: Type.String({
    description:
      "The neighbor's address, in any spelling, or its interface; a link-local address with its zone, such as `fe80::1%25swp1`, where several neighbors have it.",
  }),
});

/** Parses what the schema let pass as text; one of MAC and IP at most. Throws Problem invalid-parameter. */
export function duplicateSelection(query: Static<typeof ClearQuery>): DuplicateSelection {
  if (query.mac !== undefined && query.ip !== undefined)
    throw invalidParameter('ip', query.ip, 'mac or ip, or neither for all duplicates of the VNI');
  return {
    vni: toVni(query.vni),
    mac: parsed('mac', query.mac, parseMac),
    ip: parsed('ip', query.ip, parseIp),
  };
}

/** Returns the message for the neighbor. Throws Problem invalid-parameter. */
export function wordsParameter(message: string | undefined): string {
  if (Buffer.byteLength(message ?? '') > 255)
    throw invalidParameter('message', message ?? '', 'text of at most 255 octets of UTF-8');
  return message ?? '';
}

/** Parses what a path names a neighbor by. Throws Problem invalid-parameter. */
export function neighborParameter(text: string): string {
  return parsed('address', text, parseNeighborName) as string;
}

/** What is said of a name that no neighbor has, or several. */
export function noSuchNeighbor(name: string): Problem {
  const several = splitNeighbor(name).vrf === undefined ? `, or is in several VRFs: name it ${name}@VRF` : '';
  return new Problem('no-such-neighbor', `${name} is not configured${several}`);
}

/** Returns what names a neighbor: a canonical address, or the name of an interface as it is, either with its VRF. Throws ParseError. */
export function parseNeighborName(text: string): string {
  const { name, vrf } = splitNeighbor(text);
  if (vrf === undefined) return parseName(text);
  if (!/^[^\s/@]{1,15}$/.test(vrf)) throw new ParseError('neighbor', text, 'the name of a VRF behind @');
  return neighborIn(vrf, parseName(name));
}

function parseName(text: string): string {
  try {
    return canonicalAddress(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    if (/^[^\s/:%@]{1,15}$/.test(text) && !/^\d+(\.\d+)+$/.test(text)) return text;
    throw new ParseError('neighbor', text, 'an IPv4 or IPv6 address, or the name of an interface');
  }
}

/** Converts validation errors to a Problem with each parameter, its value and the allowed values. */
export function validationProblem(
  errors: readonly FastifySchemaValidationError[],
  given: Readonly<Record<string, unknown>>,
): Problem {
  const unknown = errors.flatMap((error) =>
    error.keyword === 'additionalProperties' ? [String(error.params.additionalProperty)] : [],
  );
  if (unknown.length > 0) return unknownParameters(unknown, errors, given);
  const missing = errors.filter((error) => error.keyword === 'required');
  if (missing.length > 0) return missingParameters(missing);
  const faults = errors.map((error): ParameterFault => {
    const parameter = error.instancePath.slice(1);
    return { parameter, found: foundText(given[parameter]), allowed: allowedOf(error) };
  });
  const [first] = faults;
  if (faults.length === 1) return invalidParameter(first.parameter, first.found, first.allowed);
  const names = faults.map((fault) => fault.parameter).join(', ');
  return new Problem('invalid-parameter', `${names}: each has a value that is not allowed`, {
    parameters: faults,
  });
}

function unknownParameters(
  names: readonly string[],
  errors: readonly FastifySchemaValidationError[],
  given: Readonly<Record<string, unknown>>,
): Problem {
  const known = Object.keys(verbose(errors[0]).parentSchema?.properties ?? {});
  const allowed = known.length === 0 ? 'no parameter here' : known.join(', ');
  const hints = names.flatMap((name) => {
    const near = closest(name, known);
    return near === undefined ? [] : [`${near} for ${name}`];
  });
  const hint = hints.length === 0 ? '' : `; did you mean ${hints.join(', ')}?`;
  return new Problem('unknown-parameter', `${names.join(', ')}: allowed is ${allowed}${hint}`, {
    parameters: names.map((parameter) => ({ parameter, found: foundText(given[parameter]), allowed })),
  });
}

function missingParameters(errors: readonly FastifySchemaValidationError[]): Problem {
  const faults = errors.map((error): ParameterFault => {
    const parameter = String(error.params.missingProperty);
    const allowed = verbose(error).parentSchema?.properties?.[parameter]?.allowed ?? 'any text';
    return { parameter, found: '', allowed };
  });
  const detail = faults.map(({ parameter, allowed }) => `${parameter}: not given, allowed is ${allowed}`);
  return new Problem('missing-parameter', detail.join('; '), { parameters: faults });
}

interface VerboseError {
  readonly parentSchema?: {
    readonly allowed?: string;
    readonly properties?: Readonly<Record<string, { readonly allowed?: string }>>;
  };
}

/** The validator runs with `verbose`, which fastify's type does not know. */
function verbose(error: FastifySchemaValidationError): VerboseError {
  return error as VerboseError;
}

function allowedOf(error: FastifySchemaValidationError): string {
  return verbose(error).parentSchema?.allowed ?? error.message ?? error.keyword;
}

function foundText(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value ?? '');
}

/** Returns the parameter's value; undefined if absent. Throws Problem invalid-parameter. */
export function parsed<Value>(
  parameter: string,
  text: string | undefined,
  parse: (text: string) => Value,
): Value | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw invalidParameter(parameter, text, error.allowed);
  }
}
