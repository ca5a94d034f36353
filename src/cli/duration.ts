import { ClientError } from './client.js';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Returns the number of an option, from 1. Throws ClientError. */
export function countOf(option: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new ClientError(`--${option}: found ${text}, allowed is a number from 1`);
}

/** Returns how many seconds `90`, `90s`, `10m`, `1h` or `2d` are. Throws ClientError. */
export function secondsOf(option: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+)([smhd])?$/.exec(text) ?? [];
  const seconds = Number(number) * SECONDS[unit];
  if (seconds >= 1) return seconds;
  throw new ClientError(`--${option}: found ${text}, allowed are a number of seconds or such as 10m, 1h, 2d`);
}
