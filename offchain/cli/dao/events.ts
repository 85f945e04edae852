import { formatAmount, Op, ProposalStatus, ProposeCode, printable, spanText } from '@cocoon/sdk';
import type { Address, Cell, Slice, Transaction } from '@ton/core';
import { outcomeOf } from '../../chain/outcome';
import type { Chain } from '../../chain/port';
import type { DaoContext } from './context';

/** What happened in the DAO, read off the messages that Dao and Vault carried out: no indexer, and nothing that they refused. */

export interface DaoEvent {
  /** unix seconds */
  at: number;
  /** orders events of one account; of two accounts within a second it may not */
  lt: bigint;
  kind: string;
  /** one sentence */
  text: string;
  proposal?: number;
  /** whose act it was */
  by?: string;
  /** nanoTON */
  amount?: bigint;
  /** an act of the guardian */
  guardian?: true;
}

type Told = Omit<DaoEvent, 'at' | 'lt'>;
/** Reads behind op and query id. @returns undefined: it changed nothing that people ask about */
type Reader = (body: Slice, transaction: Transaction) => Told | undefined;

const CLASSES = ['normal', 'critical'];

function resultName(result: number): string {
  return Object.entries(ProposalStatus).find(([, code]) => code === result)?.[0] ?? `closed (${result})`;
}

const AT_DAO: Readonly<Record<number, Reader>> = {
  [Op.daoStakeAdd](body) {
    const amount = body.loadCoins();
    const joins = body.loadBit();
    const by = body.loadAddress().toString();
    return { kind: 'staked', by, amount, text: `${by} staked ${formatAmount(amount)}${joins ? ', a new member' : ''}` };
  },
  [Op.daoStakeSub](body) {
    const amount = body.loadCoins();
    const leaves = body.loadBit();
    const by = body.loadAddress().toString();
    return { kind: 'unstaked', by, amount, text: `${by} unstaked ${formatAmount(amount)}${leaves ? ' and left' : ''}` };
  },
  [Op.daoPropose](body, transaction) {
    body.loadCoins();
    body.loadUint(16);
    const by = body.loadAddress().toString();
    const title = body.loadRef().beginParse().loadRef().beginParse();
    const answer = answerOf(transaction, Op.proposeResult);
    if (answer === undefined || answer.loadUint(8) !== ProposeCode.accepted) return undefined;
    const proposal = answer.loadUint(32);
    const words = printable(title.loadBuffer(Math.floor(title.remainingBits / 8)).toString('utf8'));
    return { kind: 'proposed', by, proposal, text: `${by} made proposal ${proposal}: ${words}` };
  },
  [Op.proposalPassed](body) {
    const proposal = body.loadUint(32);
    return {
      kind: 'passed',
      proposal,
      text: `proposal ${proposal} passed, ${CLASSES[body.loadUint(8)] ?? 'critical'}`,
    };
  },
  [Op.proposalClosed](body) {
    const proposal = body.loadUint(32);
    const result = body.loadUint(8);
    // The Vault tells it, too.
    if (result === ProposalStatus.queued) return undefined;
    const kind = resultName(result);
    return { kind, proposal, text: `proposal ${proposal} is ${kind}` };
  },
  [Op.daoActivate]: () => ({ kind: 'activated', text: 'the DAO became active' }),
  [Op.daoSetParams]: () => ({ kind: 'rules', text: "a vote changed the DAO's rules" }),
  [Op.daoUpgrade]: () => ({ kind: 'upgraded', text: "a vote replaced the Dao's code" }),
};

