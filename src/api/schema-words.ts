import { type Static, type TSchema, Type } from '@sinclair/typebox';

/*
 * The words of which the API's schemas are made. Times are RFC 3339 in UTC; addresses are text in their canonical form.
 */

/** No other fields than those listed. */
export const closed = { additionalProperties: false };

/** A value that may be unknown or not applicable. */
export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
/** A schema of its own name in the description: `$ref` there, its type here. */
export const ref = <Schema extends TSchema>(schema: Schema) =>
  Type.Unsafe<Static<Schema>>(Type.Ref(`${schema.$id}#`));
export const Count = (description?: string) => Type.Integer({ minimum: 0, description });
export const Text = (description?: string) => Type.String({ description });
export const Time = (description?: string) => Type.String({ format: 'date-time', description });
export const Address = (description?: string) => Type.String({ description });
export const MacText = (description?: string) =>
  Type.String({ pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$', description });
export const VniNumber = (description?: string) =>
  Type.Integer({ minimum: 1, maximum: 16777215, description });
export const OriginSide = Type.Union([Type.Literal('local'), Type.Literal('remote')], {
  description: "local: of this leaf's own hosts; remote: from a neighbor.",
});

/** One of these literals. */
export const literals = <Value extends string>(values: readonly Value[], description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { description },
  );
