/**
 * The lab: fabrics in network namespaces of this machine, with real kernels and real BGP speakers. `npm run lab`, the
 * lab tests and the benchmarks build their fabrics here and nowhere else.
 *
 * A fabric is described by a `FabricSpec`, planned by `planFabric` (every name and address), set up by `ip` and
 * `bridge` in batches, and driven through `Fabric`. Underlay routes are static, so that BGP carries L2VPN EVPN only.
 * Needs root. What a host kernel lacks other kernels have: `runInUml` (user-mode-linux, Linux 6.1) and `runInQemu` (QEMU,
 * Linux 6.12) run a script, and so the same fabric code, inside one; `runOnOldestKernel` takes the older that boots.
 * `runInQemuWithAsic` has a switch ASIC that is none.
 */
export * from './asic.js';
export * from './booted.js';
export * from './capture.js';
export * from './cleanup.js';
export * from './container.js';
export * from './converge.js';
export * from './evpnd.js';
export * from './exabgp.js';
export * from './fabric.js';
export * from './frr.js';
export * from './gobgp.js';
export * from './guest.js';
export * from './injected-route.js';
export * from './kernel-setup.js';
export * from './machine.js';
export * from './namespaces.js';
export * from './observe.js';
export * from './oldest-kernel.js';
export * from './ping.js';
export * from './plan.js';
export * from './probe.js';
export * from './process.js';
export * from './qemu.js';
export * from './report.js';
export * from './rest.js';
export * from './sources.js';
export * from './uml.js';
export * from './wait.js';
