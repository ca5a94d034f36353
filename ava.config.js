// EVPND_BUILD names another output folder of tsc, so that two builds of one checkout do not meet.
const build = process.env.EVPND_BUILD ?? 'build';
export default {
  files: [`${build}/test/**/*.test.js`, ...(process.env.EVPND_LAB ? [] : [`!${build}/test/lab/**`])],
  workerThreads: false,
  timeout: '60s',
};
