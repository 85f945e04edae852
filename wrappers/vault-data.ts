import { type Address, beginCell, type Cell, Dictionary, type DictionaryValue, type Slice } from '@ton/core';
import { InvalidFieldError, parsing } from './errors';
import { endOf, loadAnyAddress, storeCoins, storeHash, storeU8, storeU32 } from './fields';

/** Data cell of the Vault. Its initial one is half of its address, so pack* is bit-exact. */

/** Spans in seconds. */
export interface VaultLimits {
  /** timelock of normal operations */
  delayNormal: number;
  /** timelock of critical operations */
  delayCritical: number;
  /** how long an operation may be executed once its timelock is over */
  grace: number;
  /** the longest closing delay of a proxy or client in the network */
  exitDelay: number;
  /** basis points of the treasury that normal operations may spend within seven days */
  spendCapBps: number;
}

const DAY = 86_400;

export const DEFAULT_VAULT_LIMITS: VaultLimits = {
  delayNormal: 2 * DAY,
  delayCritical: 5 * DAY,
  grace: 14 * DAY,
  exitDelay: DAY,
  spendCapBps: 500,
};

export const OperationState = { waiting: 0, done: 1, vetoed: 2 } as const;
export type OperationState = (typeof OperationState)[keyof typeof OperationState];

/** What the Vault keeps of an operation until it expires. Times in unix seconds: it can be executed while eta <= now < expires. */
export interface VaultOperation {
  state: OperationState;
  eta: number;
  expires: number;
  /** see actionsHash, 32 bytes */
  actionsHash: Buffer;
  critical: boolean;
  /** its actions had been vetoed before */
  unvetoable: boolean;
  proposal: Address;
}

export interface VaultPowers {
  /** before vault_init the deployer, later a governor that a vote has named; null: nobody */
  successor: Address | null;
  guardian: Address | null;
  /** unix seconds; from then on the guardian has no power */
  guardianUntil: number;
  /** unix seconds */
  lastPause: number;
  /** UTC day of the last revocation */
  revokeDay: number;
  /** revocations on that day */
  revokes: number;
  /** when a list of actions was last vetoed: hash in 64 lower-case hex digits -> unix seconds */
  vetoed: Map<string, number>;
}

/** Coins that a normal operation has spent, nanoTON. */
export interface VaultSpend {
  /** unix seconds */
  at: number;
  amount: bigint;
}

export interface VaultData extends VaultPowers {
  /** null: not set up yet */
  governor: Address | null;
  root: Address;
  registrar: Address | null;
  /** unix seconds */
  pausedUntil: number;
  limits: VaultLimits;
  operations: Map<number, VaultOperation>;
  /** oldest first */
  spends: VaultSpend[];
}

export function initialVaultData(opts: { root: Address; deployer: Address; limits?: VaultLimits }): VaultData {
  return {
    governor: null,
    root: opts.root,
    registrar: null,
    pausedUntil: 0,
    limits: opts.limits ?? DEFAULT_VAULT_LIMITS,
    successor: opts.deployer,
    guardian: null,
    guardianUntil: 0,
    lastPause: 0,
    revokeDay: 0,
    revokes: 0,
    vetoed: new Map(),
    operations: new Map(),
    spends: [],
  };
}

export function packVaultLimits(limits: VaultLimits): Cell {
  const builder = beginCell();
  storeU32(builder, 'delayNormal', limits.delayNormal);
  storeU32(builder, 'delayCritical', limits.delayCritical);
  storeU32(builder, 'grace', limits.grace);
  storeU32(builder, 'exitDelay', limits.exitDelay);
  const { spendCapBps } = limits;
  if (!Number.isInteger(spendCapBps) || spendCapBps < 0 || spendCapBps > 0xffff) {
    throw new InvalidFieldError('spendCapBps', `${spendCapBps} is not an unsigned 16-bit integer`);
  }
  return builder.storeUint(spendCapBps, 16).endCell();
}

function loadLimits(slice: Slice): VaultLimits {
  return {
    delayNormal: slice.loadUint(32),
    delayCritical: slice.loadUint(32),
    grace: slice.loadUint(32),
    exitDelay: slice.loadUint(32),
    spendCapBps: slice.loadUint(16),
  };
}

export function parseVaultLimits(cell: Cell): VaultLimits {
  return parsing('vault limits', () => {
    const slice = cell.beginParse();
    const limits = loadLimits(slice);
    endOf(slice);
    return limits;
  });
}

