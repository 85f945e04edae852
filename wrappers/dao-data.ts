import { type Address, beginCell, type Cell, Dictionary, type DictionaryValue, type Slice } from '@ton/core';
import { InvalidFieldError, parsing } from './errors';
import { endOf, storeCoins, storeU8, storeU32 } from './fields';

/** Cells of the Dao, its Stakes and its Proposals. Amounts in nanoTON, times in unix seconds, spans in seconds, shares in basis points. */

const HOUR = 3_600;
const DAY = 24 * HOUR;

export interface DaoParams {
  /** epochs that new stake waits beyond the next one */
  warmup: number;
  votingDelay: number;
  votingPeriod: number;
  /** by this much a vote that turns the result near the end moves the end, in all at most twice this */
  extension: number;
  /** the Vault's timelock of critical operations, as the DAO last knew it */
  criticalTimelock: number;
  /** how long after its latest end a proposal may be finalized */
  grace: number;
  thresholdBps: number;
  thresholdFloor: bigint;
  quorumNormalBps: number;
  quorumCriticalBps: number;
  quorumFloor: bigint;
  approvalNormalBps: number;
  approvalCriticalBps: number;
  bond: bigint;
  root: Address;
  /** a proposal that pays out more in all is critical */
  transferCap: bigint;
  activationStake: bigint;
  activationMembers: number;
}

const TON = 1_000_000_000n;

/** The DAO's rules as deployed unless the deployer says otherwise; the root's address is its own. */
export const DEFAULT_DAO_PARAMS: Omit<DaoParams, 'root'> = {
  warmup: 6,
  votingDelay: DAY,
  votingPeriod: 5 * DAY,
  extension: DAY,
  criticalTimelock: 5 * DAY,
  grace: 14 * DAY,
  thresholdBps: 50,
  thresholdFloor: 1_000n * TON,
  quorumNormalBps: 1_000,
  quorumCriticalBps: 2_500,
  quorumFloor: 10_000n * TON,
  approvalNormalBps: 5_000,
  approvalCriticalBps: 6_667,
  bond: 50n * TON,
  transferCap: 1_000n * TON,
  activationStake: 50_000n * TON,
  activationMembers: 5,
};

function storeU16(builder: ReturnType<typeof beginCell>, field: string, value: number) {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) {
    throw new InvalidFieldError(field, `${value} is not an unsigned 16-bit integer`);
  }
  return builder.storeUint(value, 16);
}

export function packDaoParams(params: DaoParams): Cell {
  const builder = storeU8(beginCell(), 'warmup', params.warmup);
  for (const field of ['votingDelay', 'votingPeriod', 'extension', 'criticalTimelock', 'grace'] as const) {
    storeU32(builder, field, params[field]);
  }
  storeCoins(storeU16(builder, 'thresholdBps', params.thresholdBps), 'thresholdFloor', params.thresholdFloor);
  storeU16(builder, 'quorumNormalBps', params.quorumNormalBps);
  storeU16(builder, 'quorumCriticalBps', params.quorumCriticalBps);
  storeCoins(builder, 'quorumFloor', params.quorumFloor);
  storeU16(builder, 'approvalNormalBps', params.approvalNormalBps);
  storeU16(builder, 'approvalCriticalBps', params.approvalCriticalBps);
  storeCoins(builder, 'bond', params.bond);
  const scope = storeCoins(beginCell().storeAddress(params.root), 'transferCap', params.transferCap);
  storeU32(storeCoins(scope, 'activationStake', params.activationStake), 'activationMembers', params.activationMembers);
  return builder.storeRef(scope).endCell();
}

