import test from 'ava';
import {
  encodeAdvertisement,
  encodeSolicitation,
  type LinkInterface,
  LinkPeers,
} from '../../src/nd/index.js';
import { parseIp } from '../../src/types/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { MemoryNdTransport } from '../doubles/memory-nd.js';
import { VirtualClock } from '../support/virtual-clock.js';

const OURS = 'fe80::a';
const SPINE = 'fe80::1';
const OTHER = 'fe80::2';

const link = (extra: Partial<LinkInterface> = {}): LinkInterface => ({
  name: 'swp1',
  running: true,
  addresses: [{ ip: parseIp(OURS), state: 'usable' }],
  ...extra,
});

/** One watched interface, `swp1`, of ifindex 5; `inUse`: its session stands. */
function scene(first: LinkInterface | undefined = link()) {
  const clock = new VirtualClock();
  const transport = new MemoryNdTransport();
  const log = new RecordingLog();
  const peers = new LinkPeers({ clock, transport, log });
  const told: string[] = [];
  const state = { inUse: false };
  const show = (found: LinkInterface | undefined, ifindex = 5) => {
    peers.interfacesChanged(new Map(found ? [[ifindex, found]] : []));
    clock.runUntilIdle();
  };
  show(first);
  const watch = peers.watch('swp1', {
    onPeer: (address, reason) => told.push(address ?? `gone: ${reason}`),
    isInUse: () => state.inUse,
  });
  const advertise = (from: string, lifetime = 30, ifindex = 5) => {
    transport.arrive(ifindex, from, encodeAdvertisement(lifetime));
    clock.runUntilIdle();
  };
  return { clock, transport, log, peers, told, state, show, watch, advertise };
}

test('who is there is asked at once, then three advertisements come soon, with questions as long as nobody is known', (t) => {
  const { clock, transport, advertise } = scene();
  t.deepEqual(transport.sent.splice(0), ['5 RS ff02::2']);
  clock.advance(9000);
  t.deepEqual(transport.sent.splice(0), Array(3).fill(['5 RA 30 ff02::1', '5 RS ff02::2']).flat());
  advertise(SPINE);
  // The router is answered alone, and asked no more
  t.deepEqual(transport.sent.splice(0), [`5 RA 30 ${SPINE}`]);
  clock.advance(30_000);
  t.deepEqual(transport.sent, Array(3).fill('5 RA 30 ff02::1'));
});

test('the router is told with its zone, once', (t) => {
  const { told, advertise, watch } = scene();
  advertise(SPINE);
  advertise(SPINE);
  t.deepEqual(told, [`${SPINE}%swp1`]);
  const { router, received, fault, others } = watch.status;
  t.deepEqual(
    { router, received, fault, others },
    { router: SPINE, received: 2, fault: undefined, others: [] },
  );
});

test('who asks is answered at its address, once a second', (t) => {
  const { clock, transport } = scene();
  transport.sent.length = 0;
  for (let i = 0; i < 100; i++) transport.arrive(5, OTHER, encodeSolicitation());
  t.deepEqual(transport.sent.splice(0), [`5 RA 30 ${OTHER}`]);
  clock.advance(1000);
  transport.arrive(5, OTHER, encodeSolicitation());
  t.deepEqual(transport.sent.splice(0), [`5 RA 30 ${OTHER}`]);
});

test('who asks without an address is answered by an advertisement to all, where the last one is not recent', (t) => {
  const { clock, transport } = scene();
  clock.advance(9000);
  transport.sent.length = 0;
  clock.advance(2999);
  transport.arrive(5, '::', encodeSolicitation());
  t.deepEqual(transport.sent, []);
  clock.advance(1);
  for (let i = 0; i < 3; i++) transport.arrive(5, '::', encodeSolicitation());
  t.deepEqual(transport.sent, ['5 RA 30 ff02::1']);
});

test('of two routers the first is taken, and the other one is logged once and shown', (t) => {
  const { told, advertise, watch, log } = scene();
  advertise(SPINE);
  for (let i = 0; i < 5; i++) advertise(OTHER);
  t.deepEqual(told, [`${SPINE}%swp1`]);
  t.deepEqual(
    watch.status.others.map(({ address }) => address),
    [OTHER],
  );
  t.deepEqual(
    log.lines.filter(({ level }) => level === 'warn').map(({ facts }) => facts),
    [{ interface: 'swp1', taken: SPINE, other: OTHER }],
  );
});

test('the other one is taken where the first has been silent for its lifetime, unless its session stands', (t) => {
  const { clock, told, advertise, state, watch } = scene();
  advertise(SPINE);
  state.inUse = true;
  clock.advance(31_000);
  advertise(OTHER);
  t.deepEqual(told, [`${SPINE}%swp1`]);
  state.inUse = false;
  advertise(OTHER);
  t.deepEqual(told, [`${SPINE}%swp1`, `${OTHER}%swp1`]);
  t.deepEqual(watch.status.others, []);
});

