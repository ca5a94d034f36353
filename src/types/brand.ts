declare const brand: unique symbol;

/** A primitive that only its own module can create, so that a VNI cannot be passed as a VLAN. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
