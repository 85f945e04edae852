import { beginCell, type Cell } from '@ton/core';
import { actionTable, structTable } from '../generated/actions';
import { ActionFieldError, ActionFormatError, UnknownActionError } from './errors';
import { endOfFields, type FieldDefinition, type FieldValues, readFields, type Structs, writeFields } from './fields';

/** Which contract an operation is for. Contracts that are not of this DAO have names of the caller's choice. */
export type TargetKind = 'root' | 'vault' | 'dao' | 'registrar' | (string & {});

export interface ActionDefinition {
  /** camelCase, unique */
  readonly name: string;
  /** first 32 bits of the body */
  readonly op: number;
  readonly target: TargetKind;
  /** behind op and query_id */
  readonly fields: readonly FieldDefinition[];
}

/** A body that the registry knows. */
export interface KnownBody {
  kind: 'known';
  name: string;
  op: number;
  target: TargetKind;
  queryId: bigint;
  fields: FieldValues;
}

/** What else a body can be. */
export type DecodedBody =
  | KnownBody
  /** nothing: a transfer */
  | { kind: 'empty' }
  /** operation 0: a text for people */
  | { kind: 'text'; text: string }
  | {
      kind: 'unknown' /** null: shorter than an operation */;
      op: number | null /** BoC in hex */;
      raw: string;
      warning: string;
    };

/** The operations that bodies are read and written with. Immutable; `with` makes a larger one. */
export class ActionRegistry {
  readonly definitions: readonly ActionDefinition[];
  readonly structs: Structs;
  private readonly byName: ReadonlyMap<string, ActionDefinition>;

  /** @throws ActionFieldError where two operations of one target, or two names, are the same */
  constructor(definitions: readonly ActionDefinition[], structs: Structs) {
    this.definitions = definitions;
    this.structs = structs;
    this.byName = new Map(definitions.map((definition) => [definition.name, definition]));
    const keys = new Set(definitions.map(({ op, target }) => `${target} ${op}`));
    if (this.byName.size < definitions.length || keys.size < definitions.length) {
      throw new ActionFieldError('registry', 'definitions', 'two have the same name, or the same target and operation');
    }
  }

  /** With operations of other contracts, or of later versions of these: give what is new. */
  with(definitions: readonly ActionDefinition[], structs: Structs = {}): ActionRegistry {
    return new ActionRegistry([...this.definitions, ...definitions], { ...this.structs, ...structs });
  }

  /** @throws UnknownActionError */
  named(name: string): ActionDefinition {
    const definition = this.byName.get(name);
    if (definition === undefined) throw new UnknownActionError(name);
    return definition;
  }

  find(target: TargetKind, op: number): ActionDefinition | undefined {
    return this.definitions.find((definition) => definition.op === op && definition.target === target);
  }

  /** @throws UnknownActionError, ActionFieldError naming the field */
  encode(name: string, queryId: bigint, values: FieldValues): Cell {
    const { op, fields } = this.named(name);
    if (queryId < 0n || queryId >= 1n << 64n) {
      throw new ActionFieldError(name, 'queryId', `${queryId} is not an unsigned 64-bit integer`);
    }
    const builder = beginCell().storeUint(op, 32).storeUint(queryId, 64);
    try {
      return writeFields(builder, fields, values, { action: name, path: '', structs: this.structs }).endCell();
    } catch (error) {
      if (error instanceof ActionFieldError) throw error;
      throw new ActionFieldError(name, '(all)', 'together they do not fit into one cell');
    }
  }

  /**
   * What a contract of this kind would make of the body.
   * @throws ActionFormatError where the operation is known and the rest is not as it must be
   */
  decode(target: TargetKind, body: Cell | null): DecodedBody {
    if (body === null || (!body.isExotic && body.bits.length === 0 && body.refs.length === 0)) return { kind: 'empty' };
    if (body.isExotic || body.bits.length < 32) return unknown(null, body, 'it has no operation');
    const slice = body.beginParse();
    const op = slice.loadUint(32);
    if (op === 0) return readText(body);
    const definition = this.find(target, op);
    if (definition === undefined) return unknown(op, body, elsewhere(this.definitions, op, target));
    const { name, fields } = definition;
    const place = { action: name, path: '', structs: this.structs };
    if (slice.remainingBits < 64) throw new ActionFormatError(name, 'queryId', 'is cut off');
    const queryId = slice.loadUintBig(64);
    const values = readFields(slice, fields, place);
    endOfFields(slice, place);
    return { kind: 'known', name, op, target: definition.target, queryId, fields: values };
  }
}

function readText(body: Cell): DecodedBody {
  const slice = body.beginParse();
  slice.skip(32);
  try {
    return { kind: 'text', text: slice.loadStringTail() };
  } catch {
    return unknown(0, body, 'it is announced as a text and is none');
  }
}

function elsewhere(definitions: readonly ActionDefinition[], op: number, target: TargetKind): string {
  const known = definitions.find((definition) => definition.op === op);
  if (known === undefined) return 'nobody can tell from here what it does';
  return `${known.name} is for the ${known.target}, and this goes to ${target}`;
}

function unknown(op: number | null, body: Cell, why: string): DecodedBody {
  return { kind: 'unknown', op, raw: body.toBoc().toString('hex'), warning: `unknown operation: ${why}` };
}

/** Every operation of this network's contracts that an executed proposal can use. */
export const networkActions = new ActionRegistry(actionTable, structTable);

/** @throws UnknownActionError, ActionFieldError naming the field */
export function encodeAction(name: string, queryId: bigint, fields: FieldValues): Cell {
  return networkActions.encode(name, queryId, fields);
}

/** @throws ActionFormatError naming the field */
export function decodeAction(target: TargetKind, body: Cell | null): DecodedBody {
  return networkActions.decode(target, body);
}
