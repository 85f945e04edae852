import type { Address } from '@ton/core';
import type { DaoInfo, RegistrarTerms, RootData, VaultInfo } from '../../wrappers';
import type { KnownBody } from './actions';
import type { FieldValue, FieldValues } from './fields';

/** What is on chain now, as far as it has been read; what is left out is told as unknown. */
export interface ChainState {
  root?: RootData;
  vault?: Pick<VaultInfo, 'governor' | 'guardian' | 'guardianUntil' | 'root' | 'registrar' | 'limits'>;
  dao?: Pick<DaoInfo, 'params' | 'paramsHash' | 'version'>;
  registrarTerms?: RegistrarTerms;
}

/** The present value of what a field of an operation sets; `undefined`: the field names something and sets nothing. */
export type CurrentValues = FieldValues;

type Reader = (fields: FieldValues, state: Required<ChainState>) => CurrentValues;

const LISTS = { WorkerType: 'workerHashes', ModelType: 'modelHashes', ProxyType: 'proxyHashes' } as const;

function listed(list: keyof typeof LISTS): Reader {
  return ({ hash }, { root }) => ({ listed: root[LISTS[list]].has((hash as Buffer).toString('hex')) });
}

function prices({ root: { params } }: Pick<Required<ChainState>, 'root'>): CurrentValues {
  return { pricePerToken: params.pricePerToken, workerFeePerToken: params.workerFeePerToken };
}

function terms({ root: { params } }: Pick<Required<ChainState>, 'root'>): CurrentValues {
  const { proxyDelayBeforeClose, clientDelayBeforeClose, minProxyStake, minClientStake } = params;
  return { proxyDelayBeforeClose, clientDelayBeforeClose, minProxyStake, minClientStake };
}

function registered({ seqno }: FieldValues, { root }: Required<ChainState>): CurrentValues {
  return { info: root.registeredProxies.get(seqno as number) ?? null };
}

/** By operation; needs the state of the operation's target. */
const READERS: Record<string, Reader> = {
  rootAddWorkerType: listed('WorkerType'),
  rootDelWorkerType: listed('WorkerType'),
  rootAddModelType: listed('ModelType'),
  rootDelModelType: listed('ModelType'),
  rootAddProxyType: listed('ProxyType'),
  rootDelProxyType: listed('ProxyType'),
  rootRegisterProxy: () => ({ info: null }),
  rootUnregisterProxy: registered,
  rootUpdateProxy: registered,
  rootPutProxy: registered,
  rootChangePrice: (_, state) => prices(state),
  rootChangeParams: (_, state) => ({ ...prices(state), ...terms(state) }),
  rootChangeParamsFull(_, state) {
    const { params } = state.root;
    return {
      ...prices(state),
      promptTokensPriceMultiplier: params.promptMultiplier,
      cachedTokensPriceMultiplier: params.cachedMultiplier,
      completionTokensPriceMultiplier: params.completionMultiplier,
      reasoningTokensPriceMultiplier: params.reasoningMultiplier,
      ...terms(state),
    };
  },
  rootUpgradeContracts(_, { root: { params } }) {
    return { proxyCode: params.proxyCode, workerCode: params.workerCode, clientCode: params.clientCode };
  },
  rootChangeOwner: (_, { root }) => ({ owner: root.owner }),
  vaultSetGovernor: (_, { vault }) => ({ governor: vault.governor }),
  vaultSetGuardian: (_, { vault }) => ({ guardian: vault.guardian, until: vault.guardianUntil }),
  vaultSetLimits: (_, { vault }) => ({ limits: { ...vault.limits } }),
  vaultSetNetwork: (_, { vault }) => ({ root: vault.root, registrar: vault.registrar }),
  daoSetParams(_, { dao }) {
    const { root, transferCap, activationStake, activationMembers, ...params } = dao.params;
    return { params: { ...params, scope: { root, transferCap, activationStake, activationMembers } } };
  },
  registrarSetTerms: (_, { registrarTerms }) => ({ terms: { ...registrarTerms } }),
};

const NEEDS: Record<string, keyof ChainState> = {
  root: 'root',
  vault: 'vault',
  dao: 'dao',
  registrar: 'registrarTerms',
};

/** @returns undefined where the state of the target has not been read */
export function currentValues({ name, target, fields }: KnownBody, state: ChainState): CurrentValues | undefined {
  const reader = READERS[name];
  const needs = NEEDS[target];
  if (needs !== undefined && state[needs] === undefined) return undefined;
  return reader?.(fields, state as Required<ChainState>) ?? {};
}

/** What the operation compares with before it acts, and whether it would find it now. */
export interface Comparison {
  field: string;
  expected: FieldValue;
  /** undefined: not read */
  present: FieldValue;
}

/** Null: the operation overwrites without comparing; undefined: it overwrites nothing that others could have changed. */
export function comparison({ name, fields }: KnownBody, state: ChainState): Comparison | null | undefined {
  const at = (field: string, present: FieldValue): Comparison | null =>
    fields[field] === undefined ? null : { field, expected: fields[field], present };
  switch (name) {
    case 'rootChangePrice':
    case 'rootChangeParams':
    case 'rootChangeParamsFull':
    case 'rootUpgradeContracts':
      return at('expectedParamsVersion', state.root?.params.paramsVersion);
    case 'rootUpgradeFull':
      return at('expectedVersion', state.root?.version);
    case 'daoSetParams':
      return at('expectedHash', state.dao?.paramsHash);
    case 'daoUpgrade':
      return at('fromVersion', state.dao?.version);
    default:
      return undefined;
  }
}

/** Addresses that a body names, at any depth. */
export function addressesIn(values: FieldValues): Address[] {
  return Object.values(values).flatMap((value) => {
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [];
    if ('workChain' in value) return [value as Address];
    return 'bits' in value ? [] : addressesIn(value as FieldValues);
  });
}
