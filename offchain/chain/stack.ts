import { Cell, type TupleItem, TupleReader } from '@ton/core';
import { z } from 'zod';
import { ChainError } from './port';

/** TVM stacks as API v2 writes them. Typed entries (`@type`) occur inside tuples only. */
const typedEntry = z.object({ '@type': z.string() }).loose();
const pair = z.tuple([z.string(), z.unknown()]);
const bytesEntry = z.object({ bytes: z.string() }).loose();
const elementsEntry = z.object({ elements: z.array(z.unknown()) }).loose();
const numberEntry = z.object({ number: z.string() }).loose();

function integer(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

function cellOf(value: unknown): Cell {
  return Cell.fromBase64(bytesEntry.parse(value).bytes);
}

function typedItem(value: unknown): TupleItem {
  const entry = typedEntry.parse(value);
  switch (entry['@type']) {
    case 'tvm.stackEntryNumber':
      return { type: 'int', value: integer(numberEntry.parse(entry.number).number) };
    case 'tvm.stackEntryCell':
      return { type: 'cell', cell: cellOf(entry.cell) };
    case 'tvm.stackEntrySlice':
      return { type: 'slice', cell: cellOf(entry.slice) };
    case 'tvm.stackEntryTuple':
      return tuple(entry.tuple);
    case 'tvm.stackEntryList':
      return list(entry.list);
    default:
      throw new Error(`unknown stack entry ${entry['@type']}`);
  }
}

function tuple(value: unknown): TupleItem {
  return { type: 'tuple', items: elementsEntry.parse(value).elements.map(typedItem) };
}

/** The API writes a null as an empty list. */
function list(value: unknown): TupleItem {
  const { elements } = elementsEntry.parse(value);
  return elements.length === 0 ? { type: 'null' } : { type: 'tuple', items: elements.map(typedItem) };
}

function item(value: unknown): TupleItem {
  const [kind, content] = pair.parse(value);
  switch (kind) {
    case 'num':
      return { type: 'int', value: integer(z.string().parse(content)) };
    case 'null':
      return { type: 'null' };
    case 'cell':
    case 'slice':
    case 'builder':
      return { type: kind, cell: cellOf(content) };
    case 'tuple':
      return tuple(content);
    case 'list':
      return list(content);
    default:
      throw new Error(`unknown stack item ${kind}`);
  }
}

/** @throws whatever is wrong with it; the caller names the call */
export function decodeStack(stack: readonly unknown[]): TupleReader {
  return new TupleReader(stack.map(item));
}

/** @throws ChainError `bad-request`: the API takes numbers, cells, slices and builders only */
export function encodeStack(args: readonly TupleItem[]): unknown[] {
  return args.map((arg) => {
    switch (arg.type) {
      case 'int':
        return ['num', arg.value.toString()];
      case 'cell':
        return ['tvm.Cell', arg.cell.toBoc().toString('base64')];
      case 'slice':
        return ['tvm.Slice', arg.cell.toBoc().toString('base64')];
      case 'builder':
        return ['tvm.Builder', arg.cell.toBoc().toString('base64')];
      default:
        throw new ChainError(`a get method cannot be given a ${arg.type} through API v2; use a number or a cell`, {
          code: 'bad-request',
          retryable: false,
        });
    }
  });
}
