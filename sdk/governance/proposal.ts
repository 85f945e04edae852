import { createHash } from 'node:crypto';
import type { Cell } from '@ton/core';
import {
  actionQueryId,
  actionsHash,
  type DaoAction,
  MOST_ACTIONS,
  type ProposalPayload,
  packActions,
  packPayload,
} from '../../wrappers';
import { type Classification, classify } from './classify';
import { ActionFieldError, ProposalFileError } from './errors';
import { type ActionContext, ActionSpecError, buildAction } from './proposal-actions';
import { keyText, parseProposalFile } from './proposal-file';
import type { ActionSpec, ProposalSpec } from './proposal-schema';
import { type ResultTerms, termsOf, thresholdOf } from './tally';

/** From a written proposal to what a member sends. */

export const MOST_PAYLOAD_CELLS = 1_024;
export const MOST_TITLE_BYTES = 64;

export interface BuildContext extends ActionContext {
  /** what the file of `text_file` holds */
  readText?: (file: string) => string;
  /** all stake at the start of the epoch, and the proposer's weight: for what the proposal needs */
  total?: bigint;
  weight?: bigint;
}

export interface Finding {
  level: 'error' | 'warning';
  key: string;
  line: number;
  message: string;
}

export interface BuiltProposal {
  payload: ProposalPayload;
  cell: Cell;
  actions: DaoAction[];
  /** hex; null: text only */
  actionsHash: string | null;
  salt: bigint;
  text: string;
  classification: Classification;
  /** what it will be judged by, if it were made now */
  needs?: ResultTerms & { threshold: bigint };
  /** an error: the Dao would refuse it, or it would not do what it says */
  findings: Finding[];
}

/** @throws ProposalFileError naming key and line of what is wrong */
export function buildProposal(yaml: string, context: BuildContext): BuiltProposal {
  const { spec, lineOf } = parseProposalFile(yaml);
  const fail = (path: readonly PropertyKey[], detail: string, cause?: unknown): never => {
    throw new ProposalFileError(keyText(path), lineOf(path), detail, cause);
  };
  const titleBytes = Buffer.byteLength(spec.title);
  if (titleBytes === 0 || titleBytes > MOST_TITLE_BYTES) {
    fail(['title'], `has ${titleBytes} bytes of UTF-8; 1 to ${MOST_TITLE_BYTES} fit`);
  }
  if (spec.actions.length > MOST_ACTIONS) {
    fail(['actions', MOST_ACTIONS], `${spec.actions.length} actions; ${MOST_ACTIONS} can be executed together`);
  }
  const text = readText(spec, context, fail);
  const sha256 = createHash('sha256').update(text, 'utf8').digest();
  const build = (salt: bigint) => spec.actions.map((each, index) => buildOne(each, index, salt, context, fail));
  // The salt belongs to the list: the same list, written again, has the same hash.
  const salt = spec.salt ?? saltOf(build(0n));
  const actions = build(salt);
  const payload = {
    title: spec.title,
    uri: spec.uri,
    sha256,
    actions: actions.length === 0 ? null : packActions(actions),
  };
  const cell = packPayload(payload);
  const classification = classify(actions, { ...context, transferCap: context.state.dao?.params.transferCap ?? 0n });
  const built = {
    payload,
    cell,
    actions,
    actionsHash: actions.length === 0 ? null : actionsHash(actions).toString('hex'),
    salt,
    text,
    classification,
    ...needsOf(classification, context),
  };
  return { ...built, findings: lint(built, spec, context, lineOf) };
}

type Fail = (path: readonly PropertyKey[], detail: string, cause?: unknown) => never;

function readText({ text, text_file: file }: ProposalSpec, { readText: read }: BuildContext, fail: Fail): string {
  if (text !== undefined && file !== undefined) fail(['text_file'], 'the text is given already: keep one of the two');
  if (text !== undefined) return text;
  if (file === undefined) return fail(['text'], 'is missing: give the text, or text_file');
  if (read === undefined) return fail(['text_file'], 'files cannot be read here: give the text itself');
  try {
    return read(file);
  } catch (error) {
    return fail(['text_file'], `cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function buildOne(spec: ActionSpec, index: number, salt: bigint, context: BuildContext, fail: Fail): DaoAction {
  try {
    return buildAction(spec, actionQueryId(salt, index), context);
  } catch (error) {
    if (error instanceof ActionSpecError) {
      return fail(['actions', index, ...(error.key === null ? [] : [error.key])], error.message, error);
    }
    if (error instanceof ActionFieldError) return fail(['actions', index], error.shortMessage, error);
    throw error;
  }
}

/** 56 bits that follow from what the actions say. */
function saltOf(actions: readonly DaoAction[]): bigint {
  return actions.length === 0
    ? 0n
    : actionsHash(actions)
        .subarray(0, 7)
        .reduce((salt, byte) => (salt << 8n) | BigInt(byte), 0n);
}

function needsOf({ class: cls }: Classification, { state, total }: BuildContext): Pick<BuiltProposal, 'needs'> {
  if (state.dao === undefined || total === undefined) return {};
  const { params } = state.dao;
  return { needs: { ...termsOf(params, cls, total), threshold: thresholdOf(params, total) } };
}

/** How many different cells there are below and with this one. */
export function countCells(root: Cell): number {
  const seen = new Set<string>();
  const visit = (cell: Cell): void => {
    const hash = cell.hash().toString('hex');
    if (seen.has(hash)) return;
    seen.add(hash);
    for (const ref of cell.refs) visit(ref);
  };
  visit(root);
  return seen.size;
}

function lint(
  { cell, actions, text, needs, classification }: Omit<BuiltProposal, 'findings'>,
  spec: ProposalSpec,
  { weight, state, ...context }: BuildContext,
  lineOf: (path: readonly PropertyKey[]) => number,
): Finding[] {
  const findings: Finding[] = [];
  const find = (level: Finding['level'], path: readonly PropertyKey[], message: string) =>
    findings.push({ level, key: keyText(path), line: lineOf(path), message });

  const cells = countCells(cell);
  if (cells > MOST_PAYLOAD_CELLS)
    find('error', ['actions'], `${cells} cells in all; ${MOST_PAYLOAD_CELLS} are allowed`);
  if (text.trim() === '') find('warning', ['text'], 'is empty: voters have nothing to read');
  if (actions.length === 0) find('warning', ['actions'], 'there are none: a text only');
  if (needs !== undefined && weight !== undefined && weight < needs.threshold) {
    find('error', ['title'], `your weight of ${weight} nanoTON is below the threshold of ${needs.threshold} nanoTON`);
  }
  if (state.dao === undefined)
    find('warning', ['actions'], 'the Dao has not been read: every transfer is taken for critical');
  actions.forEach(({ to, init }, index) => {
    const type = spec.actions[index]!.type;
    if (type === 'raw') {
      find(
        'warning',
        ['actions', index],
        'nobody has checked this body; it has no query id of the list unless you put it there',
      );
    }
    if (init === null && type === 'transfer' && [context.dao, context.root].some((own) => own.equals(to))) {
      find(
        'error',
        ['actions', index, 'to'],
        'a contract of this network: it does not keep coins that come without a message',
      );
    }
  });
  if (new Set(actions.map(({ to }) => to.toRawString())).size > 1) {
    find('warning', ['actions'], 'they go to different targets: only those to the same target keep their order');
  }
  if (classification.class === 'critical') {
    find('warning', ['actions'], `critical: ${classification.reason}`);
  }
  return findings;
}
