import { type Static, Type } from '@sinclair/typebox';
import {
  formatIp,
  formatMac,
  type Ip,
  type Mac,
  parseIp,
  parseMac,
  toVni,
  type Vni,
} from '../../types/index.js';
import { Problem } from '../errors.js';
import {
  ClaimSchema,
  type Explain,
  ExplainSchema,
  KernelCheckSchema,
  MoveSchema,
  StorySchema,
} from '../explain-schemas.js';
import { parsed, RequiredVni } from '../parameters.js';
import { named, type Resource } from '../resource.js';
import { explain as explainHost } from '../rooms/explain.js';
import { closed } from '../schema-words.js';
import type { Turns } from '../turnstile.js';
import { found, type VniReads } from './vnis.js';

const ExplainQuery = Type.Object(
  {
    vni: RequiredVni,
    mac: Type.Optional(
      Type.String({
        description: 'MAC address. Default: that of the owner of `ip`, or of the best claim on it.',
        allowed: 'six octets as aa:bb:cc:dd:ee:ff',
      }),
    ),
    ip: Type.Optional(
      Type.String({
        description: 'An IP address of the host. One of `mac` and `ip` is required.',
        allowed: 'an IPv4 or IPv6 address',
      }),
    ),
  },
  closed,
);

interface ExplainReads {
  /**
   * Explains a MAC, and an IP that it may have; undefined if the MAC is unknown in that VNI. Without a MAC, it explains that
   * of the one that has the IP.
   */
  explain(vni: Vni, mac: Mac | undefined, ip: Ip | undefined, turns: Turns): Promise<Explain | undefined>;
}

/** The story of a host. */
export const explain: Resource<ExplainReads, ExplainReads & Pick<VniReads, 'vni'>> = {
  schemas: [MoveSchema, ClaimSchema, KernelCheckSchema, StorySchema, ExplainSchema],
  endpoints: [
    {
      path: '/explain',
      summary: 'Why a MAC, and an IP of it, is where it is; for an IP only, the MAC that owns it',
      query: ExplainQuery,
      answer: named('Explain'),
      problems: [400, 404],
      async handle(model, { query }, turns) {
        const { vni, mac, ip } = explainSubject(query as Static<typeof ExplainQuery>);
        const { rd } = found(model.vni(vni), vni);
        const story = await model.explain(vni, mac, ip, turns);
        if (story) return story;
        const name = mac === undefined ? formatIp(ip as Ip) : formatMac(mac);
        const elsewhere =
          mac === undefined ? `; /api/v1/routes?ip=${name} lists routes that it does not import` : '';
        const why =
          rd === null
            ? `VNI ${vni} is not served, so that nothing is known of ${name} in it`
            : `${name} is unknown in VNI ${vni}${elsewhere}`;
        throw new Problem('no-such-mac', why);
      },
    },
  ],
  reads: (rooms) => ({ explain: (vni, mac, ip, turns) => explainHost(rooms, vni, mac, ip, turns) }),
};

/** Parses what the schema let pass as text. Throws Problem invalid-parameter, and missing-parameter without MAC and IP. */
function explainSubject(query: Static<typeof ExplainQuery>): {
  vni: Vni;
  mac: Mac | undefined;
  ip: Ip | undefined;
} {
  if (query.mac === undefined && query.ip === undefined)
    throw new Problem('missing-parameter', 'mac, ip: neither is given; one of them is needed', {
      parameters: ['mac', 'ip'].map((parameter) => ({
        parameter,
        found: '',
        allowed: ExplainQuery.properties[parameter as 'mac' | 'ip'].allowed,
      })),
    });
  return {
    vni: toVni(query.vni),
    mac: parsed('mac', query.mac, parseMac),
    ip: parsed('ip', query.ip, parseIp),
  };
}
