import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What an executed proposal can say to whom, read from contracts/messages: the TL-B line above a message has the exact types, the Tact
 * definition below it is what the contract reads. Both must name the same fields.
 */

const messagesDir = path.resolve(__dirname, '../contracts/messages');

export type ActionTarget = 'root' | 'vault' | 'dao' | 'registrar';

export interface FieldFact {
  /** camelCase */
  name: string;
  /** see FieldType in sdk/governance/fields.ts */
  type: string;
}

export interface ActionFact {
  name: string;
  op: number;
  target: ActionTarget;
  /** behind op and query_id */
  fields: FieldFact[];
}

export interface StructFact {
  name: string;
  fields: FieldFact[];
}

/** Which messages of which file go to which contract. What else these files have, others than the Vault send. */
const SOURCES: { file: string; target: ActionTarget; has: RegExp }[] = [
  { file: 'owner-root.tact', target: 'root', has: /^Root/ },
  { file: 'key-manager.tact', target: 'root', has: /^Root(?!AddPublicKeySigned)/ },
  { file: 'vault.tact', target: 'vault', has: /^VaultSet/ },
  { file: 'vault-dao.tact', target: 'dao', has: /^Dao/ },
  { file: 'registrar.tact', target: 'registrar', has: /^Registrar/ },
];

/** Named types that are no structs but have a reader of their own. */
const BUILT_IN: Record<string, string> = { ProxyInfo: 'proxyInfo', ExpectedVersion: 'expectedVersion' };

const SIMPLE: Record<string, string> = {
  Coins: 'coins',
  Bool: 'bool',
  MsgAddressInt: 'address',
  MsgAddress: 'optionalAddress',
  '^Cell': 'cell',
  '(Maybe ^Cell)': 'optionalCell',
  ...BUILT_IN,
};

export function readActions(): { actions: ActionFact[]; structs: StructFact[] } {
  const actions: ActionFact[] = [];
  const structs = new Map<string, StructFact>();
  for (const { file, target, has } of SOURCES) {
    const found = parseActionSource(readFileSync(path.join(messagesDir, file), 'utf8'));
    actions.push(...found.messages.filter(({ name }) => has.test(name)).map((fact) => ({ ...fact, target })));
    for (const fact of found.structs) structs.set(fact.name, fact);
  }
  const used = usedStructs(actions, structs);
  return { actions: actions.map(({ name, ...fact }) => ({ ...fact, name: lowerFirst(name) })), structs: used };
}

interface Source {
  messages: Omit<ActionFact, 'target'>[];
  structs: StructFact[];
}

export function parseActionSource(source: string): Source {
  const parsed: Source = { messages: [], structs: [] };
  const definition =
    /((?:^\/\/ .*\n)+)(?:^\/\/\/ .*\n)*^(?:message\((0x[0-9a-f]{8})\)|struct) (\w+) \{\n((?:.*\n)*?)\}/gm;
  for (const [, comment, op, name, body] of source.matchAll(definition)) {
    const lines = comment!.slice(comment!.indexOf('TL-B:') + 5).replace(/^\/\/ ?/gm, '');
    const layouts = [...lines.matchAll(/(\w+)(?:#[0-9a-f]{8}|\$\w*)\s+([^;]*?)\s*=\s*\w+;/g)];
    const layout = layouts.find(([, layoutName]) => toCamel(layoutName!) === lowerFirst(name!));
    if (layout === undefined) throw new Error(`${name}: no TL-B line of this name stands above it`);
    const fields = parseFields(name!, layout[2]!);
    requireSameNames(name!, fields, body!);
    if (op === undefined) {
      parsed.structs.push({ name: name!, fields });
      continue;
    }
    if (fields[0]?.name !== 'queryId') throw new Error(`${name}: its first field is not query_id`);
    parsed.messages.push({ name: name!, op: Number(op), fields: fields.slice(1) });
  }
  return parsed;
}

function parseFields(message: string, text: string): FieldFact[] {
  const fields = [...text.matchAll(/(\w+):(\([^()]*\)|\^?\w+)/g)];
  if (fields.map(([whole]) => whole).join(' ') !== text.replace(/\s+/g, ' ')) {
    throw new Error(`${message}: its TL-B line is of a form that the generator does not know: ${text}`);
  }
  return fields.map(([, name, type]) => ({ name: toCamel(name!), type: fieldType(message, type!) }));
}

function fieldType(message: string, type: string): string {
  const known = SIMPLE[type];
  if (known !== undefined) return known;
  if (/^(uint|bits)\d+$/.test(type)) return type;
  if (/^\^[A-Z]\w+$/.test(type)) return BUILT_IN[type.slice(1)] ? `^${BUILT_IN[type.slice(1)]}` : type;
  throw new Error(`${message}: the type ${type} is unknown to the generator`);
}

/** Tact reads some fields together, as `Slice as remaining`: from there on only the line above knows the names. */
function requireSameNames(message: string, fields: FieldFact[], body: string): void {
  const declared = [...body.matchAll(/^ {4}(\w+): (.+);$/gm)].map(([, name, type]) => ({ name: name!, type: type! }));
  const rest = declared.findIndex(({ type }) => type === 'Slice as remaining');
  const exact = rest < 0 ? declared : declared.slice(0, rest);
  const names = fields.map(({ name }) => name.replace(/^class$/, 'klass'));
  const whole = rest >= 0 && declared[rest]!.name !== 'tail' ? names.slice(0, exact.length) : names;
  // `until` is a keyword of Tact.
  const wanted = whole.map((name) => (name === 'until' ? 'termEnd' : name));
  if (wanted.join() !== exact.map(({ name }) => name).join()) {
    throw new Error(
      `${message}: the TL-B line has ${wanted.join()}, the definition ${exact.map(({ name }) => name).join()}`,
    );
  }
}

/** Those that an action holds, directly or in another one. Throws where one is not defined in these files. */
function usedStructs(actions: ActionFact[], structs: Map<string, StructFact>): StructFact[] {
  const used = new Map<string, StructFact>();
  const visit = (fields: FieldFact[]) => {
    for (const { type } of fields) {
      const name = /^\^([A-Z]\w+)$/.exec(type)?.[1];
      if (name === undefined || used.has(name)) continue;
      const fact = structs.get(name);
      if (fact === undefined) throw new Error(`no struct ${name} stands in the files of the actions`);
      used.set(name, fact);
      visit(fact.fields);
    }
  };
  for (const { fields } of actions) visit(fields);
  return [...used.values()];
}

function toCamel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