const AT_VAULT: Readonly<Record<number, Reader>> = {
  [Op.vaultInit]: () => ({ kind: 'set up', text: 'the Vault was set up' }),
  [Op.vaultSchedule](body) {
    const proposal = body.loadUint(32);
    return { kind: 'queued', proposal, text: `proposal ${proposal} is queued` };
  },
  [Op.vaultExecute](body, transaction) {
    const proposal = body.loadUint(32);
    return { kind: 'executed', proposal, ...sender(transaction), text: `proposal ${proposal} was executed` };
  },
  [Op.vaultVeto](body) {
    const proposal = body.loadUint(32);
    const reason = printable(chainText(body.loadRef()));
    return { kind: 'vetoed', guardian: true, proposal, text: `the guardian vetoed proposal ${proposal}: ${reason}` };
  },
  [Op.vaultPause](body) {
    const span = spanText(body.loadUint(32));
    return { kind: 'paused', guardian: true, text: `the guardian paused all execution for ${span}` };
  },
  [Op.vaultRevoke](body) {
    const inner = body.loadRef().beginParse();
    const what = REMOVALS[inner.loadUint(32)] ?? 'an entry';
    const hash = inner.skip(64);
    const entry = hash.remainingBits >= 256 ? hash.loadBuffer(32).toString('hex') : String(hash.loadUint(32));
    return { kind: 'revoked', guardian: true, text: `the guardian took ${what} ${entry} off the root's lists` };
  },
  [Op.vaultSetGovernor]: () => ({ kind: 'governor', text: 'a vote named another governor' }),
  [Op.vaultClaimGovernor]: (_, transaction) => ({
    kind: 'governor',
    ...sender(transaction),
    text: 'the new governor took over',
  }),
  [Op.vaultSetGuardian]: () => ({ kind: 'guardian', text: 'a vote named another guardian' }),
  [Op.vaultSetLimits]: () => ({ kind: 'limits', text: "a vote changed the Vault's limits" }),
  [Op.vaultSetNetwork]: () => ({ kind: 'network', text: 'a vote changed root or registrar' }),
};

const REMOVALS: Readonly<Record<number, string>> = {
  [Op.rootDelProxyType]: 'proxy image',
  [Op.rootDelWorkerType]: 'worker image',
  [Op.rootDelModelType]: 'model',
  [Op.rootUnregisterProxy]: 'proxy',
};

function sender({ inMessage }: Transaction): { by?: string } {
  return inMessage?.info.type === 'internal' ? { by: inMessage.info.src.toString() } : {};
}

function answerOf({ outMessages }: Transaction, op: number): Slice | undefined {
  for (const { body } of outMessages.values()) {
    const slice = body.beginParse();
    if (slice.remainingBits >= 96 && slice.loadUint(32) === op) return slice.skip(64);
  }
  return undefined;
}

/** Text in cells of whole bytes, each with a reference to the next. */
function chainText(first: Cell): string {
  const parts: Buffer[] = [];
  for (let cell: Cell | undefined = first; cell !== undefined; cell = cell.refs[0]) {
    parts.push(cell.beginParse().loadBuffer(Math.floor(cell.bits.length / 8)));
  }
  return Buffer.concat(parts).toString('utf8');
}

export function eventOf(transaction: Transaction, readers: Readonly<Record<number, Reader>>): DaoEvent | undefined {
  const { inMessage, now: at, lt } = transaction;
  const body = inMessage?.body.beginParse();
  if (body === undefined || body.remainingBits < 96 || outcomeOf(transaction).result !== 'success') return undefined;
  if (inMessage?.info.type === 'internal' && inMessage.info.bounced) return undefined;
  const read = readers[body.loadUint(32)];
  const told = read?.(body.skip(64), transaction);
  return told && { at, lt, ...told };
}

async function eventsAt(
  chain: Chain,
  address: Address,
  readers: Readonly<Record<number, Reader>>,
  { after, limit }: { after: bigint; limit: number },
): Promise<DaoEvent[]> {
  const found: DaoEvent[] = [];
  let oldest: Transaction | undefined;
  for (;;) {
    const before: { lt: bigint; hash: Buffer } | undefined = oldest && { lt: oldest.lt, hash: oldest.hash() };
    const page = await chain.transactions(address, { limit: 50, ...(before ? { before } : {}) });
    for (const transaction of page) {
      if (transaction.lt <= after) return found;
      const event = eventOf(transaction, readers);
      if (event !== undefined) found.push(event);
      if (found.length >= limit) return found;
    }
    oldest = page.at(-1);
    if (oldest === undefined || oldest.prevTransactionLt === 0n) return found;
  }
}

/** @param range.after a logical time of the Vault; @returns newest first */
export function vaultEvents({ chain, info }: DaoContext, range: { after: bigint; limit: number }): Promise<DaoEvent[]> {
  return eventsAt(chain, info.vault, AT_VAULT, range);
}

/** Newest first, at most so many. */
export async function daoEvents(context: DaoContext, limit: number): Promise<DaoEvent[]> {
  const range = { after: 0n, limit };
  const [atDao, atVault] = await Promise.all([
    eventsAt(context.chain, context.dao, AT_DAO, range),
    vaultEvents(context, range),
  ]);
  return [...atDao, ...atVault].sort((a, b) => b.at - a.at || Number(b.lt - a.lt)).slice(0, limit);
}
