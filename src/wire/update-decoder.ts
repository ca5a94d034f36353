import type { Update, UpdateContext } from './messages.js';

export class UpdateDecoder {
  decode(_body: Buffer, _context: UpdateContext): Update {
    throw new Error('not yet');
  }
}
