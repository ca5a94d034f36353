import { integer } from './setting.js';

/** What `bfd` of a neighbor may say besides true and false. */
interface BfdFile {
  readonly interval?: number;
  readonly multiplier?: number;
  readonly multihop?: boolean;
}

/** BFD with one neighbor. */
export interface BfdConfig {
  /** Milliseconds between packets, in both directions. */
  readonly interval: number;
  readonly multiplier: number;
  readonly multihop: boolean;
}

const DEFAULTS: BfdConfig = { interval: 300, multiplier: 3, multihop: false };
const INTERVAL = integer(50, 60_000, 'milliseconds');
const MULTIPLIER = integer(2, 255);

/** The kind of value that `bfd` is. */
export const BFD = {
  schema: {
    anyOf: [
      { type: 'boolean' },
      {
        type: 'object',
        properties: {
          interval: { ...INTERVAL.schema, allowed: INTERVAL.allowed },
          multiplier: { ...MULTIPLIER.schema, allowed: MULTIPLIER.allowed },
          multihop: { type: 'boolean', allowed: 'true or false' },
        },
        additionalProperties: false,
      },
    ],
  },
  allowed: `true, false, or a mapping of interval (${INTERVAL.allowed}), multiplier (${MULTIPLIER.allowed}) and multihop (true or false)`,
  file: undefined as boolean | BfdFile | undefined,
};

/** Undefined where there is none. */
export function parseBfd(value: boolean | BfdFile): BfdConfig | undefined {
  if (value === false) return undefined;
  return value === true ? DEFAULTS : { ...DEFAULTS, ...value };
}

/** `3 x 300 ms`. */
export function formatBfd({ interval, multiplier, multihop }: BfdConfig): string {
  return `${multiplier} x ${interval} ms${multihop ? ', multihop' : ''}`;
}
