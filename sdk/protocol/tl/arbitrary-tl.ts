import fc from 'fast-check';
import { tlTable } from '../../generated/tl';
import type { TlObject } from './codec';
import type { TlConstructor, TlFieldType } from './table';

/** Test support: random objects of the whole schema. */

const rows = new Map(tlTable.map((row) => [row.name, row]));

/** Lengths around the borders of the one- and four-byte prefixes, and content that padding could be mistaken for. */
const bytes = fc
  .oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 1, arbitrary: fc.constantFrom(253, 254, 255, 256, 1023, 1024).map((length) => new Uint8Array(length)) },
  )
  .map((array) => Buffer.from(array));

function arbitraryOf(type: TlFieldType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'int':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    case 'long':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'double':
      return fc.double();
    case 'int256':
      return fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array));
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 30 });
    case 'bytes':
      return bytes;
    case 'Bool':
      return fc.boolean();
    case 'bare':
      return objectOf(rows.get(type.of)!);
    case 'vector':
      return fc.array(objectOf(rows.get(type.of)!), { maxLength: 3 });
    case 'boxed':
      return fc.oneof(...tlTable.filter((row) => row.role === 'type' && row.result === type.of).map(objectOf));
  }
}

/** Objects of one constructor; the optional fields of each flag bit are there together or not at all. */
export function objectOf(row: TlConstructor): fc.Arbitrary<TlObject> {
  const fields = Object.fromEntries(row.fields.map((field) => [field.name, arbitraryOf(field.type)]));
  return fc.tuple(fc.record(fields), fc.nat(7)).map(([record, bits]) => {
    const present = row.fields.filter(({ bit }) => bit === undefined || (bits & (1 << bit)) !== 0);
    return {
      _: row.name,
      ...Object.fromEntries(present.map(({ name }) => [name, record[name]])),
    } as unknown as TlObject;
  });
}

/** Objects of every constructor and function. */
export const anyTl: fc.Arbitrary<TlObject> = fc.oneof(...tlTable.map(objectOf));
