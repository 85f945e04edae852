import { crc32 } from 'node:zlib';
import type { TlConstructor, TlField, TlFieldType } from '../sdk/protocol/tl/table';

/** A schema line that is not a declaration this project's TL dialect knows. Names the line. */
export class TlSchemaError extends Error {
  override name = 'TlSchemaError';
}

const PRIMITIVES = new Set(['int', 'long', 'double', 'int256', 'string', 'bytes', 'Bool']);

/** The id a declaration has when it does not carry one: CRC32 of its text, single-spaced, no parentheses, no `;`. */
export function declarationId(declaration: string): number {
  const text = declaration.replace(/[();]/g, '').trim().replace(/\s+/g, ' ');
  return crc32(Buffer.from(text, 'utf8')) >>> 0;
}

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const isUpper = (type: string): boolean => /^[A-Z]/.test(type.split('.').at(-1) ?? '');

function fieldType(text: string, line: string): TlFieldType {
  if (PRIMITIVES.has(text)) return { kind: text } as TlFieldType;
  const vector = /^\(vector ([\w.]+)\)$/.exec(text);
  if (vector) {
    const of = vector[1]!;
    if (PRIMITIVES.has(of) || isUpper(of))
      throw new TlSchemaError(`only vectors of bare structs are supported: ${line}`);
    return { kind: 'vector', of };
  }
  if (!/^[\w.]+$/.test(text)) throw new TlSchemaError(`cannot read the type "${text}" in: ${line}`);
  return isUpper(text) ? { kind: 'boxed', of: text } : { kind: 'bare', of: text };
}

function parseField(text: string, line: string): TlField | 'flags' {
  const colon = text.indexOf(':');
  if (colon < 1) throw new TlSchemaError(`a field is "name:type", got "${text}" in: ${line}`);
  const name = text.slice(0, colon);
  const type = text.slice(colon + 1);
  if (type === '#') {
    if (name !== 'flags') throw new TlSchemaError(`the flags field is called "flags": ${line}`);
    return 'flags';
  }
  const optional = /^flags\.(\d+)\?(.+)$/.exec(type);
  if (!optional) return { name: camel(name), type: fieldType(type, line) };
  const bit = Number(optional[1]);
  if (bit > 30) throw new TlSchemaError(`flag bits go from 0 to 30: ${line}`);
  return { name: camel(name), type: fieldType(optional[2]!, line), bit };
}

function parseDeclaration(line: string, role: TlConstructor['role']): TlConstructor {
  const match = /^([\w.]+)(?:#([0-9a-f]{8}))?((?: \S+:(?:\([^)]*\)|\S+))*) = ([\w.]+);$/.exec(line);
  if (!match) throw new TlSchemaError(`not a declaration: ${line}`);
  const [, name, explicitId, fieldText, result] = match;
  const fields: TlField[] = [];
  let flagsAt: number | undefined;
  for (const text of fieldText!.match(/\S+:(?:\([^)]*\)|\S+)/g) ?? []) {
    const field = parseField(text, line);
    if (field === 'flags') {
      flagsAt = fields.length;
      continue;
    }
    if (field.bit !== undefined && flagsAt === undefined) {
      throw new TlSchemaError(`"${field.name}" depends on flags, which must stand before it: ${line}`);
    }
    fields.push(field);
  }
  return {
    name: name!,
    id: explicitId === undefined ? declarationId(line) : Number.parseInt(explicitId, 16),
    role,
    result: result!,
    ...(flagsAt === undefined ? {} : { flagsAt }),
    fields,
  };
}

function check(constructors: readonly TlConstructor[]): void {
  const byName = new Map<string, TlConstructor>();
  const byId = new Map<number, TlConstructor>();
  for (const ctor of constructors) {
    const twin = byName.get(ctor.name) ?? byId.get(ctor.id);
    if (twin) throw new TlSchemaError(`${ctor.name} has the name or id of ${twin.name}`);
    byName.set(ctor.name, ctor);
    byId.set(ctor.id, ctor);
  }
  const boxes = new Set(constructors.filter((c) => c.role === 'type').map((c) => c.result));
  for (const ctor of constructors) {
    for (const { name, type } of ctor.fields) {
      const known =
        type.kind === 'boxed'
          ? boxes.has(type.of)
          : type.kind !== 'bare' && type.kind !== 'vector'
            ? true
            : byName.get(type.of)?.role === 'type';
      if (!known) throw new TlSchemaError(`${ctor.name}.${name} has an unknown type`);
    }
  }
}

/**
 * Parses the schema text into the ctor table, in the order of the text.
 * Throws TlSchemaError for a line it cannot read, a repeated name or id, or a type nobody declares.
 */
export function parseTlSchema(text: string): TlConstructor[] {
  let role: TlConstructor['role'] = 'type';
  const constructors: TlConstructor[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('//')) continue;
    if (line === '---types---') role = 'type';
    else if (line === '---functions---') role = 'function';
    else constructors.push(parseDeclaration(line, role));
  }
  check(constructors);
  return constructors;
}
