/** No octets: an absent value, or one of length 0. */
export const NO_OCTETS = new Uint8Array(0);
