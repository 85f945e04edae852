import { type Address, beginCell, type Cell } from '@ton/core';
import { type DaoAction, DefaultValue, type RootData } from '../../wrappers';
import { modelHash } from '../protocol';
import { encodeAction } from './actions';
import { type BoundCheck, daoParamChecks, vaultLimitChecks } from './bounds';
import type { ChainState } from './current';
import type { FieldValue, FieldValues } from './fields';
import type { ActionSpec, ActionType } from './proposal-schema';

/** From what a file says to messages. What a change leaves out is filled with what is there now, under a comparison. */

export interface ActionContext {
  dao: Address;
  vault: Address;
  root: Address;
  registrar: Address | null;
  /** as just read; needed for changes that name only a part */
  state: ChainState;
}

/** The file asks for something that cannot be built; whoever knows the line adds it. */
export class ActionSpecError extends Error {
  readonly key: string | null;

  /** @param key of the action; null: the action as a whole */
  constructor(key: string | null, detail: string) {
    super(detail);
    this.name = 'ActionSpecError';
    this.key = key;
  }
}

type Builder<T extends ActionType> = (
  spec: Extract<ActionSpec, { type: T }>,
  context: ActionContext,
) => {
  to: Address;
  call?: readonly [name: string, fields: FieldValues];
  body?: Cell;
  value?: bigint;
  init?: DaoAction['init'];
};

function onRoot<T extends ActionType>(
  name: string,
  fields: (spec: Extract<ActionSpec, { type: T }>, context: ActionContext) => FieldValues,
): Builder<T> {
  return (spec, context) => ({ to: context.root, call: [name, fields(spec, context)] });
}

type Image = 'add_worker_image' | 'del_worker_image' | 'add_proxy_image' | 'del_proxy_image';

const withHash = <T extends Image>(name: string): Builder<T> =>
  onRoot<T>(name, (spec) => ({ hash: (spec as Extract<ActionSpec, { type: Image }>).hash }));

const withModel = <T extends 'add_model' | 'del_model'>(name: string): Builder<T> =>
  onRoot<T>(name, (spec) => {
    const { hash, model } = spec as Extract<ActionSpec, { type: 'add_model' | 'del_model' }>;
    if ((hash === undefined) === (model === undefined)) throw new ActionSpecError(null, 'give one of hash and model');
    return { hash: hash ?? modelHash(model!) };
  });

function rootState({ state }: ActionContext): RootData {
  return need(state.root, 'root');
}

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined)
    throw new ActionSpecError(null, `needs the present state of the ${what}, which has not been read`);
  return value;
}

/** The keys of a change that were given, in camelCase. */
function given(spec: ActionSpec): FieldValues {
  const { type: _type, value: _value, ...rest } = spec;
  const entries = Object.entries(rest as Record<string, FieldValue>).filter(([, value]) => value !== undefined);
  if (entries.length === 0) throw new ActionSpecError(null, 'changes nothing: name at least one key');
  return Object.fromEntries(entries.map(([key, value]) => [toCamel(key), value]));
}

