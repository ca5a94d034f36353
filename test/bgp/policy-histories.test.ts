import test from 'ava';
import fc from 'fast-check';
import { isRejected } from '../../src/bgp/import-policy.js';
import { NO_POLICY } from '../../src/bgp/inbound.js';
import {
  type Destination,
  decide,
  FamilyRib,
  ImportPolicy,
  type PathSource,
  type PolicyRule,
  plainRoutes,
  Rib,
} from '../../src/bgp/index.js';
import { parsePrefixRule } from '../../src/types/index.js';
import {
  type AnyFamily,
  type AttributeChanges,
  EVPN,
  IPV4_UNICAST,
  type Nlri,
  type OriginatedAttributes,
  type PathAttributes,
  type Route,
  UpdateDecoder,
  UpdateEncoder,
} from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { id, macRoute, originated } from './fabric.js';

const KEYS = 4;
const SPINES = 3;
const prefix = (n: number) => ({ type: 0, prefix: n * 65536, prefixLength: 16 }) as unknown as Nlri;
const others = (count: number) => ({
  ...originated('10.0.0.9'),
  others: [{ code: 8, flags: 0xc0, value: Array.from({ length: count }, (_, n) => n) }],
});
const SETS = [
  originated('10.0.0.9'),
  others(2),
  others(300),
  { ...originated('10.0.0.8'), prepend: [64999] },
] as unknown as OriginatedAttributes[];

const arbitraryRule: fc.Arbitrary<PolicyRule> = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  action: fc.constantFrom('accept' as const, 'reject' as const, 'next' as const),
  match: fc.constantFrom<PolicyRule['match']>(
    {},
    { communities: [1] },
    { asPath: [64999] },
    { asPath: [65001, 65003] },
    { macs: [{ mac: macRoute(1).mac, length: 48 } as never] },
    { prefixes: [parsePrefixRule('0.1.0.0/16'), parsePrefixRule('0.2.0.0/16')] },
  ),
  set: fc.constantFrom<AttributeChanges>(
    {},
    { localPreference: 200 },
    { localPreference: 50, med: 7 },
    { prepend: [7, 7] },
    { addCommunities: [1, 99] },
    { communities: [] },
  ),
});
const arbitraryPolicy = fc
  .record({
    name: fc.constant('p'),
    otherwise: fc.constantFrom('accept' as const, 'reject' as const),
    rules: fc.uniqueArray(arbitraryRule, { maxLength: 3, selector: ({ name }) => name }),
  })
  .map((policy) => new ImportPolicy(policy));

const spine = fc.nat(SPINES - 1);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('announce' as const),
      spine,
      key: fc.nat(KEYS - 1),
      set: fc.nat(3),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('withdraw' as const), spine, key: fc.nat(KEYS - 1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'down' as const,
        'stale' as const,
        'refresh' as const,
        'sweep' as const,
        'take' as const,
      ),
      spine,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('policy' as const, 'judge' as const),
      spine,
      policy: fc.nat(2),
    }),
  },
);

interface Told {
  readonly attributes: PathAttributes;
  policy: ImportPolicy | undefined;
  epoch: number;
}

