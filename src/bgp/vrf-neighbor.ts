/** What names a neighbor in a VRF, of which another VRF may have one at the same address. */
export function neighborIn(vrf: string, name: string): string {
  return `${name}@${vrf}`;
}

/** The name of a neighbor within its VRF, and the VRF; undefined where the name has none. No address and no interface of a neighbor has an `@`. */
export function splitNeighbor(text: string): { readonly name: string; readonly vrf: string | undefined } {
  const at = text.indexOf('@');
  return at < 0 ? { name: text, vrf: undefined } : { name: text.slice(0, at), vrf: text.slice(at + 1) };
}
