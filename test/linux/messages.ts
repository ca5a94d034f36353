import { allocateMessages, type MessageBuffer } from '../../src/linux/message.js';

/** A message in a buffer of its own, its header at 0. */
export function messageOf(hex: string): { buffer: MessageBuffer; type: number; end: number } {
  const bytes = Buffer.from(hex, 'hex');
  const buffer = allocateMessages((bytes.length + 3) & ~3);
  bytes.copy(buffer.bytes);
  return { buffer, type: bytes.readUInt16LE(4), end: bytes.length };
}

/** What the encoder wrote up to `word`, as hex. */
export function hexOf(words: Uint32Array, word: number): string {
  return Buffer.from(words.buffer, 0, word << 2).toString('hex');
}
