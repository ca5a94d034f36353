/** The package has no types of its own. */
declare module 'node-gyp-build' {
  /** Loads the addon that was built in the folder, or else the one of its prebuilds/ that fits. Throws where there is none. */
  export default function load(folder: string): unknown;
}
