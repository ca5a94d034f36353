import test from 'ava';
import { canonicalAddress, ListenError, TcpTransport } from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';
import { MemoryNetwork } from '../doubles/memory-network.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { transportContract } from './transport-contract.js';

const realTurn = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

transportContract(test, 'TCP over IPv4', () => ({
  near: new TcpTransport(tcpSockets),
  far: new TcpTransport(tcpSockets),
  nearAddress: '127.0.0.2',
  farAddress: '127.0.0.1',
  settle: realTurn,
}));

transportContract(test, 'TCP over IPv6', () => ({
  near: new TcpTransport(tcpSockets),
  far: new TcpTransport(tcpSockets),
  nearAddress: '::1',
  farAddress: '::1',
  settle: realTurn,
}));

transportContract(test, 'memory', () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  return {
    near: network.host('10.0.0.2'),
    far: network.host('10.0.0.1'),
    nearAddress: '10.0.0.2',
    farAddress: '10.0.0.1',
    settle: async () => clock.runUntilIdle(),
  };
});

test('both wildcard addresses take the same port beside each other', async (t) => {
  const transport = new TcpTransport(tcpSockets);
  const none = { onOpen() {}, onData() {}, onDrain() {}, onBacklog() {}, onClose() {} };
  const first = await transport.listen({ address: '0.0.0.0', port: 0 }, () => none);
  const second = await transport.listen({ address: '::', port: first.port }, () => none);
  t.is(second.port, first.port);
  await first.close();
  await second.close();
});

test('an address that is not ours is refused with a cure', async (t) => {
  const error = await t.throwsAsync(
    new TcpTransport(tcpSockets).listen({ address: '192.0.2.1', port: 1790 }, () => {
      throw new Error('unreachable');
    }),
    { instanceOf: ListenError },
  );
  t.is(
    error?.message,
    'cannot listen on address 192.0.2.1 port 1790: EADDRNOTAVAIL; no interface has this address',
  );
});

test('one text for one address', (t) => {
  t.is(canonicalAddress('::ffff:10.0.0.1'), '10.0.0.1');
  t.is(canonicalAddress('::FFFF:0a00:0001'), '10.0.0.1');
  t.is(canonicalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  t.is(canonicalAddress('FE80::1%eth0'), 'fe80::1%eth0');
  t.is(canonicalAddress('10.0.0.1'), '10.0.0.1');
  t.throws(() => canonicalAddress('leaf1'), { name: 'ParseError' });
});
