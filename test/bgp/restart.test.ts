import test from 'ava';
import { Speaker } from '../../src/bgp/index.js';
import { silentLog } from '../../src/types/index.js';
import { MemoryNetwork } from '../doubles/memory-network.js';
import { VirtualClock } from '../support/virtual-clock.js';

function speaker(clock: VirtualClock): Speaker {
  const transport = new MemoryNetwork(clock).host('192.0.2.1');
  const neighbor = {
    address: '192.0.2.2',
    port: 179,
    remoteAs: 65000,
    passive: false,
    holdTime: 9,
    keepaliveTime: 3,
    connectRetryTime: 5,
  };
  return new Speaker(
    { asn: 65001, routerId: 1, listen: [], neighbors: [neighbor] },
    { clock, transport, log: silentLog },
  );
}

const restartOf = (of: Speaker) => {
  const capability = of.neighbors()[0].capabilitiesSent.find(({ code }) => code === 64);
  if (capability?.code !== 64) throw new Error('no graceful restart capability');
  return { restarting: capability.restartState, preserved: capability.families[0].forwardingPreserved };
};

test('a first start promises nothing that it does not have', (t) => {
  t.deepEqual(restartOf(speaker(new VirtualClock())), { restarting: false, preserved: false });
});

test('a restart with its rows says so, and that it restarts only while neighbors may wait for it', (t) => {
  const clock = new VirtualClock();
  const restarted = speaker(clock);
  restarted.restarted();
  t.deepEqual(restartOf(restarted), { restarting: true, preserved: true });
  clock.advance(121_000);
  t.deepEqual(restartOf(restarted), { restarting: false, preserved: true });
});
