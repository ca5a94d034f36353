import test from 'ava';
import type { LocalInterface } from '../../src/bgp/index.js';
import { withSource } from '../../src/bgp/update-source.js';
import { parseIp } from '../../src/types/index.js';
import { EVPN_CAPABILITIES, Fabric, neighborConfig, openOf } from './fabric.js';

/** `10.0.0.1/30`, with a peer after `peer` and a state after a space. */
function address(text: string): LocalInterface['addresses'][number] {
  const [own, state = 'usable'] = text.split(' ');
  const [ip, prefixLength] = own.split('/');
  const [local, peer] = ip.split('>');
  return {
    ip: parseIp(local),
    prefixLength: Number(prefixLength),
    peer: peer === undefined ? undefined : parseIp(peer),
    state: state as 'usable',
  };
}

const device = (name: string, running: boolean, ...addresses: string[]): LocalInterface => ({
  name,
  running,
  addresses: addresses.map(address),
});

/** A session between `local` and a neighbor, on a machine with these interfaces; the neighbor is the test's. */
async function setting(
  interfaces: readonly LocalInterface[],
  local = '10.0.0.1',
  neighbor = '10.0.0.2',
  extra: Parameters<typeof neighborConfig>[2] = {},
  capabilities = EVPN_CAPABILITIES(65002),
) {
  const fabric = new Fabric();
  const peer = await fabric.peer(neighbor).listen();
  const speaker = fabric.speaker(local, {
    asn: 65001,
    neighbors: [neighborConfig(neighbor, 65002, extra)],
  });
  speaker.interfacesChanged(interfaces);
  await speaker.start();
  fabric.clock.runUntilIdle();
  const establish = () => peer.establish(openOf(65002, '10.0.0.2', { holdTime: 0, capabilities }));
  establish();
  const status = () => speaker.neighbor(neighbor)!;
  return { fabric, speaker, peer, status, establish };
}

const UP = device('eth0', true, '10.0.0.1/30');
const LO = device('lo', true, '127.0.0.1/8', '10.255.0.1/32');

for (const [what, neighbor, addresses, expected] of [
  [
    'the first that others reach',
    '10.9.0.1',
    ['127.0.0.1/8', '10.255.0.1/32', '10.255.0.2/32'],
    '10.255.0.1',
  ],
  ['the host’s own where there is no other', '127.0.0.9', ['127.0.0.1/8', '::1/128'], '127.0.0.1'],
  [
    'none that is link-local for one that is not',
    '2001:db8::9',
    ['fe80::1/64', '2001:db8::1/128 tentative', '2001:db8::2/128'],
    '2001:db8::2',
  ],
  ['a link-local one with its zone', 'fe80::9%up', ['2001:db8::2/64', 'fe80::1/64'], 'fe80::1%up'],
  ['none of the other family', '10.9.0.1', ['2001:db8::2/64'], undefined],
] as const)
  test(`the source address of an interface is ${what}`, (t) => {
    const config = neighborConfig(neighbor, 65002, { updateSource: 'up' });
    const { localAddress, sourceFault } = withSource(config, [LO, device('up', true, ...addresses)]);
    t.is(localAddress, expected);
    t.is(
      sourceFault,
      expected === undefined ? `interface up has no address of the family of ${neighbor}` : undefined,
    );
  });

test('the source address is that of the interface now; without one nothing is tried, and a session that stands stays', async (t) => {
  const { fabric, speaker, peer, status, establish } = await setting([UP], '10.0.0.1', '10.0.0.2', {
    updateSource: 'lo',
    connectRetryTime: 1,
  });
  t.is(peer.connection, undefined);
  t.is(status().lastFailure?.reason, 'connection failed: there is no interface lo');
  speaker.interfacesChanged([LO, UP]);
  fabric.clock.advance(2000);
  establish();
  t.like(status(), { state: 'Established', localEndpoint: { address: '10.255.0.1' } });
  // The interface or its address may go: the way there is another's
  const others: LocalInterface[][] = [[UP], [device('lo', true), UP], [LO, device('eth7', true)]];
  for (const interfaces of others) {
    speaker.interfacesChanged(interfaces);
    fabric.clock.advance(1000);
    t.like(status(), { state: 'Established', flaps: 0 });
  }
  // Another address is another session
  speaker.interfacesChanged([device('lo', true, '10.255.0.9/32'), UP]);
  t.not(status().state, 'Established');
  fabric.clock.advance(2000);
  establish();
  t.like(status(), { state: 'Established', flaps: 1, localEndpoint: { address: '10.255.0.9' } });
  // As is one by a reload
  const configured = (updateSource: string | undefined) =>
    speaker.reconfigure({
      asn: 65001,
      routerId: 0x0a000001,
      listen: [{ address: '10.0.0.1', port: 179 }],
      neighbors: [neighborConfig('10.0.0.2', 65002, { updateSource, connectRetryTime: 1 })],
    });
  await configured('eth0');
  fabric.clock.advance(2000);
  establish();
  t.like(status(), { state: 'Established', flaps: 2, localEndpoint: { address: '10.0.0.1' } });
  await configured(undefined);
  fabric.clock.advance(2000);
  t.like(status(), { state: 'Established', flaps: 2 });
  await configured('nothing');
  t.like(status(), { state: 'Established', flaps: 2 });
  t.deepEqual(fabric.errors, []);
});