/** @throws CellFormatError */
export function parseDaoParams(cell: Cell): DaoParams {
  return parsing('DAO parameters', () => {
    const s = cell.beginParse();
    const params = {
      warmup: s.loadUint(8),
      votingDelay: s.loadUint(32),
      votingPeriod: s.loadUint(32),
      extension: s.loadUint(32),
      criticalTimelock: s.loadUint(32),
      grace: s.loadUint(32),
      thresholdBps: s.loadUint(16),
      thresholdFloor: s.loadCoins(),
      quorumNormalBps: s.loadUint(16),
      quorumCriticalBps: s.loadUint(16),
      quorumFloor: s.loadCoins(),
      approvalNormalBps: s.loadUint(16),
      approvalCriticalBps: s.loadUint(16),
      bond: s.loadCoins(),
    };
    const scope = s.loadRef().beginParse();
    endOf(s);
    const more = {
      root: scope.loadAddress(),
      transferCap: scope.loadCoins(),
      activationStake: scope.loadCoins(),
      activationMembers: scope.loadUint(32),
    };
    endOf(scope);
    return { ...params, ...more };
  });
}

/** An open proposal's place in the Dao. */
export interface DaoSlot {
  /** account id of the Proposal in the basechain, 32 bytes */
  account: Buffer;
  endsBy: number;
  proposer: Address;
}

const slotValue: DictionaryValue<DaoSlot> = {
  serialize: (slot, builder) =>
    builder.storeBuffer(slot.account, 32).storeUint(slot.endsBy, 32).storeAddress(slot.proposer),
  parse: (s) => ({ account: s.loadBuffer(32), endsBy: s.loadUint(32), proposer: s.loadAddress() }),
};

export interface DaoData {
  vault: Address;
  version: number;
  nextId: number;
  total: bigint;
  epoch: number;
  startTotal: bigint;
  members: number;
  active: boolean;
  /** 0: stake and members are not enough to become active */
  enoughSince: number;
  /** by the proposal's number */
  open: Map<number, DaoSlot>;
  params: DaoParams;
}

/** A Dao as it is deployed: proposals are numbered from 1. */
export function initialDaoData(opts: { vault: Address; params: DaoParams }): DaoData {
  return {
    ...opts,
    version: 1,
    nextId: 1,
    total: 0n,
    epoch: 0,
    startTotal: 0n,
    members: 0,
    active: false,
    enoughSince: 0,
    open: new Map(),
  };
}

export function parseSlots(cell: Cell | null): Map<number, DaoSlot> {
  return parsing('open proposals', () =>
    cell === null
      ? new Map<number, DaoSlot>()
      : new Map(Dictionary.loadDirect(Dictionary.Keys.Uint(32), slotValue, cell.beginParse())),
  );
}

export function packDaoData(data: DaoData): Cell {
  const open = Dictionary.empty(Dictionary.Keys.Uint(32), slotValue);
  for (const [id, slot] of data.open) open.set(id, slot);
  const builder = storeU16(beginCell().storeAddress(data.vault), 'version', data.version);
  storeCoins(storeU32(builder, 'nextId', data.nextId), 'total', data.total);
  storeCoins(storeU16(builder, 'epoch', data.epoch), 'startTotal', data.startTotal);
  storeU32(builder, 'members', data.members).storeBit(data.active);
  storeU32(builder, 'enoughSince', data.enoughSince);
  return builder.storeDict(open).storeRef(packDaoParams(data.params)).endCell();
}

/** What a Stake is deployed with. */
export function packStakeData(opts: { dao: Address; owner: Address }): Cell {
  return beginCell().storeAddress(opts.dao).storeAddress(opts.owner).endCell();
}

export function packProposalData(opts: { dao: Address; id: number }): Cell {
  return storeU32(beginCell().storeAddress(opts.dao), 'id', opts.id).endCell();
}

export interface VoteSplit {
  yes: bigint;
  no: bigint;
  abstain: bigint;
}

/** A Stake's receipt of a vote. */
export interface VoteReceipt extends VoteSplit {
  nonce: number;
  /** from then on it may be dropped */
  endsBy: number;
  /** sent and not yet answered */
  pending: VoteSplit | null;
}

const loadSplit = (s: Slice): VoteSplit => ({ yes: s.loadCoins(), no: s.loadCoins(), abstain: s.loadCoins() });

const receiptValue: DictionaryValue<VoteReceipt> = {
  serialize: () => {
    throw new Error('receipts are only read');
  },
  parse: (s) => {
    const nonce = s.loadUint(32);
    const endsBy = s.loadUint(32);
    const split = loadSplit(s);
    return { nonce, endsBy, ...split, pending: s.loadBit() ? loadSplit(s) : null };
  },
};

