import { formatIp, isIpv4, isMartian, needsZone } from '../types/index.js';
import { addressOf } from './address.js';
import type { NeighborConfig } from './config.js';
import type { LocalInterface } from './connected.js';

/** The neighbor with the address that its `updateSource` has now, or with why there is none. */
export function withSource(neighbor: NeighborConfig, interfaces: readonly LocalInterface[]): NeighborConfig {
  const { updateSource, address } = neighbor;
  if (updateSource === undefined) return neighbor;
  const source = interfaces.find(({ name }) => name === updateSource);
  if (source === undefined) return { ...neighbor, sourceFault: `there is no interface ${updateSource}` };
  const localAddress = sourceAddress(source, address);
  return localAddress === undefined
    ? { ...neighbor, sourceFault: `interface ${updateSource} has no address of the family of ${address}` }
    : { ...neighbor, localAddress };
}

/** Of the interface's addresses the first that reaches as far as the neighbor's: the host's own only where there is no other. */
function sourceAddress({ name, addresses }: LocalInterface, neighbor: string): string | undefined {
  const far = addressOf(neighbor);
  const [best] = addresses
    .filter(({ ip, state }) => state === 'usable' && isIpv4(ip) === isIpv4(far))
    .map(({ ip }) => ({ ip, rank: isMartian(ip) ? 2 : needsZone(ip) === needsZone(far) ? 0 : 1 }))
    .sort((a, b) => a.rank - b.rank);
  if (best === undefined) return undefined;
  return needsZone(best.ip) ? `${formatIp(best.ip)}%${name}` : formatIp(best.ip);
}