for (const [what, after, reason] of [
  ['goes down', [LO, device('eth0', false, '10.0.0.1/30')], 'interface eth0 is down'],
  ['loses the address', [LO, device('eth0', true)], 'interface eth0 lost address 10.0.0.1'],
  [
    'has another prefix length',
    [LO, device('eth0', true, '10.0.0.1/32')],
    'interface eth0 lost address 10.0.0.1',
  ],
  ['is deleted', [LO], 'interface eth0 is gone'],
  ['is renamed and down', [LO, device('eth1', false, '10.0.0.1/30')], 'interface eth0 is gone'],
  [
    'is down and another has the address, down too',
    [device('eth1', false, '10.0.0.1/30')],
    'interface eth0 is gone',
  ],
] as const)
  test(`the interface ${what}: the session ends at once`, async (t) => {
    const { fabric, speaker, status } = await setting([LO, UP]);
    t.is(status().state, 'Established');
    speaker.interfacesChanged(after);
    t.is(status().state, 'Idle');
    t.is(status().lastDown?.reason, reason);
    t.like(
      fabric.log.lines.filter(({ level }) => level === 'warn'),
      [{ message: 'BGP session lost', facts: { reason } }],
    );
    t.deepEqual(fabric.errors, []);
  });

for (const [what, after] of [
  ['another interface goes down', [UP, device('eth1', false, '10.0.1.1/30')]],
  ['another address goes', [device('eth0', true, '10.0.0.1/30')]],
  ['the same address is on another interface that runs', [device('eth1', true, '10.0.0.1/30')]],
  ['nothing changes', [UP, device('eth1', true, '10.0.1.1/30')]],
] as const)
  test(`${what}: the session stays`, async (t) => {
    const first = device('eth0', true, '10.0.0.1/30', '10.9.0.1/24');
    const { speaker, status } = await setting([first, device('eth1', true, '10.0.1.1/30')]);
    speaker.interfacesChanged(after);
    t.is(status().state, 'Established');
    t.is(status().flaps, 0);
  });

test('a neighbor behind a router, or between loopbacks, does not depend on an interface', async (t) => {
  for (const [local, neighbor] of [
    ['10.255.0.1', '10.255.0.2'],
    ['10.0.0.1', '10.255.0.2'],
    ['10.255.0.1', '10.0.0.2'],
  ]) {
    const { speaker, status } = await setting([LO, UP], local, neighbor);
    speaker.interfacesChanged([LO, device('eth0', false, '10.0.0.1/30')]);
    t.is(status().state, 'Established', `${local} to ${neighbor}`);
    speaker.interfacesChanged([LO]);
    t.is(status().state, 'Established', `${local} to ${neighbor}`);
  }
});

for (const [what, own, local, neighbor, direct] of [
  ['IPv4 /31', '10.0.0.2/31', '10.0.0.2', '10.0.0.3', true],
  ['IPv4 outside the prefix', '10.0.0.1/31', '10.0.0.1', '10.0.0.2', false],
  ['IPv4 /0', '10.0.0.1/0', '10.0.0.1', '203.0.113.1', true],
  ['IPv4 with a peer', '10.255.0.1>10.255.0.2/32', '10.255.0.1', '10.255.0.2', true],
  ['IPv6 /64', '2001:db8::1/64', '2001:db8::1', '2001:db8::ffff', true],
  ['IPv6 /127', '2001:db8::2/127', '2001:db8::2', '2001:db8::3', true],
  ['IPv6 outside the prefix', '2001:db8::1/127', '2001:db8::1', '2001:db8::2', false],
  ['IPv6 /61 within', '2001:db8:0:8::1/61', '2001:db8:0:8::1', '2001:db8:0:f::2', true],
  ['IPv6 /61 outside', '2001:db8:0:8::1/61', '2001:db8:0:8::1', '2001:db8:0:10::2', false],
  ['link-local', 'fe80::1/64', 'fe80::1%eth0', 'fe80::2%eth0', true],
  ['link-local of another interface', 'fe80::1/64', 'fe80::1%eth9', 'fe80::2%eth9', false],
] as const)
  test(`directly connected or not: ${what}`, async (t) => {
    const { speaker, status } = await setting([device('eth0', true, own)], local, neighbor);
    t.is(status().state, 'Established');
    speaker.interfacesChanged([device('eth0', false, own)]);
    t.is(status().state !== 'Established', direct);
  });

