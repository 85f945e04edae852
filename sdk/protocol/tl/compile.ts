import { tlTable } from '../../generated/tl';
import type { TlReader } from './reader';
import type { TlConstructor, TlField, TlFieldType } from './table';
import type { Sink } from './writer';

/** The table, turned once into functions that write and read each constructor. */

export type Fields = Record<string, unknown>;
type Put = (sink: Sink, value: unknown) => void;
type Get = (reader: TlReader) => unknown;

interface FieldCodec {
  readonly name: string;
  readonly mask: number;
  readonly put: Put;
  readonly get: Get;
}

export interface ConstructorCodec {
  readonly name: string;
  readonly id: number;
  readonly result: string;
  /** index of the field before which flags stand; -1 without flags */
  readonly flagsAt: number;
  readonly fields: readonly FieldCodec[];
  /** fewest bytes of a bare value */
  readonly minSize: number;
}

const MIN_SIZE = { int: 4, long: 8, double: 8, int256: 32, string: 4, bytes: 4, Bool: 4, vector: 4, boxed: 4 } as const;
const BOOL_TRUE = 0x997275b5;
const BOOL_FALSE = 0xbc799737;

const rows: ReadonlyMap<string, TlConstructor> = new Map(tlTable.map((row) => [row.name, row]));
export const codecs = new Map<string, ConstructorCodec>();
export const byId = new Map<number, ConstructorCodec>();

function minSizeOf(row: TlConstructor): number {
  let size = row.flagsAt === undefined ? 0 : 4;
  for (const { type, bit } of row.fields) {
    if (bit !== undefined) continue;
    size += type.kind === 'bare' ? minSizeOf(rows.get(type.of)!) : MIN_SIZE[type.kind];
  }
  return size;
}

function getBool(reader: TlReader): boolean {
  const id = reader.uint32();
  if (id === BOOL_TRUE) return true;
  if (id !== BOOL_FALSE) {
    reader.pos -= 4;
    reader.fail(`is not a Bool: constructor 0x${hex(id)}`);
  }
  return false;
}

function bareCodec(of: string): { put: Put; get: Get } {
  const inner = codecOf(of);
  return {
    put: (sink, value) => {
      if (typeof value !== 'object' || value === null || (value as Fields)._ !== of)
        sink.fail(`must be a ${of} object`);
      putBare(inner, sink, value as Fields);
    },
    get: (reader) => getBare(inner, reader),
  };
}

function vectorCodec(of: string): { put: Put; get: Get } {
  const inner = codecOf(of);
  if (inner.minSize === 0) throw new Error(`a vector of ${of}, which takes no bytes, cannot be bounded`);
  const item = bareCodec(of);
  return {
    put: (sink, value) => {
      if (!Array.isArray(value)) return sink.fail(`must be an array of ${of}`);
      sink.uint32(value.length);
      for (const element of value) item.put(sink, element);
    },
    get: (reader) => {
      const count = reader.uint32();
      if (count * inner.minSize > reader.remaining) {
        reader.pos -= 4;
        reader.fail(
          `claims ${count} elements of at least ${inner.minSize} bytes, ${reader.remaining - 4} bytes are left`,
        );
      }
      const items: unknown[] = [];
      for (let i = 0; i < count; i++) items.push(getBare(inner, reader));
      return items;
    },
  };
}

function boxedCodec(result: string): { put: Put; get: Get } {
  const members = tlTable.filter((row) => row.role === 'type' && row.result === result).map((row) => codecOf(row.name));
  return {
    put: (sink, value) => {
      const name = typeof value === 'object' && value !== null ? (value as Fields)._ : undefined;
      const inner = members.find((member) => member.name === name);
      if (!inner) return sink.fail(`must be a ${result}: one of ${members.map((m) => m.name).join(', ')}`);
      sink.uint32(inner.id);
      putBare(inner, sink, value as Fields);
    },
    get: (reader) => {
      const id = reader.uint32();
      const inner = members.find((member) => member.id === id);
      if (!inner) {
        reader.pos -= 4;
        return reader.fail(`is not a ${result}: constructor 0x${hex(id)}`);
      }
      return getBare(inner, reader);
    },
  };
}

