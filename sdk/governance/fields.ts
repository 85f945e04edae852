import { Address, type Builder, beginCell, Cell, type Slice } from '@ton/core';
import { endOf, loadProxyInfo, storeProxyInfo } from '../../wrappers/fields';
import { ActionFieldError, ActionFormatError } from './errors';

/**
 * Types of the fields of messages, as their TL-B lines name them:
 *
 *     uint8 uint16 uint32   number           uint64             bigint        uint256 bits512 …   Buffer
 *     coins                 bigint, nanoTON  bool               boolean       proxyInfo           string, one-byte characters
 *     address               Address          optionalAddress    Address|null  cell, optionalCell  Cell, Cell|null
 *     expectedVersion       number, or undefined: the end of the message, 32 bits or none
 *     ^Name                 a struct in a cell of its own: an object by field          ^proxyInfo  string
 */
export type FieldType = string;

export type FieldDefinition = readonly [name: string, type: FieldType];
export type Structs = Readonly<Record<string, readonly FieldDefinition[]>>;

export type FieldValue = number | bigint | boolean | string | Buffer | Address | Cell | null | undefined | FieldValues;
export interface FieldValues {
  [field: string]: FieldValue;
}

/** Where a field stands: the operation and the path to it. */
interface Place {
  action: string;
  path: string;
  structs: Structs;
}

interface FieldCodec {
  /** throws a text about what is wrong */
  write(builder: Builder, value: FieldValue, place: Place): void;
  read(slice: Slice, place: Place): FieldValue;
}

const MOST_COINS = (1n << 120n) - 1n;

function unsigned(bits: number): FieldCodec {
  const fits = (value: bigint) => value >= 0n && value < 1n << BigInt(bits);
  if (bits > 64) return bytes(bits);
  if (bits > 48) {
    return {
      write(builder, value) {
        if (typeof value !== 'bigint' || !fits(value)) throw new Error(`must be a bigint of ${bits} bits`);
        builder.storeUint(value, bits);
      },
      read: (slice) => slice.loadUintBig(bits),
    };
  }
  return {
    write(builder, value) {
      if (typeof value !== 'number' || !Number.isInteger(value) || !fits(BigInt(value))) {
        throw new Error(`must be a whole number from 0 to ${2 ** bits - 1}`);
      }
      builder.storeUint(value, bits);
    },
    read: (slice) => slice.loadUint(bits),
  };
}

function bytes(bits: number): FieldCodec {
  return {
    write(builder, value) {
      if (!Buffer.isBuffer(value) || value.length * 8 !== bits)
        throw new Error(`must be a Buffer of ${bits / 8} bytes`);
      builder.storeBuffer(value);
    },
    read: (slice) => slice.loadBuffer(bits / 8),
  };
}

const CODECS: Record<string, FieldCodec> = {
  coins: {
    write(builder, value) {
      if (typeof value !== 'bigint' || value < 0n || value > MOST_COINS) {
        throw new Error('must be a bigint of nanoTON, from 0 to 2^120 - 1');
      }
      builder.storeCoins(value);
    },
    read(slice) {
      const length = slice.preloadUint(4);
      const value = slice.loadCoins();
      // Contracts read longer forms of a number, too; nothing of ours writes them.
      if (length > 0 && value < 1n << BigInt(8 * (length - 1))) throw new Error('is written with leading zeros');
      return value;
    },
  },
  bool: {
    write(builder, value) {
      if (typeof value !== 'boolean') throw new Error('must be true or false');
      builder.storeBit(value);
    },
    read: (slice) => slice.loadBit(),
  },
  address: {
    write(builder, value) {
      if (!Address.isAddress(value)) throw new Error('must be an Address');
      builder.storeAddress(value);
    },
    read: (slice) => slice.loadAddress(),
  },
  optionalAddress: {
    write(builder, value) {
      if (value !== null && !Address.isAddress(value)) throw new Error('must be an Address, or null for none');
      builder.storeAddress(value);
    },
    read: (slice) => slice.loadMaybeAddress(),
  },
  cell: {
    write(builder, value) {
      if (!(value instanceof Cell)) throw new Error('must be a Cell');
      builder.storeRef(value);
    },
    read: (slice) => slice.loadRef(),
  },
  optionalCell: {
    write(builder, value) {
      if (value !== null && !(value instanceof Cell)) throw new Error('must be a Cell, or null for none');
      builder.storeMaybeRef(value);
    },
    read: (slice) => slice.loadMaybeRef(),
  },
  proxyInfo: {
    write(builder, value) {
      if (typeof value !== 'string') throw new Error('must be a text');
      storeProxyInfo(builder, 'text', value);
    },
    read(slice) {
      const text = loadProxyInfo(slice);
      if (text === undefined) throw new Error('is of another kind than text');
      return text;
    },
  },
  expectedVersion: {
    write(builder, value) {
      if (value !== undefined) unsigned(32).write(builder, value, NOWHERE);
    },
    read: (slice) => (slice.remainingBits === 0 ? undefined : slice.loadUint(32)),
  },
};