test('an interface that comes back: the next attempt is made at once, without the damping of faults', async (t) => {
  const { fabric, speaker, status, establish } = await setting([UP], undefined, undefined, {
    connectRetryTime: 120,
  });
  for (let i = 0; i < 8; i++) {
    fabric.network.silent.add('10.0.0.2');
    speaker.interfacesChanged([device('eth0', false, '10.0.0.1/30')]);
    t.is(status().state, 'Idle');
    fabric.clock.advance(300_000);
    t.not(status().state, 'Established');
    fabric.network.silent.clear();
    speaker.interfacesChanged([device('eth0', true, '10.0.0.1/30')]);
    fabric.clock.runUntilIdle();
    establish();
    t.is(status().state, 'Established');
  }
  // Also where it was away so shortly that Idle still holds
  speaker.interfacesChanged([device('eth0', false, '10.0.0.1/30')]);
  speaker.interfacesChanged([UP]);
  fabric.clock.runUntilIdle();
  t.is(status().state, 'OpenSent');
});

test('an address that is usable after duplicate address detection: the attempt is made then', async (t) => {
  const fabric = new Fabric();
  const speaker = fabric.speaker('2001:db8::1', {
    asn: 65001,
    neighbors: [neighborConfig('2001:db8::2', 65002, { connectRetryTime: 120, localAddress: '2001:db8::1' })],
  });
  speaker.interfacesChanged([device('eth0', true, '2001:db8::1/64 tentative')]);
  await speaker.start();
  fabric.clock.advance(300_000);
  const peer = await fabric.peer('2001:db8::2').listen();
  const other = device('eth1', true, '2001:db8::3/64');
  speaker.interfacesChanged([device('eth0', true, '2001:db8::1/64 tentative'), other]);
  fabric.clock.runUntilIdle();
  t.is(speaker.neighbor('2001:db8::2')?.state, 'Active', 'another address than the configured one');
  speaker.interfacesChanged([device('eth0', true, '2001:db8::1/64'), other]);
  fabric.clock.runUntilIdle();
  t.is(peer.opens.length, 1);
});

test('a neighbor that is shut down stays so when its interface comes up', async (t) => {
  const { fabric, speaker, status } = await setting([UP]);
  speaker.shutDownNeighbor('10.0.0.2');
  speaker.interfacesChanged([device('eth0', false, '10.0.0.1/30')]);
  speaker.interfacesChanged([UP]);
  fabric.clock.advance(60_000);
  t.is(status().state, 'Idle');
});

test('the connections of a collision end too', async (t) => {
  const fabric = new Fabric();
  await fabric.peer('10.0.0.2').listen();
  const speaker = fabric.speaker('10.0.0.1', { asn: 65001, neighbors: [neighborConfig('10.0.0.2', 65002)] });
  speaker.interfacesChanged([UP]);
  await speaker.start();
  fabric.clock.runUntilIdle();
  const theirs = fabric.peer('10.0.0.2').connect('10.0.0.1');
  t.is(theirs.opens.length, 1);
  speaker.interfacesChanged([device('eth0', false, '10.0.0.1/30')]);
  fabric.clock.runUntilIdle();
  t.true(theirs.closed);
  t.not(speaker.neighbor('10.0.0.2')?.state, 'OpenSent');
  t.deepEqual(fabric.errors, []);
});

test('graceful restart: a link that goes down is the end of a TCP session, so the routes stay', async (t) => {
  const restart = {
    code: 64,
    restartState: false,
    notification: false,
    restartTime: 30,
    families: [{ afi: 25, safi: 70, forwardingPreserved: false }],
  } as const;
  const { speaker, status } = await setting([UP], undefined, undefined, {}, [
    ...EVPN_CAPABILITIES(65002),
    restart,
  ]);
  speaker.interfacesChanged([device('eth0', false, '10.0.0.1/30')]);
  t.truthy(status().staleRoutes);
});
