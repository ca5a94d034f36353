import test from 'ava';
import { mayBeHosts } from '../../src/hosts/believable.js';
import { type Ip, parseIp } from '../../src/types/index.js';

const subnets = (...texts: string[]) =>
  texts.map((text) => {
    const [ip, length] = text.split('/');
    return { ip: parseIp(ip), prefixLength: Number(length) };
  });
const NO_IPS: ReadonlySet<Ip> = new Set();
const own = (...texts: string[]) => ({
  macs: new Set<never>(),
  ips: NO_IPS,
  subnetEnds: NO_IPS,
  subnets: subnets(...texts),
});

test('beside the subnets of the family nobody is a host; without any, everybody may be', (t) => {
  const { subnets: ofBoth } = own('10.1.0.1/16', '10.3.4.5/30', '2001:db8:0:10::1/60');
  const here = { ...own(), subnets: ofBoth };
  const may = (text: string, at = here) => mayBeHosts(parseIp(text), NO_IPS, at);
  for (const ip of ['10.1.255.7', '10.3.4.6', '2001:db8:0:1f::9', 'fe80::1']) t.true(may(ip), ip);
  for (const ip of ['10.2.0.1', '10.3.4.8', '2001:db8:0:20::9', '2001:db9:0:10::9', '169.254.169.254'])
    t.false(may(ip), ip);
  t.true(may('10.2.0.1', own('2001:db8::1/64')));
  t.true(may('2001:db9::1', own('10.1.0.1/16')));
  t.true(may('203.0.113.9', own('0.0.0.0/0')));
  t.true(mayBeHosts(parseIp('10.2.0.1'), NO_IPS));
});

test('mapped, martian, own, VTEP and broadcast addresses are no hosts whatever the subnet', (t) => {
  const here = {
    ...own('10.1.0.1/16'),
    ips: new Set([parseIp('10.1.0.1')]),
    subnetEnds: new Set([parseIp('10.1.0.0'), parseIp('10.1.255.255')]),
  };
  const vteps = new Set([parseIp('10.1.9.9'), parseIp('2001:db8::9')]);
  for (const ip of ['::ffff:10.1.0.9', '224.0.0.1', '10.1.0.1', '10.1.9.9', '2001:db8::9', '10.1.255.255'])
    t.false(mayBeHosts(parseIp(ip), vteps, here), ip);
  t.true(mayBeHosts(parseIp('10.1.0.9'), vteps, here));
});
