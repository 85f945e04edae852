import { type FieldValue, type RootData, valueText } from '@cocoon/sdk';

/** What differs between two states of the root, field by field. */

export interface RootChange {
  field: string;
  /** 'none': it was not there */
  before: string;
  after: string;
}

export function rootChanges(before: RootData | undefined, after: RootData | undefined): RootChange[] {
  const [old, fresh] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((field) => {
    const change = { field, before: old.get(field) ?? 'none', after: fresh.get(field) ?? 'none' };
    return change.before === change.after ? [] : [change];
  });
}

function fieldsOf(root: RootData | undefined): Map<string, string> {
  const found = new Map<string, string>();
  if (root === undefined) return found;
  const { params, registeredProxies, ...rest } = root;
  collect(found, '', rest);
  collect(found, '', params);
  for (const [seqno, info] of registeredProxies) found.set(`proxy ${seqno}`, valueText('info', info));
  return found;
}

function collect(found: Map<string, string>, path: string, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    const field = path + name;
    if (value instanceof Set) for (const entry of value) found.set(`${field} ${entry}`, 'listed');
    else if (isPlain(value)) collect(found, `${field}.`, value);
    else found.set(field, valueText(name, value as FieldValue));
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