const operationValue: DictionaryValue<VaultOperation> = {
  serialize(operation, builder) {
    storeU32(builder, 'expires', operation.expires);
    storeU32(builder, 'eta', operation.eta);
    builder.storeUint(operation.state, 2).storeBit(operation.critical).storeBit(operation.unvetoable);
    storeHash(builder, 'actionsHash', operation.actionsHash).storeAddress(operation.proposal);
  },
  parse(slice) {
    const expires = slice.loadUint(32);
    const eta = slice.loadUint(32);
    const state = slice.loadUint(2);
    if (state === 3) throw new Error('state 3 does not exist (0 waiting, 1 done, 2 vetoed)');
    const [critical, unvetoable] = [slice.loadBit(), slice.loadBit()];
    const actionsHash = slice.loadBuffer(32);
    const proposal = slice.loadAddress();
    return { state: state as OperationState, eta, expires, actionsHash, critical, unvetoable, proposal };
  },
};

/** What get_vault_operations answers: records by number, in rising order. */
export function parseOperations(root: Cell | null): Map<number, VaultOperation> {
  const found = readDict(root, Dictionary.Keys.Uint(32), operationValue);
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** What get_vault_vetoed answers: when a list of actions was vetoed, by its hash. */
export function parseVetoed(root: Cell | null): Map<string, number> {
  const found = readDict(root, Dictionary.Keys.Buffer(32), Dictionary.Values.Uint(32));
  return new Map([...found].map(([hash, at]): [string, number] => [hash.toString('hex'), at]));
}

function readDict<K extends number | Buffer, V>(
  root: Cell | null,
  key: Parameters<typeof Dictionary.loadDirect<K, V>>[0],
  value: DictionaryValue<V>,
): Dictionary<K, V> {
  return root === null ? Dictionary.empty(key, value) : Dictionary.loadDirect(key, value, root.beginParse());
}

export function packVaultData(data: VaultData): Cell {
  const operations = Dictionary.empty(Dictionary.Keys.Uint(32), operationValue);
  for (const [id, operation] of data.operations) operations.set(id, operation);
  const builder = beginCell().storeAddress(data.governor).storeAddress(data.root).storeAddress(data.registrar);
  storeU32(builder, 'pausedUntil', data.pausedUntil);
  builder.storeSlice(packVaultLimits(data.limits).beginParse()).storeRef(packPowers(data));
  return builder.storeDict(operations).storeMaybeRef(packSpends(data.spends)).endCell();
}

function packPowers(powers: VaultPowers): Cell {
  const vetoed = Dictionary.empty(Dictionary.Keys.Buffer(32), Dictionary.Values.Uint(32));
  for (const [hash, at] of powers.vetoed) vetoed.set(Buffer.from(hash, 'hex'), at);
  const builder = beginCell().storeAddress(powers.successor).storeAddress(powers.guardian);
  storeU32(builder, 'guardianUntil', powers.guardianUntil);
  storeU32(builder, 'lastPause', powers.lastPause).storeUint(powers.revokeDay, 16);
  return storeU8(builder, 'revokes', powers.revokes).storeDict(vetoed).endCell();
}

function packSpends(spends: readonly VaultSpend[]): Cell | null {
  if (spends.length === 0) return null;
  const builder = beginCell();
  for (const { at, amount } of spends) storeCoins(storeU32(builder, 'at', at), 'amount', amount);
  return builder.endCell();
}

export function parseVaultData(cell: Cell): VaultData {
  return parsing('vault data', () => {
    const slice = cell.beginParse();
    const governor = loadAnyAddress(slice);
    const root = slice.loadAddress();
    const registrar = loadAnyAddress(slice);
    const pausedUntil = slice.loadUint(32);
    const limits = loadLimits(slice);
    const powers = loadPowers(slice.loadRef().beginParse());
    const operations = parseOperations(slice.loadMaybeRef());
    const spends = loadSpends(slice.loadMaybeRef());
    endOf(slice);
    return { governor, root, registrar, pausedUntil, limits, ...powers, operations, spends };
  });
}

function loadPowers(slice: Slice): VaultPowers {
  const powers = {
    successor: loadAnyAddress(slice),
    guardian: loadAnyAddress(slice),
    guardianUntil: slice.loadUint(32),
    lastPause: slice.loadUint(32),
    revokeDay: slice.loadUint(16),
    revokes: slice.loadUint(8),
    vetoed: parseVetoed(slice.loadMaybeRef()),
  };
  endOf(slice);
  return powers;
}

function loadSpends(cell: Cell | null): VaultSpend[] {
  const spends: VaultSpend[] = [];
  const slice = cell?.beginParse();
  while (slice !== undefined && slice.remainingBits > 0) {
    spends.push({ at: slice.loadUint(32), amount: slice.loadCoins() });
  }
  return spends;
}
