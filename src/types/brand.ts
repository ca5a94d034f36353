declare const brand: unique symbol;

/** A primitive that only its own module can make, so that a VNI never passes for a VLAN. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
