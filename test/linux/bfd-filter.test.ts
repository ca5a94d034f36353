import test, { type ExecutionContext } from 'ava';
import { bfdFilter, SAMPLED_ONE_IN } from '../../src/linux/bfd-filter.js';
import { openSocket } from '../../src/linux/bfd-mouth.js';
import * as K from '../../src/linux/constants.js';
import { DatagramReader } from '../../src/linux/datagrams.js';
import { addressText, socketAddress } from '../../src/linux/socket-address.js';
import { setInteger, setTtl } from '../../src/linux/tcp-options.js';
import { type Ip, parseIp } from '../../src/types/index.js';

/** Sends packets to a socket that has the filter, over the loopback device, and resolves with the source and TTL of those that passed. */
function passed(
  t: ExecutionContext,
  here: Ip,
  filter: Buffer,
  packets: readonly { readonly from: Ip; readonly ttl: number }[],
): string[] {
  const isSix = addressText(socketAddress(here, 0)).includes(':');
  const ear = openSocket(here, 'a test');
  t.teardown(() => ear.close());
  let port = 40_000 + Math.floor(Math.random() * 20_000);
  while (ear.bind(socketAddress(here, port)) !== 0) port++;
  setInteger(ear.fd, isSix ? K.IPPROTO_IPV6 : K.IPPROTO_IP, isSix ? K.IPV6_RECVHOPLIMIT : 12, 1);
  t.is(ear.attachFilter(filter), 0);
  for (const { from, ttl } of packets) {
    const mouth = openSocket(from, 'a test');
    setTtl(mouth.fd, isSix ? K.AF_INET6 : K.AF_INET, ttl);
    t.is(mouth.bind(socketAddress(from, 0)), 0);
    t.true(mouth.sendTo(Buffer.alloc(24), 0, 24, socketAddress(here, port)) >= 0);
    mouth.close();
  }
  const found: string[] = [];
  new DatagramReader(64, 128).read(ear, ({ sender, ttl }) => found.push(`${addressText(sender)} ${ttl}`));
  return found;
}

const [HERE, ONE, TWO, OTHER] = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'].map(parseIp);

test('of one hop: packets of neighbors with TTL 255', (t) => {
  const from = [ONE, TWO, OTHER].map((ip) => ({ from: ip, ttl: 255 }));
  t.deepEqual(passed(t, HERE, bfdFilter([ONE, TWO, ONE], false, false), from), [
    '127.0.0.2 255',
    '127.0.0.3 255',
  ]);
  const far = Array.from({ length: 50 }, () => ({ from: ONE, ttl: 254 }));
  const sampled = passed(t, HERE, bfdFilter([ONE], false, false), [...far, { from: ONE, ttl: 255 }]);
  t.is(sampled.at(-1), '127.0.0.2 255');
  // Chance lets half of them pass once in more than 10^20 times
  t.true(sampled.length < 25, `${sampled.length} where one of ${SAMPLED_ONE_IN} is to be seen`);
});

test('over routers: packets of neighbors whatever their TTL', (t) => {
  const from = [ONE, OTHER].map((ip) => ({ from: ip, ttl: 60 }));
  t.deepEqual(passed(t, HERE, bfdFilter([TWO, ONE], false, true), from), ['127.0.0.2 60']);
});

test('IPv6: likewise', (t) => {
  const here = parseIp('::1');
  const packets = [{ from: here, ttl: 255 }];
  t.deepEqual(passed(t, here, bfdFilter([here], true, false), packets), ['::1 255']);
  t.deepEqual(passed(t, here, bfdFilter([parseIp('2001:db8::2')], true, false), packets), []);
  t.deepEqual(passed(t, here, bfdFilter([here], true, true), [{ from: here, ttl: 3 }]), ['::1 3']);
  const high = bfdFilter([parseIp('2001:db8::fedc:ba98')], true, true);
  t.true(high.includes(Buffer.from(Uint32Array.of(0xfedcba98).buffer)));
});

test('of more neighbors than a jump reaches every source passes, and the last of the others is found', (t) => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => parseIp(`10.0.${n >> 8}.${n & 255}`));
  const packets = [{ from: ONE, ttl: 255 }];
  t.deepEqual(passed(t, HERE, bfdFilter([...many(239), ONE], false, false), packets), ['127.0.0.2 255']);
  t.deepEqual(passed(t, HERE, bfdFilter(many(240), false, false), packets), []);
  t.deepEqual(passed(t, HERE, bfdFilter(many(241), false, false), packets), ['127.0.0.2 255']);
  // More than that are not even looked at
  const thousand = many(1000);
  let seen = 0;
  const counted = new Proxy(thousand, {
    get: (target, key) => {
      if (typeof key === 'string' && /^\d+$/.test(key)) seen++;
      return Reflect.get(target, key);
    },
  });
  t.deepEqual(bfdFilter(counted, false, false), bfdFilter(many(241), false, false));
  t.is(seen, 241);
});
