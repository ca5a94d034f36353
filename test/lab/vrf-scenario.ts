/** Inside user-mode-linux, whose kernel has VRFs. */
import { deviceCases } from './support/device-cases.js';

await deviceCases('blue');