test('a router that says that it is none any more makes room at once', (t) => {
  const { told, advertise } = scene();
  advertise(SPINE);
  advertise(SPINE, 0);
  advertise(OTHER);
  t.deepEqual(told, [`${SPINE}%swp1`, `${OTHER}%swp1`]);
});

test('other routers are forgotten with their lifetime, and there is room for eight', (t) => {
  const { clock, advertise, watch } = scene();
  advertise(SPINE);
  for (let i = 0; i < 50; i++) advertise(`fe80::1:${i}`);
  t.is(watch.status.others.length, 8);
  advertise(`fe80::1:0`, 0);
  t.is(watch.status.others.length, 7);
  clock.advance(30_000);
  t.is(watch.status.others.length, 0);
});

test('our own advertisement that comes back is no router, nor is what is malformed', (t) => {
  const { told, transport, advertise, watch } = scene();
  advertise(OURS);
  transport.arrive(5, SPINE, encodeAdvertisement(30), 64);
  transport.arrive(5, SPINE, encodeAdvertisement(30).subarray(0, 12));
  transport.arrive(5, '2001:db8::1', encodeAdvertisement(30));
  t.deepEqual(told, []);
  const { own, source, length, 'hop-limit': hopLimit } = watch.status.rejected;
  t.deepEqual([own, source, length, hopLimit], [1, 1, 1, 1]);
});

test('a carrier that is lost takes the router along, and it is found anew', (t) => {
  const { told, advertise, show, transport, watch } = scene();
  advertise(SPINE);
  show(link({ running: false }));
  t.is(watch.status.fault, 'interface swp1 is down');
  t.is(watch.status.router, undefined);
  t.deepEqual(transport.opened, []);
  show(link());
  advertise(SPINE);
  t.deepEqual(told, [`${SPINE}%swp1`, 'gone: interface swp1 is down', `${SPINE}%swp1`]);
});

test('an interface that is remade with the same name between two looks is another one', (t) => {
  const { told, advertise, show, transport } = scene();
  advertise(SPINE);
  show(link(), 6);
  t.deepEqual(transport.opened, [6]);
  advertise(SPINE, 30, 6);
  t.deepEqual(told, [`${SPINE}%swp1`, 'gone: interface swp1 is another one now', `${SPINE}%swp1`]);
});

test('an interface may be missing, come, be renamed and come back', (t) => {
  const { told, advertise, show, watch, transport } = scene(link({ name: 'other' }));
  t.is(watch.status.fault, 'there is no interface swp1');
  t.deepEqual(transport.sent, []);
  show(link());
  advertise(SPINE);
  show(link({ name: 'up1' }));
  t.is(watch.status.fault, 'there is no interface swp1');
  show(link());
  advertise(SPINE);
  t.deepEqual(told, [`${SPINE}%swp1`, 'gone: there is no interface swp1', `${SPINE}%swp1`]);
});

test('without a link-local address that is usable nothing is sent', (t) => {
  const { show, transport, watch } = scene(link({ addresses: [{ ip: parseIp(OURS), state: 'tentative' }] }));
  t.deepEqual(transport.sent, []);
  t.is(watch.status.fault, 'interface swp1 has no link-local address that is usable');
  show(link({ addresses: [{ ip: parseIp('169.254.1.1'), state: 'usable' }] }));
  t.deepEqual(transport.sent, []);
  show(link());
  t.is(transport.sent[0], '5 RS ff02::2');
  // With another address the router is to know that one
  transport.sent.length = 0;
  show(link({ addresses: [{ ip: parseIp('fe80::b'), state: 'usable' }] }));
  t.deepEqual(transport.sent, ['5 RA 30 ff02::1']);
});

test('a socket that cannot be had is tried again, and said once', (t) => {
  const { clock, log, show, transport, watch } = scene(link({ running: false }));
  transport.refusal = 'EPERM';
  show(link());
  clock.advance(20_000);
  t.regex(watch.status.fault ?? '', /EPERM; ask for the permission/);
  t.is(log.lines.length, 1);
  show(link({ addresses: [{ ip: parseIp('fe80::b'), state: 'usable' }] }));
  t.is(watch.status.sent, 0);
  transport.refusal = undefined;
  clock.advance(5000);
  t.is(watch.status.fault, undefined);
  t.is(transport.sent[0], '5 RS ff02::2');
});

test('who stops says farewell and tells nothing more; a process that is to be back says nothing', (t) => {
  const { clock, told, transport, advertise, watch, peers } = scene();
  const second = peers.watch('swp1', { onPeer: () => {}, isInUse: () => false });
  transport.sent.length = 0;
  watch.stop();
  watch.stop();
  t.deepEqual(transport.sent.splice(0), ['5 RA 0 ff02::1']);
  advertise(SPINE);
  t.deepEqual(told, []);
  peers.close();
  second.stop();
  clock.advance(60_000);
  t.deepEqual(transport.sent, []);
});
