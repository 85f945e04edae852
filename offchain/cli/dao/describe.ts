import {
  type ActionDescription,
  CocoonRegistrar,
  describeActions as describe,
  type ProposalDescription,
  parseActions,
  parseRootData,
} from '@cocoon/sdk';
import type { Address, Cell } from '@ton/core';
import { type DaoContext, openVault, parseAddress } from './context';
import { opened } from './provider';
import { ton } from './text';

/** What the actions of a list do, told against the chain as it is now. */
export async function describeActions(context: DaoContext, first: Cell): Promise<ProposalDescription> {
  const { chain, dao, info } = context;
  const actions = parseActions(first);
  const registrar = registrarOf(context);
  const [root, vault] = await Promise.all([chain.account(info.params.root), openVault(context).getData()]);
  const terms = registrar && (await chain.account(registrar)).code && (await termsOf(context, registrar));
  const accounts = new Map<string, string | null>();
  for (const { to } of actions) {
    const { last, code } = await chain.account(to);
    if (last !== undefined) accounts.set(to.toRawString(), code?.hash().toString('hex') ?? null);
  }
  return describe(actions, {
    scope: { dao, vault: info.vault, root: info.params.root, transferCap: info.params.transferCap },
    registrar,
    state: {
      ...(root.data ? { root: parseRootData(root.data) } : {}),
      ...{ vault, dao: info },
      ...(terms ? { registrarTerms: terms } : {}),
    },
    accounts,
  });
}

async function termsOf({ chain }: DaoContext, registrar: Address) {
  return (await opened(chain, CocoonRegistrar.createFromAddress(registrar)).getData()).terms;
}

function registrarOf({ manifest }: DaoContext): Address | null {
  return manifest?.registrar ? parseAddress(manifest.registrar.address, 'registrar') : null;
}

/** What an address is to this DAO. */
export function targetName(context: DaoContext, to: Address): string {
  const { dao, info } = context;
  if (to.equals(info.params.root)) return 'root';
  if (to.equals(info.vault)) return 'vault';
  if (to.equals(dao)) return 'dao';
  return registrarOf(context)?.equals(to) ? 'registrar' : 'not of this DAO';
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
