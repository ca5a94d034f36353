import { type Ip, isMulticastMac, type Mac } from '../types/index.js';
import type { MacVrf } from './mac-vrf.js';
import { Rule } from './rules.js';
import { ipReason } from './unused.js';
import { reasonText, type UnusedReason } from './unused-reasons.js';

/** Why a row of the kernel does not count for a host here. The evaluator decides by it, and explain shows its text. */
type LocalReason = UnusedReason | keyof typeof LOCAL;

const LOCAL = {
  'no-forwarding': 'the VNI cannot forward',
  'group-mac': Rule.GROUP,
  'mac-not-here': 'its MAC is not on a port of this leaf',
} as const;

/** Returns why a bridge row of the MAC does not count; undefined if it does. `ofMac`: what macReason returns for it. */
export function whyNoLocalMac(
  mac: Mac,
  vrf: MacVrf,
  ofMac: UnusedReason | undefined,
): LocalReason | undefined {
  if (ofMac !== undefined) return ofMac;
  if (isMulticastMac(mac)) return 'group-mac';
  return vrf.localVtep === undefined ? 'no-forwarding' : undefined;
}

/** Returns why a neighbor row that gives the IP to the MAC does not count; undefined if it may. `ofIp`: what ipReason returns. */
export function whyNoLocalIp(mac: Mac, vrf: MacVrf, ofIp: UnusedReason | undefined): LocalReason | undefined {
  if (vrf.localVtep === undefined) return 'no-forwarding';
  if (ofIp !== undefined) return ofIp;
  return mac === 0 || isMulticastMac(mac) ? 'mac-address' : undefined;
}

/** The same of one that counts only while its MAC is local: undefined where it does count now. */
export function whyLocalIpUnused(ip: Ip, mac: Mac, vrf: MacVrf): LocalReason | undefined {
  const reason = whyNoLocalIp(mac, vrf, ipReason(ip, vrf));
  if (reason !== undefined) return reason;
  return vrf.macs.get(mac)?.ownership.owner === 'local' ? undefined : 'mac-not-here';
}

/** The reason for people. */
export function localReasonText(reason: LocalReason): string {
  if (reason === 'mac-address') return 'its MAC is one that no host has';
  return reason in LOCAL
    ? LOCAL[reason as keyof typeof LOCAL]
    : reasonText(reason as UnusedReason, undefined);
}
