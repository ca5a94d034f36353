import test from 'ava';
import { type NeighborConfig, needsNewSession } from '../../src/bgp/config.js';
import { parseConfig } from '../../src/config/load.js';
import { camelCase } from '../../src/config/setting.js';
import { NEIGHBOR } from '../../src/config/settings-neighbor.js';
import { speakerConfig } from '../../src/settings.js';

const TEXT = '{ asn: 65001, router-id: 10.0.0.1, neighbors: [{ address: 10.1.1.0, remote-as: 65000 }] }';
const { asn, neighbors } = speakerConfig(parseConfig(TEXT, 'file'));
const [before] = neighbors;

for (const [key, { effect }] of Object.entries(NEIGHBOR))
  test(`neighbors[].${key}: a new session where the table of settings says so, and only there`, (t) => {
    const after = { ...before, [camelCase(key)]: 'another' } as NeighborConfig;
    t.is(needsNewSession(before, after, undefined, asn), effect === 'session');
  });
