import { deviceCases } from './support/device-cases.js';

await deviceCases('swp1');