function toCamel(key: string): string {
  return key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** What the contract would refuse when it is executed is refused here. */
function requireBounds(spec: ActionSpec, checks: readonly BoundCheck<string>[]): void {
  const failed = checks.find(({ ok }) => !ok);
  if (failed === undefined) return;
  const key = Object.keys(spec).find((each) => toCamel(each) === failed.field) ?? null;
  const detail = `${failed.field} would be ${failed.value}: allowed is ${failed.allowed}`;
  throw new ActionSpecError(key, detail);
}

const change = (spec: ActionSpec, context: ActionContext): ReturnType<Builder<'change_params'>> => {
  const { params } = rootState(context);
  const changed = given(spec);
  const current: FieldValues = {
    pricePerToken: params.pricePerToken,
    workerFeePerToken: params.workerFeePerToken,
    promptTokensPriceMultiplier: params.promptMultiplier,
    cachedTokensPriceMultiplier: params.cachedMultiplier,
    completionTokensPriceMultiplier: params.completionMultiplier,
    reasoningTokensPriceMultiplier: params.reasoningMultiplier,
    proxyDelayBeforeClose: params.proxyDelayBeforeClose,
    clientDelayBeforeClose: params.clientDelayBeforeClose,
    minProxyStake: params.minProxyStake,
    minClientStake: params.minClientStake,
  };
  const full = Object.keys(changed).some((field) => /Multiplier$/.test(field));
  const kept = Object.entries(current).filter(([field]) => full || !/Multiplier$/.test(field));
  const fields = { ...Object.fromEntries(kept), ...changed, expectedParamsVersion: params.paramsVersion };
  return { to: context.root, call: [full ? 'rootChangeParamsFull' : 'rootChangeParams', fields] };
};

const BUILDERS: { [T in ActionType]: Builder<T> } = {
  add_model: withModel('rootAddModelType'),
  del_model: withModel('rootDelModelType'),
  add_worker_image: withHash('rootAddWorkerType'),
  del_worker_image: withHash('rootDelWorkerType'),
  add_proxy_image: withHash('rootAddProxyType'),
  del_proxy_image: withHash('rootDelProxyType'),
  register_proxy: onRoot('rootRegisterProxy', ({ endpoint }) => ({ info: endpoint })),
  update_proxy: onRoot('rootUpdateProxy', ({ seqno, endpoint }) => ({ seqno, info: endpoint })),
  unregister_proxy: onRoot('rootUnregisterProxy', ({ seqno }) => ({ seqno })),
  change_price: onRoot('rootChangePrice', (spec, context) => ({
    ...given(spec),
    expectedParamsVersion: rootState(context).params.paramsVersion,
  })),
  change_params: change,
  upgrade_contracts: onRoot('rootUpgradeContracts', (spec, context) => {
    const { params } = rootState(context);
    const { proxyCode, workerCode, clientCode, paramsVersion } = params;
    return { proxyCode, workerCode, clientCode, ...given(spec), expectedParamsVersion: paramsVersion };
  }),
  upgrade_root({ code, data }, context) {
    if (data === undefined) return { to: context.root, call: ['rootUpgrade', { code }] };
    return { to: context.root, call: ['rootUpgradeFull', { data, code, expectedVersion: rootState(context).version }] };
  },
  change_owner: onRoot('rootChangeOwner', ({ owner }) => ({ owner })),
  transfer({ to, amount, comment }) {
    if (comment === undefined) return { to, value: amount };
    return { to, value: amount, body: beginCell().storeUint(0, 32).storeStringTail(comment).endCell() };
  },
  dao_params(spec, { dao, state }) {
    const { params, paramsHash } = need(state.dao, 'Dao');
    const wanted = { ...params, ...given(spec) };
    requireBounds(spec, daoParamChecks(wanted));
    const { root, transferCap, activationStake, activationMembers, ...rest } = wanted;
    const scope = { root, transferCap, activationStake, activationMembers };
    return { to: dao, call: ['daoSetParams', { expectedHash: paramsHash, params: { ...rest, scope } }] };
  },
  dao_upgrade({ code, data }, { dao, state }) {
    const { version } = need(state.dao, 'Dao');
    return { to: dao, call: ['daoUpgrade', { fromVersion: version, code, data: data ?? null }] };
  },
  vault_limits(spec, { vault, state }) {
    const { limits } = need(state.vault, 'Vault');
    const wanted = { ...limits, ...given(spec) };
    requireBounds(spec, vaultLimitChecks(wanted));
    return { to: vault, call: ['vaultSetLimits', { limits: wanted }] };
  },
  vault_guardian: ({ guardian, until }, { vault }) => ({ to: vault, call: ['vaultSetGuardian', { guardian, until }] }),
  vault_governor: ({ governor }, { vault }) => ({ to: vault, call: ['vaultSetGovernor', { governor }] }),
  vault_network(spec, { vault, state }) {
    const { root, registrar } = need(state.vault, 'Vault');
    return { to: vault, call: ['vaultSetNetwork', { root, registrar, ...given(spec) }] };
  },
  registrar_terms(spec, { registrar, state }) {
    if (registrar === null) throw new ActionSpecError(null, 'this DAO has no registrar');
    const terms = { ...need(state.registrarTerms, 'registrar'), ...given(spec) };
    return { to: registrar, call: ['registrarSetTerms', { terms }] };
  },
  raw({ to, amount, body, init_code: code, init_data: data }) {
    if ((code === undefined) !== (data === undefined)) {
      throw new ActionSpecError(
        code === undefined ? 'init_data' : 'init_code',
        'init_code and init_data belong together',
      );
    }
    const init = code === undefined || data === undefined ? null : { code, data };
    return { to, value: amount, init, ...(body === undefined ? {} : { body }) };
  },
};

/** @throws ActionSpecError, ActionFieldError */
export function buildAction(spec: ActionSpec, queryId: bigint, context: ActionContext): DaoAction {
  const build = BUILDERS[spec.type] as Builder<ActionType>;
  const { to, call, body, value, init } = build(spec, context);
  if (spec.value !== undefined && value !== undefined) throw new ActionSpecError('value', 'the amount is what is sent');
  const encoded = call === undefined ? (body ?? null) : encodeAction(call[0], queryId, call[1]);
  return { to, value: spec.value ?? value ?? DefaultValue.rootOperation, body: encoded, init: init ?? null };
}
