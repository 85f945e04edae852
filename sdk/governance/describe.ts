import { createHash } from 'node:crypto';
import type { Address } from '@ton/core';
import { type DaoAction, type ProposalPayload, parseActions } from '../../wrappers';
import { type ActionRegistry, type DecodedBody, type KnownBody, networkActions, type TargetKind } from './actions';
import { type Classification, type ClassReason, type ClassScope, classify } from './classify';
import { addressesIn, type ChainState, comparison, currentValues } from './current';
import { ActionFormatError } from './errors';
import type { FieldValue, FieldValues } from './fields';
import { type KnownAddress, labelOf, lookalikeOf } from './lookalike';
import { valueText } from './text';

/** What a proposal would do, told against the chain as it is. Pure: whoever calls has read what is to be compared. */

export interface DescribeInput {
  scope: ClassScope;
  /** null: none */
  registrar: Address | null;
  state: ChainState;
  /** wallets, contracts and multisigs with names */
  known?: readonly KnownAddress[];
  /** accounts that something has happened at: raw address -> code hash in hex, null without code; left out: not looked up */
  accounts?: ReadonlyMap<string, string | null>;
  registry?: ActionRegistry;
}

export interface FieldChange {
  /** path such as `params.votingPeriod` */
  field: string;
  /** null: it was not read, or the field sets nothing */
  before: string | null;
  after: string;
  changes: boolean;
}

export interface ActionDescription extends ClassReason {
  index: number;
  to: Address;
  target: TargetKind;
  label: string;
  /** nanoTON */
  value: bigint;
  body: DecodedBody | { kind: 'malformed'; raw: string; field: string; problem: string };
  fields: FieldChange[];
  /** hex; null: no code there; undefined: not looked up */
  codeHash?: string | null;
  warnings: string[];
}

export interface ProposalDescription {
  classification: Classification;
  actions: ActionDescription[];
  /** about the whole */
  warnings: string[];
}

/** @throws CellFormatError where the list of actions is none */
export function describeProposal(payload: ProposalPayload, input: DescribeInput, text?: Buffer): ProposalDescription {
  const actions = payload.actions === null ? [] : parseActions(payload.actions);
  const described = describeActions(actions, input);
  const warnings = [...described.warnings];
  if (actions.length === 0) warnings.push('TEXT ONLY: this proposal does nothing on chain');
  if (text !== undefined && !createHash('sha256').update(text).digest().equals(payload.sha256)) {
    warnings.push('TEXT MISMATCH: the text that was found is not the one that the proposal names');
  }
  return { ...described, warnings };
}

export function describeActions(actions: readonly DaoAction[], input: DescribeInput): ProposalDescription {
  const classification = classify(actions, input.scope);
  const described = actions.map((action, index) =>
    describeAction(action, index, classification.actions[index]!, input),
  );
  return { classification, actions: described, warnings: listWarnings(described) };
}

function describeAction(
  action: DaoAction,
  index: number,
  reason: ClassReason,
  input: DescribeInput,
): ActionDescription {
  const { to, value } = action;
  const target = targetOf(to, input);
  const body = decode(input.registry ?? networkActions, target, action);
  const own = ownAddresses(input);
  const codeHash = input.accounts?.get(to.toRawString());
  const warnings = addressWarnings(to, own, input);
  if (action.init !== null) warnings.push('STATE INIT: it deploys a contract, whose code nobody has run yet');
  if (body.kind === 'unknown') warnings.push(`UNKNOWN OPERATION: ${body.warning.replace(/^unknown operation: /, '')}`);
  if (body.kind === 'malformed') warnings.push(`MALFORMED: field ${body.field} ${body.problem}; its target throws`);
  const fields = body.kind === 'known' ? changesOf(body, input.state) : [];
  if (body.kind === 'known') warnings.push(...bodyWarnings(body, fields, own, input));
  const label = labelOf(to, own) ?? 'not of this DAO';
  const told = { index, to, target, label, value, body, fields, ...reason, warnings };
  return input.accounts === undefined ? told : { ...told, codeHash: codeHash ?? null };
}

function targetOf(to: Address, { scope, registrar }: DescribeInput): TargetKind {
  if (to.equals(scope.root)) return 'root';
  if (to.equals(scope.vault)) return 'vault';
  if (to.equals(scope.dao)) return 'dao';
  return registrar !== null && to.equals(registrar) ? 'registrar' : 'other';
}

