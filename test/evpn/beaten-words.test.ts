import test from 'ava';
import { Nud, type Snooper, type SnoopObserver } from '../../src/dataplane/index.js';
import { watchHosts } from '../../src/hosts/index.js';
import { formatIp, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { servingLeaf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const M1 = parseMac('02:00:00:00:00:01');
const M2 = parseMac('02:00:00:00:00:02');
const M3 = parseMac('02:00:00:00:00:03');

class Ears implements Snooper {
  observer: SnoopObserver | undefined;
  start(observer: SnoopObserver): void {
    this.observer = observer;
  }
  ask(): boolean {
    return true;
  }
  close(): void {}
}

for (const ip of ['192.0.2.71', '2001:db8::71'].map(parseIp)) {
  const scene = async () => {
    const ears = new Ears();
    const { clock, leaf, devices } = await servingLeaf(VNI, { hosts: watchHosts(ears) });
    const { kernel } = leaf.world;
    const remote = new SegmentMember(leaf, 9, parseIp('10.0.0.9'));
    return {
      clock,
      remote,
      /** The kernel has the MAC for the IP: an older word than what is heard behind it. */
      kernelHas(mac: Mac, state: number): void {
        kernel.putNeigh({ ifindex: devices.bridgeIfindex, ip, mac, state, flags: 0, protocol: 0 });
        clock.advance(1000);
      },
      speaks(...macs: Mac[]): void {
        for (const mac of macs) leaf.hostSpeaks(devices, mac);
        clock.advance(1000);
      },
      saysItHas(mac: Mac): void {
        ears.observer?.heard(devices.accessIfindex, 0, mac, ip, undefined);
        clock.advance(1000);
      },
      neigh: () => kernel.tables.neighRow(devices.bridgeIfindex, ip)?.mac,
      announced: () => leaf.originated().filter((route) => route.includes(formatIp(ip))),
    };
  };
  const text = formatIp(ip);

  test(`${text}: a remote claim that beats the last word heard beats an older word in the SVI's table with it`, async (t) => {
    const { clock, remote, kernelHas, speaks, saysItHas, neigh, announced } = await scene();
    speaks(M1, M2);
    kernelHas(M1, Nud.STALE);
    saysItHas(M2);
    t.true(announced()[0]?.includes('00:02'));
    remote.macIp(M3, VNI, { ip, sequence: 5 });
    clock.advance(1000);
    t.is(neigh(), M3);
    t.deepEqual(announced(), []);
    // What is heard from then on is news
    saysItHas(M2);
    t.true(announced()[0]?.includes('00:02'));
  });

  test(`${text}: a permanent neighbor that becomes a learned one in place is beaten at once by what it kept away`, async (t) => {
    const { clock, remote, kernelHas, speaks, neigh, announced } = await scene();
    speaks(M1);
    kernelHas(M1, Nud.PERMANENT);
    remote.macIp(M3, VNI, { ip, sequence: 5 });
    clock.advance(1000);
    t.is(neigh(), M1);
    kernelHas(M1, Nud.REACHABLE);
    t.is(neigh(), M3);
    t.deepEqual(announced(), []);
  });

  test(`${text}: a neighbor that becomes permanent in place is announced instead of a newer word`, async (t) => {
    const { kernelHas, speaks, saysItHas, announced } = await scene();
    speaks(M1, M2);
    kernelHas(M1, Nud.STALE);
    saysItHas(M2);
    t.true(announced()[0]?.includes('00:02'));
    kernelHas(M1, Nud.PERMANENT);
    t.true(announced()[0]?.includes('00:01'));
  });

  test(`${text}: a MAC that goes behind another leaf takes its word along, and who said so before has the IP again`, async (t) => {
    const { clock, remote, kernelHas, speaks, saysItHas, announced } = await scene();
    speaks(M2, M3);
    kernelHas(M2, Nud.STALE);
    saysItHas(M3);
    t.true(announced()[0]?.includes('00:03'));
    remote.macIp(M3, VNI, { sequence: 5 });
    clock.advance(1000);
    t.true(announced()[0]?.includes('00:02'));
  });
}