const NOWHERE: Place = { action: '', path: '', structs: {} };

function codecOf(type: FieldType, structs: Structs): FieldCodec {
  if (type.startsWith('^')) return inCell(type.slice(1), structs);
  const [, kind, bits] = /^(uint|bits)(\d+)$/.exec(type) ?? [];
  if (kind !== undefined) return kind === 'uint' ? unsigned(Number(bits)) : bytes(Number(bits));
  const codec = CODECS[type];
  if (codec === undefined) throw new Error(`is of the unknown type ${type}`);
  return codec;
}

function inCell(name: string, structs: Structs): FieldCodec {
  const fields = structs[name];
  if (fields === undefined) {
    const codec = codecOf(name, structs);
    return {
      write(builder, value, place) {
        const cell = beginCell();
        codec.write(cell, value, place);
        builder.storeRef(cell);
      },
      read(slice, place) {
        const inner = open(slice);
        const value = codec.read(inner, place);
        endOf(inner);
        return value;
      },
    };
  }
  return {
    write(builder, value, place) {
      if (!isFields(value)) throw new Error(`must be an object with the fields of ${name}`);
      builder.storeRef(writeFields(beginCell(), fields, value, place));
    },
    read(slice, place) {
      const inner = open(slice);
      const value = readFields(inner, fields, place);
      endOfFields(inner, place);
      return value;
    },
  };
}

function open(slice: Slice): Slice {
  const cell = slice.loadRef();
  if (cell.isExotic) throw new Error('is in an exotic cell');
  return cell.beginParse();
}

function isFields(value: FieldValue): value is FieldValues {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Buffer.isBuffer(value) &&
    !Address.isAddress(value) &&
    !(value instanceof Cell)
  );
}

/** @throws ActionFieldError naming the field */
export function writeFields(
  builder: Builder,
  fields: readonly FieldDefinition[],
  values: FieldValues,
  place: Place,
): Builder {
  for (const name of Object.keys(values)) {
    if (!fields.some(([field]) => field === name)) {
      const names = fields.map(([field]) => field).join(', ') || 'none';
      throw new ActionFieldError(place.action, place.path + name, `there is no such field (there are: ${names})`);
    }
  }
  for (const [name, type] of fields) {
    const here = { ...place, path: `${place.path}${name}.` };
    try {
      codecOf(type, place.structs).write(builder, values[name], here);
    } catch (error) {
      if (error instanceof ActionFieldError) throw error;
      const detail = values[name] === undefined ? `is missing; it ${messageOf(error)}` : messageOf(error);
      throw new ActionFieldError(place.action, place.path + name, detail);
    }
  }
  return builder;
}

/** @throws ActionFormatError naming the field */
export function readFields(slice: Slice, fields: readonly FieldDefinition[], place: Place): FieldValues {
  const values: FieldValues = {};
  for (const [name, type] of fields) {
    const here = { ...place, path: `${place.path}${name}.` };
    try {
      const value = codecOf(type, place.structs).read(slice, here);
      if (value !== undefined) values[name] = value;
    } catch (error) {
      if (error instanceof ActionFormatError) throw error;
      throw new ActionFormatError(place.action, place.path + name, messageOf(error), error);
    }
  }
  return values;
}

/** @throws ActionFormatError where something is left */
export function endOfFields(slice: Slice, { action, path }: Pick<Place, 'action' | 'path'>): void {
  try {
    endOf(slice);
  } catch (error) {
    throw new ActionFormatError(action, `${path}(end)`, messageOf(error), error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