function ownAddresses({ scope, registrar, known = [] }: DescribeInput): KnownAddress[] {
  const own = (['root', 'vault', 'dao'] as const).map((label) => ({ label, address: scope[label] }));
  return [...own, ...(registrar === null ? [] : [{ label: 'registrar', address: registrar }]), ...known];
}

function decode(registry: ActionRegistry, target: TargetKind, { body }: DaoAction): ActionDescription['body'] {
  try {
    return registry.decode(target, body);
  } catch (error) {
    if (!(error instanceof ActionFormatError) || body === null) throw error;
    const problem = error.cause instanceof Error ? error.cause.message : error.shortMessage;
    return { kind: 'malformed', raw: body.toBoc().toString('hex'), field: error.field, problem };
  }
}

/** Old -> new, field by field; nested structs as paths. */
function changesOf(body: KnownBody, state: ChainState): FieldChange[] {
  const current = currentValues(body, state);
  const verb = /^root(Add|Del)\w+Type$/.exec(body.name)?.[1];
  const changes = compare('', body.fields, current ?? {}, current !== undefined);
  if (verb !== undefined) {
    const before = current === undefined ? null : current.listed ? 'on the list' : 'not on the list';
    const after = verb === 'Add' ? 'on the list' : 'not on the list';
    changes.push({ field: 'listed', before, after, changes: before !== after });
  }
  if (body.name === 'rootUnregisterProxy' && current !== undefined) {
    changes.push({
      field: 'info',
      before: valueText('info', current.info),
      after: 'none',
      changes: current.info !== null,
    });
  }
  return changes;
}

function compare(path: string, fields: FieldValues, current: FieldValues, read: boolean): FieldChange[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const field = path + name;
    const present = current[name];
    if (isStruct(value)) return compare(`${field}.`, value, isStruct(present) ? present : {}, read);
    const after = valueText(field, value);
    const before = read && present !== undefined ? valueText(field, present) : null;
    return [{ field, before, after, changes: before !== after }];
  });
}

function isStruct(value: FieldValue): value is FieldValues {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function addressWarnings(to: Address, own: readonly KnownAddress[], { accounts }: DescribeInput): string[] {
  const warnings: string[] = [];
  const twin = lookalikeOf(to, own);
  if (twin !== undefined) {
    warnings.push(`LOOKALIKE: ${to} is NOT ${twin.label} (${twin.address}), although it begins or ends like it`);
  }
  if (accounts !== undefined && !accounts.has(to.toRawString())) {
    warnings.push(`NEVER SEEN ADDRESS: nothing has ever happened at ${to}`);
  }
  return warnings;
}

function bodyWarnings(
  body: KnownBody,
  fields: readonly FieldChange[],
  own: readonly KnownAddress[],
  input: DescribeInput,
): string[] {
  const warnings = addressesIn(body.fields).flatMap((address) => addressWarnings(address, own, input));
  if (body.name === 'rootAddWorkerType' || body.name === 'rootAddProxyType') {
    warnings.push('NEW TEE IMAGE: it will see what users ask; reproduce it from its source before you vote');
  }
  if (body.name === 'rootChangeOwner') warnings.push('THE ROOT LEAVES THE DAO: nothing can take it back');
  const compared = comparison(body, input.state);
  if (compared === null)
    warnings.push('NOT COMPARED: it overwrites whatever is there when it is executed; fill in the expected version');
  if (compared?.present !== undefined && valueText('', compared.expected) !== valueText('', compared.present)) {
    const present = valueText(compared.field, compared.present);
    warnings.push(
      `STALE: it is for ${compared.field} ${valueText(compared.field, compared.expected)}, and there is ${present}: it would be refused`,
    );
  }
  const settings = fields.filter(({ before }) => before !== null);
  if (settings.length > 0 && settings.every(({ changes }) => !changes))
    warnings.push('NO CHANGE: everything is as it says already');
  return warnings;
}

/** What no single action shows. */
function listWarnings(actions: readonly ActionDescription[]): string[] {
  const warnings: string[] = [];
  const targets = new Set(actions.map(({ to }) => to.toRawString()));
  if (targets.size > 1) {
    warnings.push(
      'ORDER: only actions to the same target are carried out in their order; what depends on another target needs its own proposal',
    );
  }
  const ids = actions.flatMap(({ body }) => (body.kind === 'known' ? [body.queryId] : []));
  if (new Set(ids).size < ids.length) {
    warnings.push('QUERY IDS: two actions have the same, so a bounce would not tell which of them came back');
  }
  return warnings;
}