const coinsValue: DictionaryValue<bigint> = {
  serialize: (coins, builder) => builder.storeCoins(coins),
  parse: (s) => s.loadCoins(),
};

/** By the Proposal's account id in 64 lower-case hex digits. */
export function parseReceipts(cell: Cell | null): Map<string, VoteReceipt> {
  return parsing('vote receipts', () => {
    const found = new Map<string, VoteReceipt>();
    if (cell === null) return found;
    const dict = Dictionary.loadDirect(Dictionary.Keys.BigUint(256), receiptValue, cell.beginParse());
    for (const [account, receipt] of dict) found.set(account.toString(16).padStart(64, '0'), receipt);
    return found;
  });
}

/** Label -> nanoTON. */
export function parseLabels(cell: Cell | null): Map<number, bigint> {
  return parsing('stake labels', () =>
    cell === null
      ? new Map<number, bigint>()
      : new Map(Dictionary.loadDirect(Dictionary.Keys.Uint(16), coinsValue, cell.beginParse())),
  );
}

/** Unix seconds -> nanoTON. */
export function parseReleases(cell: Cell | null): Map<number, bigint> {
  return parsing('releases', () =>
    cell === null
      ? new Map<number, bigint>()
      : new Map(Dictionary.loadDirect(Dictionary.Keys.Uint(32), coinsValue, cell.beginParse())),
  );
}

export interface ProposalParties {
  vault: Address;
  /** the member, not its Stake */
  proposer: Address;
  bond: bigint;
}

export function packParties(parties: ProposalParties): Cell {
  return storeCoins(
    beginCell().storeAddress(parties.vault).storeAddress(parties.proposer),
    'bond',
    parties.bond,
  ).endCell();
}

export function parseParties(cell: Cell): ProposalParties {
  return parsing('parties of a proposal', () => {
    const s = cell.beginParse();
    const parties = { vault: s.loadAddress(), proposer: s.loadAddress(), bond: s.loadCoins() };
    endOf(s);
    return parties;
  });
}

export interface ProposalPayload {
  /** text, at most 64 bytes */
  title: string;
  /** where the text of the proposal can be read */
  uri: string;
  /** of the text, 32 bytes */
  sha256: Buffer;
  /** see packActions; null: a text-only proposal */
  actions: Cell | null;
}

/** @throws InvalidFieldError for a title that is empty or longer than 64 bytes of UTF-8 */
export function packTitle(title: string): Cell {
  const bytes = Buffer.from(title, 'utf8');
  if (bytes.length === 0 || bytes.length > 64) {
    throw new InvalidFieldError('title', `${bytes.length} bytes given, 1 to 64 fit`);
  }
  return beginCell().storeBuffer(bytes).endCell();
}

export function packMeta(meta: { uri: string; sha256: Buffer }): Cell {
  if (meta.sha256.length !== 32) throw new InvalidFieldError('sha256', `${meta.sha256.length} bytes given, 32 needed`);
  const uri = beginCell().storeStringTail(meta.uri).endCell();
  return beginCell().storeBuffer(meta.sha256).storeRef(uri).endCell();
}

export function packPayload(payload: ProposalPayload): Cell {
  return beginCell()
    .storeRef(packTitle(payload.title))
    .storeRef(packMeta(payload))
    .storeMaybeRef(payload.actions)
    .endCell();
}

/** @throws CellFormatError; what a proposal says is not checked by the Dao beyond its size and the title's length */
export function parsePayload(cell: Cell): ProposalPayload {
  return parsing('payload of a proposal', () => {
    const s = cell.beginParse();
    const title = s.loadRef().beginParse();
    const meta = s.loadRef().beginParse();
    const actions = s.loadMaybeRef();
    endOf(s);
    const text = title.loadBuffer(title.remainingBits / 8).toString('utf8');
    endOf(title);
    const sha256 = meta.loadBuffer(32);
    const uri = meta.loadStringRefTail();
    endOf(meta);
    return { title: text, uri, sha256, actions };
  });
}
