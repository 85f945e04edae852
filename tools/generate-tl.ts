import { TL_SCHEMA } from '../sdk/protocol/tl/schema';
import type { TlConstructor, TlField, TlFieldType } from '../sdk/protocol/tl/table';
import { parseTlSchema } from './tl-parser';

/** 'client.runQueryEx' -> 'ClientRunQueryEx'. */
const pascal = (name: string): string =>
  name
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

/** A box (result type) and a lone constructor can share a Pascal name; boxes carry a prefix so that they never clash. */
const boxName = (result: string): string => `Any${pascal(result)}`;

const PRIMITIVE_TS: Record<string, string> = {
  int: 'number',
  long: 'bigint',
  double: 'number',
  int256: 'Buffer',
  string: 'string',
  bytes: 'Buffer',
  Bool: 'boolean',
};

function tsType(type: TlFieldType): string {
  if (type.kind === 'bare') return pascal(type.of);
  if (type.kind === 'vector') return `readonly ${pascal(type.of)}[]`;
  if (type.kind === 'boxed') return boxName(type.of);
  return PRIMITIVE_TS[type.kind]!;
}

function interfaceOf(ctor: TlConstructor): string {
  const fields = ctor.fields.map(
    (field) => `  readonly ${field.name}${field.bit === undefined ? '' : '?'}: ${tsType(field.type)};`,
  );
  return [`export interface ${pascal(ctor.name)} {`, `  readonly _: '${ctor.name}';`, ...fields, '}'].join('\n');
}

function fieldLiteral(field: TlField): string {
  const of = 'of' in field.type ? `, of: '${field.type.of}'` : '';
  const bit = field.bit === undefined ? '' : `, bit: ${field.bit}`;
  return `{ name: '${field.name}', type: { kind: '${field.type.kind}'${of} }${bit} }`;
}

function rowOf(ctor: TlConstructor): string {
  const flags = ctor.flagsAt === undefined ? '' : ` flagsAt: ${ctor.flagsAt},`;
  const fields = ctor.fields.map((field) => `      ${fieldLiteral(field)},`);
  return [
    '  {',
    `    name: '${ctor.name}',`,
    `    id: 0x${ctor.id.toString(16).padStart(8, '0')},`,
    `    role: '${ctor.role}',`,
    `    result: '${ctor.result}',`,
    ...(flags === '' ? [] : [`   ${flags}`]),
    fields.length === 0 ? '    fields: [],' : ['    fields: [', ...fields, '    ],'].join('\n'),
    '  },',
  ].join('\n');
}

/** The generated TL module: repository path -> file text. Pure; the caller writes or compares it. */
export function generateTl(): Record<string, string> {
  const constructors = parseTlSchema(TL_SCHEMA);
  const types = constructors.filter((c) => c.role === 'type');
  const functions = constructors.filter((c) => c.role === 'function');
  const boxes = [...new Set(types.map((c) => c.result))];
  const answers = functions.filter((c) => boxes.includes(c.result));
  const text = [
    '// Generated from sdk/protocol/tl/schema.ts by tools/generate-tl.ts. Do not edit: change the schema and run `npm run generate`.',
    "import type { TlConstructor } from '../protocol/tl/table';",
    '',
    ...constructors.map((c) => `${interfaceOf(c)}\n`),
    ...boxes.map(
      (box) =>
        `export type ${boxName(box)} = ${types
          .filter((c) => c.result === box)
          .map((c) => pascal(c.name))
          .join(' | ')};`,
    ),
    '',
    '/** Constructor name -> object shape. */',
    'export interface TlTypes {',
    ...constructors.map((c) => `  readonly '${c.name}': ${pascal(c.name)};`),
    '}',
    '',
    '/** Function name -> what answers it. */',
    'export interface TlAnswers {',
    ...answers.map((c) => `  readonly '${c.name}': ${boxName(c.result)};`),
    '}',
    '',
    'export const tlTable: readonly TlConstructor[] = [',
    ...constructors.map(rowOf),
    '];',
    '',
  ].join('\n');
  return { 'sdk/generated/tl.ts': text };
}