function typeCodec(type: TlFieldType): { put: Put; get: Get } {
  switch (type.kind) {
    case 'bare':
      return bareCodec(type.of);
    case 'vector':
      return vectorCodec(type.of);
    case 'boxed':
      return boxedCodec(type.of);
    case 'int':
      return { put: (sink, value) => sink.int(value), get: (reader) => reader.int() };
    case 'long':
      return { put: (sink, value) => sink.long(value), get: (reader) => reader.long() };
    case 'double':
      return { put: (sink, value) => sink.double(value), get: (reader) => reader.double() };
    case 'int256':
      return { put: (sink, value) => sink.int256(value), get: (reader) => reader.int256() };
    case 'string':
      return { put: (sink, value) => sink.string(value), get: (reader) => reader.string() };
    case 'bytes':
      return { put: (sink, value) => sink.bytes(value), get: (reader) => reader.bytes() };
    case 'Bool':
      return {
        put: (sink, value) => {
          if (typeof value !== 'boolean') sink.fail('must be a boolean');
          sink.uint32(value ? BOOL_TRUE : BOOL_FALSE);
        },
        get: getBool,
      };
  }
}

function fieldCodec(field: TlField): FieldCodec {
  return { name: field.name, mask: field.bit === undefined ? 0 : 1 << field.bit, ...typeCodec(field.type) };
}

function codecOf(name: string): ConstructorCodec {
  const known = codecs.get(name);
  if (known) return known;
  const row = rows.get(name);
  if (!row) throw new Error(`the TL table has no ${name}`);
  const codec: ConstructorCodec = {
    name,
    id: row.id,
    result: row.result,
    flagsAt: row.flagsAt ?? -1,
    fields: row.fields.map(fieldCodec),
    minSize: minSizeOf(row),
  };
  codecs.set(name, codec);
  byId.set(row.id, codec);
  return codec;
}

for (const row of tlTable) codecOf(row.name);

/** Bits of the optional fields that are there. All fields of one bit must be there together or not at all. */
function flagsOf(codec: ConstructorCodec, sink: Sink, value: Fields): number {
  let present = 0;
  let absent = 0;
  for (const { name, mask } of codec.fields) {
    if (mask === 0) continue;
    if (value[name] === undefined) absent |= mask;
    else present |= mask;
  }
  const torn = present & absent;
  if (torn !== 0) {
    const names = codec.fields.filter((field) => (field.mask & torn) !== 0).map((field) => field.name);
    sink.at(codec.name, 'flags');
    sink.fail(`${names.join(', ')} go together: give all of them or none`);
  }
  return present;
}

export function putBare(codec: ConstructorCodec, sink: Sink, value: Fields): void {
  const { fields, flagsAt } = codec;
  const flags = flagsAt < 0 ? 0 : flagsOf(codec, sink, value);
  for (let i = 0; i < fields.length; i++) {
    if (i === flagsAt) sink.uint32(flags);
    const field = fields[i]!;
    if ((field.mask & flags) !== field.mask) continue;
    sink.at(codec.name, field.name);
    field.put(sink, value[field.name]);
  }
  if (flagsAt === fields.length) sink.uint32(flags);
}

function getFlags(codec: ConstructorCodec, reader: TlReader): number {
  reader.at(codec.name, 'flags');
  const flags = reader.int();
  if (flags < 0) {
    reader.pos -= 4;
    reader.fail('is negative');
  }
  return flags;
}

export function getBare(codec: ConstructorCodec, reader: TlReader): Fields {
  const { fields, flagsAt } = codec;
  const value: Fields = { _: codec.name };
  let flags = 0;
  for (let i = 0; i < fields.length; i++) {
    if (i === flagsAt) flags = getFlags(codec, reader);
    const field = fields[i]!;
    if ((field.mask & flags) !== field.mask) continue;
    reader.at(codec.name, field.name);
    value[field.name] = field.get(reader);
  }
  if (flagsAt === fields.length) getFlags(codec, reader);
  return value;
}

export function hex(id: number): string {
  return id.toString(16).padStart(8, '0');
}