for (const kind of ['EVPN', 'one path of a prefix', 'two paths of a prefix'])
  test(`any policies and histories: what is chosen and counted is what was announced last (${kind})`, (t) => {
    const isEvpn = kind === 'EVPN';
    const family = (isEvpn ? EVPN : IPV4_UNICAST) as unknown as AnyFamily;
    const nlriOf = (key: number): Nlri => (isEvpn ? macRoute(key) : prefix(key));
    fc.assert(
      fc.property(
        fc.array(arbitraryPolicy, { minLength: 3, maxLength: 3 }),
        fc.array(step, { maxLength: 60, size: 'max' }),
        (policies, steps) => {
          const clock = new VirtualClock();
          const identity = { asn: 65100, routerId: id('10.0.0.100') };
          const rib = (isEvpn
            ? new Rib(clock, identity)
            : new FamilyRib(
                clock,
                identity,
                plainRoutes(
                  IPV4_UNICAST,
                  kind.startsWith('two') ? { external: 2, internal: 2, isRelaxed: true } : undefined,
                ),
              )) as unknown as FamilyRib<Nlri>;
          const reader = rib.subscribe();
          const seen = new Map<string, readonly PathAttributes[]>();
          const take = () => {
            while (reader.hasDirty)
              for (const { nlri, chosen } of reader.takeDirty(2))
                seen.set(
                  family.format(nlri),
                  chosen.map(({ attributes }) => attributes),
                );
          };
          const spines = Array.from({ length: SPINES }, (_, n) => ({
            source: { neighbor: `10.1.0.${n}`, routerId: n + 1, internal: false } as PathSource,
            encoder: new UpdateEncoder<Nlri>(
              { fourOctetAs: true, internal: false, localAsn: 65001 + n, maxMessageLength: 4096 },
              family,
            ),
            policy: n === 0 ? undefined : policies[n],
            told: new Map<number, Told>(),
            epoch: 0,
            refreshing: false,
          }));
          const decoder = new UpdateDecoder();
          const receive = (of: (typeof spines)[number], message: Buffer) => {
            const context = { fourOctetAs: true, internal: false, families: [family] };
            const update = decoder.decodeWithin(message, 19, message.length, context);
            rib.update(of.source, update as never, { routes: of.policy } as never);
            return update.attributes;
          };
          for (const each of steps) {
            const of = spines[each.spine];
            if (each.do === 'announce') {
              const [message] = of.encoder.announce(SETS[each.set], [nlriOf(each.key)]);
              const attributes = receive(of, message) as PathAttributes;
              of.told.set(each.key, { attributes, policy: of.policy, epoch: of.epoch });
            } else if (each.do === 'withdraw') {
              receive(of, of.encoder.withdraw([nlriOf(each.key)])[0]);
              of.told.delete(each.key);
            } else if (each.do === 'policy') of.policy = policies[each.policy];
            else if (each.do === 'judge') {
              of.policy = policies[each.policy];
              for (const told of of.told.values()) told.policy = of.policy;
              rib.judgeAgain(of.source, { ...NO_POLICY, allowasIn: 10, routes: of.policy });
            } else if (each.do === 'down') {
              void rib.neighborDown(of.source);
              of.refreshing = false;
              of.epoch++;
              of.told.clear();
            } else if (each.do === 'stale') {
              // What was stale before goes, unless the session ended within a refresh
              if (!of.refreshing)
                for (const [key, { epoch }] of of.told) if (epoch < of.epoch) of.told.delete(key);
              of.refreshing = false;
              of.epoch++;
              rib.neighborStale(of.source, 'removed');
            } else if (each.do === 'refresh') {
              of.epoch++;
              of.refreshing = true;
              rib.neighborRefreshes(of.source);
            } else if (each.do === 'sweep') {
              of.refreshing = false;
              for (const [key, { epoch }] of of.told) if (epoch < of.epoch) of.told.delete(key);
              void rib.sweepStale(of.source);
            } else take();
          }
          take();
          check();
          for (const of of spines) {
            void rib.neighborDown(of.source);
            of.told.clear();
          }
          take();
          check();
          t.is(rib.size, 0);

          function check() {
            const keys = new Set(spines.flatMap(({ told }) => [...told.keys()]));
            t.is(rib.size, keys.size);
            for (let key = 0; key < KEYS; key++) {
              const nlri = nlriOf(key);
              const destination = rib.destination(nlri) as Destination<Route> | undefined;
              t.is(destination !== undefined, keys.has(key));
              const chosen = destination?.chosen.map(({ attributes }) => attributes) ?? [];
              t.deepEqual(
                (seen.get(family.format(nlri)) ?? []).map((each) => chosen.indexOf(each)),
                chosen.map((_, n) => n),
                'what the reader has taken',
              );
              const expected = spines.flatMap(({ told, source }) => {
                const last = told.get(key);
                if (last === undefined) return [];
                const { attributes, policy } = last;
                const made = policy?.apply(family, nlri, attributes) ?? attributes;
                return [{ source, attributes: made, nlri, receivedAt: 0, stale: false }];
              });
              for (const { source, attributes } of expected)
                t.is(
                  destination?.paths.find((path) => path.source.neighbor === source.neighbor)?.attributes,
                  attributes,
                );
              t.is(destination?.paths.length ?? 0, expected.length);
              const accepted = expected.filter(({ attributes }) => !isRejected(attributes));
              t.is(destination?.best === undefined, accepted.length === 0);
              t.is(destination?.best?.source, decide(accepted).best?.source);
            }
            for (const { source, told } of spines) {
              const counts = rib.counts(source.neighbor);
              const sets = new Set([...told.values()].map(({ attributes }) => attributes));
              const rejected = [...told].filter(
                ([key, { attributes, policy }]) =>
                  policy !== undefined && isRejected(policy.apply(family, nlriOf(key), attributes)),
              );
              t.like(counts, {
                held: told.size,
                rejected: rejected.length,
                sets: sets.size,
                octets: [...sets].reduce((sum, { octets }) => sum + octets, 0),
              });
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });
