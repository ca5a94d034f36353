/** The command that asks the kernel for the way to an address, in a VRF or in none. */
export function routeTo(ip: string, vrf: string | undefined): string {
  return `ip route get ${ip}${vrf === undefined ? '' : ` vrf ${vrf}`}`;
}

/** The command that sends echo requests there; `options` are others of `ping`. */
export function pingTo(ip: string, vrf: string | undefined, ...options: readonly string[]): string {
  return ['ping', ...(vrf === undefined ? [] : ['-I', vrf]), ...options, ip].join(' ');
}
