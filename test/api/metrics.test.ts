import test from 'ava';
import { HISTOGRAMS, METRICS } from '../../src/api/metrics/index.js';
import { Turnstile } from '../../src/api/turnstile.js';
import { HOST, House, OTHER, type Room } from './support/house.js';

const scrape = async (room: Room) => {
  const api = await room.api();
  const answer = await api.inject('/metrics');
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer;
};

/** Lines of samples by what stands before the value. */
const samplesOf = (body: string) =>
  new Map(
    body
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
  );

test('what the rooms hold', async (t) => {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.speaks(there, OTHER);
  house.resolves(here, HOST);
  const answer = await scrape(here);
  t.is(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const samples = samplesOf(answer.body);
  const { messages } = (await here.get('/api/v1/neighbors/10.1.0.2')) as { messages: never } as {
    messages: { received: { update: number; keepalive: number } };
  };
  for (const [sample, value] of Object.entries({
    'evpnd_build_info{version="0.1.0"}': 1,
    evpnd_ready: 1,
    'evpnd_problems{severity="error"}': 0,
    'evpnd_rib_routes{origin="local"}': 3,
    'evpnd_rib_routes{origin="remote"}': 2,
    evpnd_remote_vteps: 1,
    evpnd_drifts_open: 0,
    'evpnd_kernel_operations_total{outcome="refused"}': 0,
    'evpnd_bgp_peer_state{peer="10.1.0.2"}': 1,
    'evpnd_bgp_peer_flaps_total{peer="10.1.0.2"}': 0,
    'evpnd_bgp_peer_messages_received_total{peer="10.1.0.2",type="update"}': messages.received.update,
    'evpnd_bgp_peer_messages_received_total{peer="10.1.0.2",type="route_refresh"}': 0,
    'evpnd_bgp_peer_routes_received{peer="10.1.0.2",family="L2VPN/EVPN"}': 2,
    'evpnd_bgp_peer_routes_sent{peer="10.1.0.2",family="L2VPN/EVPN"}': 3,
    'evpnd_bgp_peer_evpn_routes_received{peer="10.1.0.2",route_type="2"}': 1,
    'evpnd_bgp_peer_evpn_routes_received{peer="10.1.0.2",route_type="3"}': 1,
    'evpnd_bgp_peer_evpn_routes_sent{peer="10.1.0.2",route_type="2"}': 2,
    'evpnd_bgp_peer_limit_use_ratio{peer="10.1.0.2"}': samples.get(
      'evpnd_bgp_peer_limit_use_ratio{peer="10.1.0.2"}',
    ),
    'evpnd_vni_up{vni="10010"}': 1,
    'evpnd_vni_served{vni="10010"}': 1,
    'evpnd_vni_advertised{vni="10010"}': 1,
    'evpnd_vni_macs{vni="10010",origin="local"}': 1,
    'evpnd_vni_macs{vni="10010",origin="remote"}': 1,
    'evpnd_vni_ips{vni="10010",origin="local"}': 1,
    'evpnd_vni_ips{vni="10010",origin="remote"}': 0,
    'evpnd_vni_remote_vteps{vni="10010"}': 1,
    'evpnd_vni_flood_vteps{vni="10010"}': 1,
  }))
    t.is(samples.get(sample), value, sample);
  const applied = samples.get('evpnd_kernel_operations_total{outcome="applied"}');
  t.true(applied !== undefined && applied > 0);
  const uptime = samples.get('evpnd_bgp_peer_uptime_seconds{peer="10.1.0.2"}');
  t.true(uptime !== undefined && uptime > 0);
  for (const process of ['process_cpu_user_seconds_total', 'nodejs_eventloop_lag_seconds'])
    t.true(samples.has(process), process);
});

test('how long it took from an UPDATE to the row, and from a notification to an UPDATE', async (t) => {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.clock.advance(1000);
  house.speaks(there, OTHER);
  const samples = samplesOf((await scrape(here)).body);
  t.is(samples.get('evpnd_convergence_outbound_seconds_count'), 1);
  t.is(samples.get('evpnd_convergence_inbound_seconds_count'), 1);
  t.is(samples.get('evpnd_convergence_inbound_seconds_bucket{le="+Inf"}'), 1);
  t.true((samples.get('evpnd_convergence_inbound_seconds_sum') ?? 99) < 1);
  t.is([...samples.keys()].filter((key) => key.startsWith('evpnd_bgp_peer_lateness')).length, 0);
});

test('what is gone is not told any more, and nothing adds up over scrapes', async (t) => {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(there, OTHER);
  const remote = 'evpnd_vni_macs{vni="10010",origin="remote"}';
  const received = 'evpnd_bgp_peer_messages_received_total{peer="10.1.0.2",type="open"}';
  const before = samplesOf((await scrape(here)).body);
  t.is(before.get(remote), 1);
  t.is(before.get(received), 1);
  t.is(samplesOf((await scrape(here)).body).get(received), 1);
  void there.speaker.stop();
  house.pass();
  const after = samplesOf((await scrape(here)).body);
  t.is(after.get(remote), 0);
  t.is(after.get('evpnd_bgp_peer_state{peer="10.1.0.2"}'), 0);
  t.is(after.get('evpnd_bgp_peer_flaps_total{peer="10.1.0.2"}'), 1);
  t.false(after.has('evpnd_bgp_peer_uptime_seconds{peer="10.1.0.2"}'));
});

test("names follow Prometheus' rules, and no label is an address of a host", (t) => {
  const names = [...METRICS, ...HISTOGRAMS].map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  for (const { name, help, type, labels } of [...METRICS, ...HISTOGRAMS]) {
    t.regex(name, /^evpnd(_[a-z0-9]+)+$/);
    t.is(name.endsWith('_total'), type === 'counter', name);
    t.regex(help, /^[A-Z0-9].*\.$/, name);
    for (const label of labels)
      t.true(
        [
          'peer',
          'vni',
          'type',
          'family',
          'route_type',
          'reason',
          'outcome',
          'origin',
          'severity',
          'state',
          'version',
        ].includes(label),
        `${name}: ${label}`,
      );
  }
});

test('a scrape takes a turn for each metric, and owes the event loop what it took', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  const api = await here.api();
  const { next } = Turnstile.prototype;
  const { owe } = Turnstile.prototype;
  let turns = 0;
  let owed = 0;
  Turnstile.prototype.next = function () {
    turns++;
    return next.call(this);
  };
  Turnstile.prototype.owe = function (milliseconds) {
    owed++;
    return owe.call(this, milliseconds);
  };
  try {
    t.is((await api.inject('/metrics')).statusCode, 200);
  } finally {
    Turnstile.prototype.next = next;
    Turnstile.prototype.owe = owe;
  }
  t.true(turns > METRICS.length + HISTOGRAMS.length, String(turns));
  t.true(owed >= METRICS.length, String(owed));
});
