/** The case of LinuxKernel's own, beside those that every kernel passes. */
export const MAIN_TABLE =
  "others' routes of the main table are not heard where nobody asks for them, those of VRFs are";
