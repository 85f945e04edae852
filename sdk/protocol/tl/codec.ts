import { type TlTypes, tlTable } from '../../generated/tl';
import { byId, type ConstructorCodec, codecs, type Fields, getBare, hex, putBare } from './compile';
import { TlReader } from './reader';
import { TlError } from './tl-error';
import { TlSizer, TlWriter } from './writer';

export { TlError } from './tl-error';

/** Full name of a constructor or function: 'client.runQueryEx'. */
export type Ctor = keyof TlTypes;
/** The object of one constructor; for a union of names, the union of their objects. */
export type TlType<T extends Ctor> = TlTypes[T];
/** Anything that can stand on the wire by itself. */
export type TlObject = TlTypes[Ctor];

function codecForValue(value: TlObject): ConstructorCodec {
  const codec = codecs.get(value._);
  if (!codec) throw new TlError(String(value._), 'is not a constructor of the schema');
  return codec;
}

/** Bytes that `encode(value)` has: always a multiple of 4. Throws TlError for a value its fields cannot hold. */
export function encodedLength(value: TlObject): number {
  const sizer = new TlSizer();
  sizer.size = 4;
  putBare(codecForValue(value), sizer, value as unknown as Fields);
  return sizer.size;
}

/**
 * Writes the boxed value at `offset`, for callers that put it behind their own header without copying it again.
 * The buffer must have `encodedLength(value)` bytes from there.
 * Returns the position behind it.
 */
export function encodeInto(value: TlObject, buffer: Buffer, offset: number): number {
  const codec = codecForValue(value);
  const writer = new TlWriter(buffer, offset);
  writer.uint32(codec.id);
  putBare(codec, writer, value as unknown as Fields);
  return writer.pos;
}

/** The boxed value. Throws TlError, naming constructor and field, for a value its field cannot hold. */
export function encode(value: TlObject): Buffer {
  const buffer = Buffer.allocUnsafe(encodedLength(value));
  encodeInto(value, buffer, 0);
  return buffer;
}

function decodeWith(data: Buffer, accept: (codec: ConstructorCodec) => string | undefined): TlObject {
  const reader = new TlReader(data);
  const id = reader.uint32();
  const codec = byId.get(id);
  if (!codec) throw new TlError('message', `has the unknown constructor 0x${hex(id)}`, 0);
  const refusal = accept(codec);
  if (refusal !== undefined) throw new TlError('message', refusal, 0);
  const value = getBare(codec, reader);
  if (reader.remaining !== 0) {
    throw new TlError(codec.name, `is followed by ${reader.remaining} bytes that do not belong to it`, reader.pos);
  }
  return value as unknown as TlObject;
}

/**
 * Reads one boxed value that must fill `data` exactly. Throws nothing but TlError.
 * Byte fields of 1 KiB and more are views into `data`: do not change it while they are in use.
 */
export function decode(data: Buffer): TlObject {
  return decodeWith(data, () => undefined);
}

/** As decode, for callers that expect one of the named constructors; anything else is a TlError. */
export function decodeAs<const T extends Ctor>(ctor: T | readonly T[], data: Buffer): TlType<T> {
  const wanted = (typeof ctor === 'string' ? [ctor] : ctor) as readonly string[];
  const value = decodeWith(data, ({ name }) =>
    wanted.includes(name) ? undefined : `is ${name} where ${wanted.join(' or ')} was expected`,
  );
  return value as TlType<T>;
}

/** What the message claims to be, from its id alone; undefined for an id that the schema does not have. */
export function peekConstructor(data: Buffer): Ctor | undefined {
  return data.length < 4 ? undefined : (byId.get(data.readUInt32LE(0))?.name as Ctor | undefined);
}

/** Names of the constructors that may answer a function: those of its result type. */
export function answersOf(fn: Ctor): readonly Ctor[] {
  const { result } = codecs.get(fn)!;
  return (answerNames.get(result) ?? []) as readonly Ctor[];
}

const answerNames = new Map<string, string[]>();
for (const { name, role, result } of tlTable) {
  if (role !== 'type') continue;
  answerNames.set(result, [...(answerNames.get(result) ?? []), name]);
}
