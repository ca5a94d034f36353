import type { Fabric } from '../../../lab/index.js';

/** What the tests read of a VNI in the API. */
export interface VniView {
  readonly vni: number;
  readonly vlan: number | null;
  readonly vxlanDevice: string | null;
  readonly svi: string | null;
  readonly localVtep: string | null;
  readonly multicastGroup: string | null;
  readonly advertised: boolean;
  readonly up: boolean;
  readonly hardware: {
    readonly switchId: string;
    readonly driver: string | null;
    readonly demands: readonly {
      readonly attribute: string;
      readonly wanted: string;
      readonly found: string;
      readonly fix: string | null;
    }[];
    readonly macs: object;
    readonly floodVteps: object;
    readonly floodVtepsOutside: readonly object[];
  } | null;
  readonly problems: readonly {
    readonly severity: 'error' | 'warning' | 'info';
    readonly problem: string;
    readonly fix: string | null;
  }[];
}

/** The VNI as a leaf's API shows it; rejects where it answers anything but 200. */
export async function vniOf(fabric: Fabric, leaf: string, vni: number): Promise<VniView> {
  const { status, body } = await fabric.restApi<VniView>(leaf, `/api/v1/vnis/${vni}`);
  if (status !== 200) throw new Error(`VNI ${vni} on ${leaf}: status ${status}: ${JSON.stringify(body)}`);
  return body;
}
