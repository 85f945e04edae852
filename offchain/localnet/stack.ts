import { Cell, type TupleItem } from '@ton/core';
import { ApiError, oneLine } from './errors';

/**
 * TVM stacks as JSON, both ways. In: the pairs of API v2 (`["num", "0x1"]`, `["tvm.Slice", boc]`, `["cell", {bytes}]`), its
 * typed entries (`{"@type": "tvm.stackEntryNumber", …}`) and the objects of v3 (`{"type": "num", "value": "0x1"}`).
 * Out: what the live API answers, so that `TonClient` reads it.
 */
const MAX_ITEMS = 256;
const MAX_DEPTH = 16;

type Json = unknown;

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(where: string, what: string): ApiError {
  return new ApiError(422, `${where}: ${what}`);
}

function number(value: Json, where: string): bigint {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text.length > 80) {
    throw bad(where, 'a number must be a decimal or 0x… string');
  }
  const match = /^(-?)(0x[0-9a-f]+|\d+)$/i.exec(text.trim());
  if (match === null) {
    throw bad(where, `"${text}" is not a decimal or 0x… number`);
  }
  const magnitude = BigInt(match[2] ?? '0');
  const parsed = match[1] === '-' ? -magnitude : magnitude;
  if (parsed >= 1n << 256n || parsed < -(1n << 256n)) {
    throw bad(where, 'the number does not fit 257 bits');
  }
  return parsed;
}

function cell(value: Json, where: string): Cell {
  const nested = isObject(value) ? (value.bytes ?? value.b64 ?? value.boc) : value;
  if (typeof nested !== 'string') {
    throw bad(where, 'a cell must be a base64 bag of cells');
  }
  try {
    return Cell.fromBase64(nested);
  } catch (error) {
    throw bad(where, `the bag of cells is malformed (${oneLine(error)})`);
  }
}

function elements(value: Json, where: string, depth: number): TupleItem[] {
  const list = isObject(value) ? value.elements : value;
  if (!Array.isArray(list)) {
    throw bad(where, 'a tuple must have an array of elements');
  }
  return list.map((item: Json, i) => parseItem(item, `${where}[${i}]`, depth + 1));
}

function typedKind(type: Json): string {
  return typeof type === 'string' ? type.replace(/^tvm\./, '').replace(/^stackEntry/, '') : '';
}

function parseItem(item: Json, where: string, depth: number): TupleItem {
  if (depth > MAX_DEPTH) {
    throw bad(where, `nested more than ${MAX_DEPTH} deep`);
  }
  let kind: string;
  let value: Json;
  if (Array.isArray(item)) {
    kind = typedKind(item[0]);
    value = item[1];
  } else if (isObject(item) && typeof item['@type'] === 'string') {
    kind = typedKind(item['@type']);
    const inner = item.number ?? item.cell ?? item.slice ?? item.tuple ?? item.list;
    value = kind === 'Number' && isObject(inner) ? inner.number : inner;
  } else if (isObject(item)) {
    kind = typedKind(item.type);
    value = item.value;
  } else {
    throw bad(where, 'must be a pair like ["num", "0x1"]');
  }
  switch (kind.toLowerCase()) {
    case 'num':
    case 'number':
    case 'int':
      return { type: 'int', value: number(value, where) };
    case 'cell':
      return { type: 'cell', cell: cell(value, where) };
    case 'slice':
      return { type: 'slice', cell: cell(value, where) };
    case 'builder':
      return { type: 'builder', cell: cell(value, where) };
    case 'null':
      return { type: 'null' };
    case 'list':
    case 'tuple': {
      const items = elements(value, where, depth);
      return items.length === 0 && kind.toLowerCase() === 'list' ? { type: 'null' } : { type: 'tuple', items };
    }
    default:
      throw bad(where, `unknown type "${kind}"; use num, cell, slice, builder, null, tuple or list`);
  }
}

/** @throws ApiError 422 naming the item */
export function parseStack(stack: Json): TupleItem[] {
  if (stack === undefined || stack === null) {
    return [];
  }
  if (!Array.isArray(stack)) {
    throw bad('stack', 'must be an array');
  }
  if (stack.length > MAX_ITEMS) {
    throw bad('stack', `has ${stack.length} items, at most ${MAX_ITEMS} are taken`);
  }
  return stack.map((item: Json, i) => parseItem(item, `stack[${i}]`, 0));
}

function hex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function bytes(source: Cell): string {
  return source.toBoc().toString('base64');
}

function typedEntry(item: TupleItem): Json {
  switch (item.type) {
    case 'int':
      return {
        '@type': 'tvm.stackEntryNumber',
        number: { '@type': 'tvm.numberDecimal', number: item.value.toString() },
      };
    case 'nan':
      return { '@type': 'tvm.stackEntryNumber', number: { '@type': 'tvm.numberDecimal', number: 'NaN' } };
    case 'null':
      return { '@type': 'tvm.stackEntryList', list: { '@type': 'tvm.list', elements: [] } };
    case 'tuple':
      return { '@type': 'tvm.stackEntryTuple', tuple: { '@type': 'tvm.tuple', elements: item.items.map(typedEntry) } };
    case 'cell':
      return { '@type': 'tvm.stackEntryCell', cell: { '@type': 'tvm.cell', bytes: bytes(item.cell) } };
    case 'slice':
    case 'builder':
      return { '@type': 'tvm.stackEntrySlice', slice: { '@type': 'tvm.slice', bytes: bytes(item.cell) } };
  }
}

function pair(item: TupleItem): Json {
  switch (item.type) {
    case 'int':
      return ['num', hex(item.value)];
    case 'nan':
      return ['num', 'NaN'];
    case 'null':
      return ['list', { '@type': 'tvm.list', elements: [] }];
    case 'tuple':
      return ['tuple', { '@type': 'tvm.tuple', elements: item.items.map(typedEntry) }];
    case 'cell':
    case 'slice':
    case 'builder':
      return [item.type, { bytes: bytes(item.cell) }];
  }
}

/** The pairs of API v2. */
export function stackToV2(stack: readonly TupleItem[]): Json[] {
  return stack.map(pair);
}

function object(item: TupleItem): Json {
  switch (item.type) {
    case 'int':
      return { type: 'num', value: hex(item.value) };
    case 'nan':
      return { type: 'num', value: 'NaN' };
    case 'null':
      return { type: 'list', value: [] };
    case 'tuple':
      return { type: 'tuple', value: stackToV3(item.items) };
    case 'cell':
    case 'slice':
    case 'builder':
      return { type: item.type, value: bytes(item.cell) };
  }
}

/** The objects of API v3. */
export function stackToV3(stack: readonly TupleItem[]): Json[] {
  return stack.map(object);
}
