import { type DaoAction, opName, parseActions, parseRootData, type RootData } from '@cocoon/sdk';
import type { Address, Cell, Slice } from '@ton/core';
import { type DaoContext, parseAddress } from './context';
import { ton } from './text';

/** What the actions of a proposal do, read against the chain as it is now. */
export interface ActionText {
  to: string;
  target: string;
  value: bigint;
  /** name of the operation; null: unknown */
  op: string | null;
  /** fields that are known, with what they change */
  fields: string[];
  /** the whole body as BoC; null: empty */
  body: string | null;
  /** code at the target now, hex; null: no contract there */
  codeHash: string | null;
  warnings: string[];
}

export async function describeActions(context: DaoContext, first: Cell): Promise<ActionText[]> {
  const root = await readRoot(context);
  return Promise.all(parseActions(first).map((action) => describeAction(context, action, root)));
}

async function readRoot({ chain, info }: DaoContext): Promise<RootData | undefined> {
  const { data } = await chain.account(info.params.root);
  return data && parseRootData(data);
}

async function describeAction(context: DaoContext, action: DaoAction, root: RootData | undefined): Promise<ActionText> {
  const { to, value, body, init } = action;
  const account = await context.chain.account(to);
  const target = targetName(context, to);
  const op = nameOfBody(body);
  const warnings: string[] = [];
  if (op === null) warnings.push('UNKNOWN OPERATION: nobody can tell from here what it does; see the raw body');
  if (account.last === undefined) warnings.push('NEVER SEEN ADDRESS: nothing ever happened there');
  if (init !== null) warnings.push('deploys a contract');
  if (op === 'rootAddProxyType' || op === 'rootAddWorkerType') {
    warnings.push('NEW TEE IMAGE: it will see what users ask; check that it can be reproduced from its source');
  }
  if (op === 'rootChangeOwner') warnings.push('THE ROOT LEAVES THE DAO for another owner');
  const fields = body !== null && op !== null && root && target === 'root' ? rootFields(op, body, root) : [];
  return {
    to: to.toString(),
    target,
    value,
    op,
    fields,
    body: body?.toBoc().toString('base64') ?? null,
    codeHash: account.code?.hash().toString('hex') ?? null,
    warnings,
  };
}

export function targetName({ dao, info, manifest }: DaoContext, to: Address): string {
  if (to.equals(info.params.root)) return 'root';
  if (to.equals(info.vault)) return 'vault';
  if (to.equals(dao)) return 'dao';
  if (manifest?.registrar && parseAddress(manifest.registrar.address, 'registrar').equals(to)) return 'registrar';
  return 'not of this DAO';
}

function nameOfBody(body: Cell | null): string | null {
  if (body === null || (body.bits.length === 0 && body.refs.length === 0)) return 'transfer';
  if (body.isExotic || body.bits.length < 32) return null;
  const op = body.beginParse().loadUint(32);
  return op === 0 ? 'transfer with a text' : (opName(op) ?? null);
}

const LISTS = { ProxyType: 'proxyHashes', WorkerType: 'workerHashes', ModelType: 'modelHashes' } as const;

/** Old and new value of what the root's operations change; operations without a line here show their raw body. */
function rootFields(op: string, body: Cell, root: RootData): string[] {
  const s = body.beginParse();
  s.skip(96);
  const [, verb, list] = /^root(Add|Del)(ProxyType|WorkerType|ModelType)$/.exec(op) ?? [];
  if (verb !== undefined && list !== undefined && s.remainingBits >= 256) {
    const hash = s.loadBuffer(32).toString('hex');
    const listed = root[LISTS[list as keyof typeof LISTS]].has(hash);
    const now = verb === 'Add' ? 'listed' : 'not listed';
    return [`hash ${hash}: ${listed ? 'listed' : 'not listed'} -> ${now}`];
  }
  if (op === 'rootChangePrice') return priceFields(s, root);
  if (op === 'rootUnregisterProxy' && s.remainingBits >= 32) {
    const seqno = s.loadUint(32);
    return [`proxy ${seqno}: ${root.registeredProxies.get(seqno) ?? 'not registered'} -> not registered`];
  }
  if (op === 'rootChangeOwner') return [`owner: ${root.owner} -> ${s.loadAddress()}`];
  return [];
}

function priceFields(s: Slice, { params }: RootData): string[] {
  const price = s.loadCoins();
  const fields = [`price per token: ${params.pricePerToken} -> ${price} nanoTON`];
  if (s.remainingBits >= 4) {
    fields.push(`worker fee per token: ${params.workerFeePerToken} -> ${s.loadCoins()} nanoTON`);
  }
  if (s.remainingBits >= 32) fields.push(`only if params version is ${s.loadUint(32)} (now ${params.paramsVersion})`);
  return fields;
}

export function actionLines(actions: readonly ActionText[]): string {
  return actions
    .flatMap(({ to, target, value, op, fields, body, codeHash, warnings }, index) => [
      `  ${index + 1}. ${op ?? 'UNKNOWN'} to ${target} ${to}, with ${ton(value)}`,
      ...fields.map((field) => `       ${field}`),
      `       code there now: ${codeHash ?? 'none'}`,
      ...(fields.length === 0 && body !== null ? [`       body: ${body}`] : []),
      ...warnings.map((warning) => `       ! ${warning}`),
    ])
    .join('\n');
}
