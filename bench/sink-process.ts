/** A leaf that reads all and does nothing: how fast the synthetic spine can send at most. */
import { connect } from 'node:net';
import { type Ipv4, parseIp } from '../src/types/index.js';
import { AFI_L2VPN, encodeKeepalive, encodeOpen, SAFI_EVPN } from '../src/wire/index.js';
import { now, serve } from './rpc.js';
import { LEAF_ASN } from './workload.js';

let octets = 0;
let expected: { octets: number; resolve: (at: number) => void } | undefined;
let complete: Promise<number> = Promise.resolve(0);

function read(length: number): boolean {
  octets += length;
  if (expected && octets >= expected.octets) {
    expected.resolve(now());
    expected = undefined;
  }
  return true;
}

export const handlers = {
  /** Resolves when the spine has said something. */
  connect({ address }: { address: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: address,
        port: 179,
        onread: {
          buffer: Buffer.alloc(256 * 1024),
          callback: (length) => {
            resolve();
            return read(length);
          },
        },
      });
      socket.on('error', reject);
      socket.write(
        encodeOpen({
          version: 4,
          myAs: LEAF_ASN,
          holdTime: 0,
          routerId: parseIp('10.0.0.1') as Ipv4,
          capabilities: [
            { code: 1, afi: AFI_L2VPN, safi: SAFI_EVPN },
            { code: 65, asn: LEAF_ASN },
          ],
        }),
      );
      socket.write(encodeKeepalive());
    });
  },
  /** Counts octets from now on, up to so many. */
  expect({ octets: wanted }: { octets: number }): void {
    octets = 0;
    complete = new Promise((resolve) => {
      expected = { octets: wanted, resolve };
    });
  },
  /** When the last of them was read. */
  done(_: null): Promise<number> {
    return complete;
  },
};

serve(handlers);
