import type { OriginatedAttributes } from './messages.js';
import type { EvpnNlri } from './nlri.js';

export interface EncodingSession {
  readonly fourOctetAs: boolean;
  readonly internal: boolean;
  readonly localAsn: number;
  readonly maxMessageLength: 4096 | 65535;
}

export class UpdateEncoder {
  constructor(readonly session: EncodingSession) {}
  announce(_attributes: OriginatedAttributes, _nlri: readonly EvpnNlri[]): Buffer[] {
    return [];
  }
  withdraw(_nlri: readonly EvpnNlri[]): Buffer[] {
    return [];
  }
  endOfRib(): Buffer {
    return Buffer.alloc(0);
  }
}
