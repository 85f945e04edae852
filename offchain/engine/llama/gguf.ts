/** The part of the GGUF v3 format that a writer of small models needs: metadata of a few kinds and F32 tensors. All little endian. */

export type GgufValue =
  | { type: 'uint32'; value: number }
  | { type: 'int32'; value: number }
  | { type: 'float32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'float32s'; value: readonly number[] }
  | { type: 'int32s'; value: readonly number[] };

export interface GgufTensor {
  name: string;
  /** Fastest-changing dimension first, as ggml counts them. */
  shape: readonly number[];
  data: Float32Array;
}

const TYPE_ID = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const F32 = 0;
/** What general.alignment defaults to. */
const ALIGNMENT = 32;

/** @param metadata in the order in which it is written @throws RangeError for a tensor whose data does not fit its shape */
export function encodeGguf(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Buffer {
  const head: Buffer[] = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) head.push(text(key), ...encodeValue(value));
  const blobs: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (shape.reduce((product, size) => product * size, 1) !== data.length) {
      throw new RangeError(`tensor ${name} has ${data.length} values, its shape is ${shape.join(' x ')}`);
    }
    head.push(text(name), u32(shape.length), ...shape.map(u64), u32(F32), u64(offset));
    const blob = padded(floats(data));
    blobs.push(blob);
    offset += blob.length;
  }
  return Buffer.concat([padded(Buffer.concat(head)), ...blobs]);
}

function encodeValue(item: GgufValue): Buffer[] {
  switch (item.type) {
    case 'uint32':
      return [u32(TYPE_ID.uint32), u32(item.value)];
    case 'int32':
      return [u32(TYPE_ID.int32), i32(item.value)];
    case 'float32':
      return [u32(TYPE_ID.float32), f32(item.value)];
    case 'bool':
      return [u32(TYPE_ID.bool), Buffer.from([item.value ? 1 : 0])];
    case 'string':
      return [u32(TYPE_ID.string), text(item.value)];
    case 'strings':
      return array(TYPE_ID.string, item.value.map(text));
    case 'float32s':
      return array(TYPE_ID.float32, item.value.map(f32));
    case 'int32s':
      return array(TYPE_ID.int32, item.value.map(i32));
  }
}

function array(elementType: number, elements: readonly Buffer[]): Buffer[] {
  return [u32(TYPE_ID.array), u32(elementType), u64(elements.length), ...elements];
}

function padded(bytes: Buffer): Buffer {
  const missing = (ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}

function floats(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
