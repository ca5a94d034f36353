import test from 'ava';
import { formatIp, parseIp } from '../../src/types/index.js';

for (const [text, written] of [
  ['192.0.2.1', '192.0.2.1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::', '::'],
  ['::1', '::1'],
  // RFC 5952 §5, and addresses beside those that it speaks of
  ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['::ffff:102:304', '::ffff:1.2.3.4'],
  ['::ffff:0:0', '::ffff:0.0.0.0'],
  ['0:0:0:0:0:FFFF:255.255.255.255', '::ffff:255.255.255.255'],
  ['::fffe:102:304', '::fffe:102:304'],
  ['::ffff:0:102:304', '::ffff:0:102:304'],
  ['1::ffff:102:304', '1::ffff:102:304'],
])
  test(`${text} is written ${written}, which is read as the same address`, (t) => {
    const ip = parseIp(text);
    t.is(formatIp(ip), written);
    t.is(parseIp(written), ip);
  });
