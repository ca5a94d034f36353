import test from 'ava';
import { type Binding, BindingTable } from '../../src/hosts/bindings.js';
import { formatIp, type Ipv4, parseMac } from '../../src/types/index.js';

const A = parseMac('02:00:00:00:00:0a');
const B = parseMac('02:00:00:00:00:0b');
const of = (mac: typeof A): Binding => ({ mac, router: false, isStatic: false, epoch: 1 });
const ip = (n: number) => (0x0a000000 + n) as Ipv4;

function table(bounds: { perMac: number; inAll: number }) {
  const told: string[] = [];
  const made = new BindingTable(
    {
      macIsFull: ({ domain, port }) => told.push(`mac ${domain}/${port}`),
      holderIsFull: ({ domain, port }) => told.push(`port ${domain}/${port}`),
      evicted: (domain, gone) => told.push(`gone ${domain} ${formatIp(gone)}`),
    },
    bounds,
  );
  return { table: made, told };
}

test('the bound of a MAC keeps out what it says beyond it, in its own domain alone', (t) => {
  const { table: bindings, told } = table({ perMac: 2, inAll: 100 });
  for (const n of [1, 2]) t.true(bindings.put(1, ip(n), of(A), 7));
  for (const n of [3, 3]) t.false(bindings.put(1, ip(n), of(A), 7));
  t.true(bindings.put(2, ip(3), of(A), 8));
  t.true(bindings.put(1, ip(3), of(B), 9));
  t.deepEqual(told, ['mac 1/7', 'mac 1/7']);
  bindings.drop(1, ip(1));
  t.true(bindings.put(1, ip(4), of(A), 7));
  t.is(bindings.refused, 2);
  t.is(bindings.size, 4);
});

test('of a full table the port with the most gives what another needs, what was silent for longest first', (t) => {
  const { table: bindings, told } = table({ perMac: 100, inAll: 6 });
  for (const n of [1, 2, 3, 4, 5]) bindings.put(1, ip(n), of(A), 7);
  bindings.put(2, ip(1), of(B), 8);
  t.false(bindings.put(1, ip(6), of(A), 7), 'it has the most itself');
  t.deepEqual(told.splice(0), ['port 1/7']);
  bindings.heard(1, ip(1), 7);
  t.true(bindings.put(2, ip(2), of(B), 8));
  t.deepEqual(told.splice(0), ['port 1/7', 'gone 1 10.0.0.2']);
  t.true(bindings.put(3, ip(2), of(B), 9), 'a third one is not made to wait by the second');
  t.deepEqual(told.splice(0), ['port 1/7', 'gone 1 10.0.0.3']);
  // Two, three and one by now: nobody gives for who would have as much
  t.false(bindings.put(2, ip(3), of(B), 8));
  t.true(bindings.put(3, ip(3), of(B), 9));
  t.deepEqual(told.splice(0), ['port 2/8', 'port 1/7', 'gone 1 10.0.0.4']);
  t.is(bindings.size, 6);
  t.is(bindings.evicted, 3);
  t.deepEqual([...bindings.ips(1)], [ip(1), ip(5)]);
  t.true(bindings.put(1, ip(5), of(B), 7), 'an IP that changes its MAC needs no room');
  bindings.drop(3, ip(2));
  t.true(bindings.put(1, ip(6), of(A), 7));
});

test('a host that is heard behind another port counts there', (t) => {
  const { table: bindings } = table({ perMac: 100, inAll: 100 });
  bindings.put(1, ip(1), of(A), 7);
  bindings.put(1, ip(2), of(A), 7);
  bindings.heard(1, ip(1), 8);
  t.deepEqual([bindings.heldBy(1, 7), bindings.heldBy(1, 8)], [1, 1]);
  bindings.put(1, ip(2), of(B), 8);
  t.deepEqual([bindings.heldBy(1, 7), bindings.heldBy(1, 8)], [0, 2]);
});

test('whatever is said, no port has fewer than its part for another that has more, and the bound holds', (t) => {
  const { table: bindings } = table({ perMac: 1000, inAll: 60 });
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let step = 0; step < 20_000; step++) {
    const port = random(4) === 0 ? 1 + random(5) : 0;
    const where = ip(port * 1000 + random(200));
    if (random(5) === 0) bindings.drop(port, where);
    else if (bindings.get(port, where)) bindings.heard(port, where, port);
    else {
      const before = bindings.heldBy(port, port);
      const taken = bindings.put(port, where, of(A), port);
      const most = Math.max(...[0, 1, 2, 3, 4, 5].map((each) => bindings.heldBy(each, each)));
      if (!taken) t.true(most <= before + 1, `${most} beside ${before}`);
    }
    t.true(bindings.size <= 60);
    t.is(
      [0, 1, 2, 3, 4, 5].reduce((sum, each) => sum + bindings.heldBy(each, each), 0),
      bindings.size,
    );
  }
});
