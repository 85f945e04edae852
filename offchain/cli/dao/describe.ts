import {
  type ActionDescription,
  describeActions as describe,
  type ProposalDescription,
  parseActions,
} from '@cocoon/sdk';
import type { Cell } from '@ton/core';
import { readState } from './chain-state';
import type { DaoContext } from './context';
import { ton } from './text';

/** What the actions of a list do, told against the chain as it is now. */
export async function describeActions(context: DaoContext, first: Cell): Promise<ProposalDescription> {
  const { chain } = context;
  const actions = parseActions(first);
  const now = await readState(context);
  const accounts = new Map<string, string | null>();
  for (const { to } of actions) {
    const { last, code } = await chain.account(to);
    if (last !== undefined) accounts.set(to.toRawString(), code?.hash().toString('hex') ?? null);
  }
  return describe(actions, { ...now, accounts });
}

export function actionLines(actions: readonly ActionDescription[]): string {
  return actions
    .flatMap(({ index, to, label, value, body, fields, codeHash, warnings, class: kind, reason }) => [
      `  ${index + 1}. ${nameOf(body)} to ${label} ${to}, with ${ton(value)}`,
      `       ${kind}: ${reason}`,
      ...fields.map(({ field, before, after }) => `       ${field}: ${before === null ? '' : `${before} -> `}${after}`),
      `       code there now: ${codeHash ?? 'none'}`,
      ...('raw' in body ? [`       body: ${body.raw}`] : []),
      ...warnings.map((warning) => `       ! ${warning}`),
    ])
    .join('\n');
}

function nameOf(body: ActionDescription['body']): string {
  return body.kind === 'known' ? body.name : body.kind.toUpperCase();
}

/** An action as a JSON document: what is only in memory, such as cells, is told by its text in `fields`. */
export function actionJson({ to, body, ...told }: ActionDescription) {
  const operation = body.kind === 'known' ? { name: body.name, queryId: body.queryId } : body;
  return { to: to.toString(), ...told, body: { kind: body.kind, ...operation } };
}
