import test from 'ava';
import { connectionErrorText } from '../../src/bgp/connection-error.js';
import { TcpTransport } from '../../src/bgp/index.js';
import { tcpSockets } from '../../src/linux/index.js';

const to = { address: '10.1.1.0', port: 179 };
const failure = (code: string) =>
  Object.assign(new Error(`connect ${code} 10.1.1.0:179 - Local (undefined:undefined)`), { code });

test('errors of sockets are told in words, the errno behind them', (t) => {
  t.is(connectionErrorText(failure('ENETUNREACH'), to), 'no route to 10.1.1.0 (ENETUNREACH)');
  t.is(
    connectionErrorText(failure('ECONNREFUSED'), to),
    'nobody listens at 10.1.1.0 port 179 (ECONNREFUSED)',
  );
  t.is(connectionErrorText(failure('ETIMEDOUT'), to), '10.1.1.0 does not answer (ETIMEDOUT)');
  const unusual = failure('EWHATEVER');
  t.is(connectionErrorText(unusual, to), unusual.message);
});

test("a connection that the kernel refuses ends with those words, not with Node's", async (t) => {
  const error = await new Promise<Error | undefined>((resolve) => {
    new TcpTransport(tcpSockets).connect(
      { address: '127.0.0.1', port: 1, localAddress: undefined },
      { onOpen() {}, onData() {}, onDrain() {}, onBacklog() {}, onClose: resolve },
    );
  });
  t.is(error?.message, 'nobody listens at 127.0.0.1 port 1 (ECONNREFUSED)');
});
