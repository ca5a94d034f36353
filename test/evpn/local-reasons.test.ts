import test from 'ava';
import { localReasonText, whyLocalIpUnused, whyNoLocalIp, whyNoLocalMac } from '../../src/evpn/index.js';
import { type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { servingLeaf } from './support/leaf.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const GROUP = parseMac('01:00:5e:00:00:01');
const ZERO = 0 as Mac;
const IP = parseIp('192.0.2.11');

test('why a row of the kernel does not count, and that it counts', async (t) => {
  const { clock, leaf, devices } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  t.is(whyNoLocalMac(HOST, vrf, undefined), undefined);
  t.is(whyNoLocalMac(GROUP, vrf, undefined), 'group-mac');
  t.is(whyNoLocalMac(HOST, vrf, 'own-mac'), 'own-mac');
  t.is(whyNoLocalIp(HOST, vrf, undefined), undefined);
  t.is(whyNoLocalIp(HOST, vrf, 'own-ip'), 'own-ip');
  for (const mac of [ZERO, GROUP]) t.is(whyNoLocalIp(mac, vrf, undefined), 'mac-address');
  t.is(whyLocalIpUnused(IP, GROUP, vrf), 'mac-address');
  t.is(whyLocalIpUnused(parseIp('169.254.0.1'), HOST, vrf), 'ip-address');
  t.is(whyLocalIpUnused(IP, HOST, vrf), 'mac-not-here');
  leaf.hostSpeaks(devices, HOST);
  clock.advance(1000);
  t.is(whyLocalIpUnused(IP, HOST, vrf), undefined);
  leaf.addVni(devices, { up: false });
  clock.advance(1000);
  t.is(whyNoLocalMac(HOST, vrf, undefined), 'no-forwarding');
  t.is(whyNoLocalIp(GROUP, vrf, 'own-ip'), 'no-forwarding');
});

test('the words of why a row of the kernel does not count', (t) => {
  for (const [reason, text] of [
    ['no-forwarding', 'the VNI cannot forward'],
    ['group-mac', 'a group address, which no host has'],
    ['mac-not-here', 'its MAC is not on a port of this leaf'],
    ['mac-address', 'its MAC is one that no host has'],
    ['own-ip', "own IP: it is this machine's in the broadcast domain"],
  ] as const)
    t.is(localReasonText(reason), text);
});
