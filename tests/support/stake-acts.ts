import { type Address, beginCell, Cell, Dictionary, type DictionaryValue, SendMode } from '@ton/core';
import { internal, type SendMessageResult } from '@ton/sandbox';
import { daoBodies, packStakeData, type StakeInfo, type Vote } from '../../wrappers';
import { activate, createDaoWorld, DAY, type DaoWorld, TON } from './dao-world';
import type { Prices } from './price-sets';
import { exitCodeOf, isBounce, txsOf } from './trace';
import { balanceOf, dataOf, putContract, type World } from './world';

/** What tests of the Stake do again and again: members' messages with their traces, stand-ins for other contracts, full books. */

export const RESERVE = TON / 10n;
/** Runs to its end and answers nothing. */
export const SILENT = Cell.EMPTY;
/** THROW 50 */
export const THROWING = beginCell().storeUint(0xf232, 16).endCell();

export const nobody = { yes: 0n, no: 0n, abstain: 0n };

/** The parts of World that the helpers for rejections need. */
export function asWorld(dao: DaoWorld): World {
  return dao as unknown as World;
}

export const epochOf = (time: number): number => Math.floor(time / DAY);

/** Three members with 1 000 TON each that count since long ago; the DAO is active. */
export async function createStaked(
  opts: { members?: number; prices?: Prices; params?: DaoWorld['params'] | object } = {},
): Promise<DaoWorld> {
  const world = await createDaoWorld(opts as Parameters<typeof createDaoWorld>[0]);
  await activate(
    world,
    world.members.map(() => 1_000n * TON),
  );
  return world;
}

/** A member's message to its own Stake. @param value nanoTON */
export function say(world: DaoWorld, member: number, body: Cell, value = 20n * TON): Promise<SendMessageResult> {
  const to = world.stakes[member]!.address;
  return world.members[member]!.send({ to, value, body, bounce: true, sendMode: SendMode.PAY_GAS_SEPARATELY });
}

export const deposit = (world: DaoWorld, member: number, amount: bigint, fees = 20n * TON) => {
  const { init, address: to } = world.stakes[member]!;
  const body = daoBodies.stakeDeposit({ queryId: 1n, amount });
  return world.members[member]!.send({ to, value: amount + fees, body, ...(init ? { init } : {}), bounce: true });
};
export const unstake = (world: DaoWorld, member: number, amount: bigint) =>
  say(world, member, daoBodies.stakeUnstake({ queryId: 2n, amount }));
export const withdraw = (world: DaoWorld, member: number) =>
  say(world, member, daoBodies.stakeWithdraw({ queryId: 3n }));
export const sync = (world: DaoWorld, member: number) => say(world, member, daoBodies.stakeSync({ queryId: 4n }));
export const delegate = (world: DaoWorld, member: number, to: number) =>
  say(world, member, daoBodies.stakeDelegate({ queryId: 5n, delegate: world.members[to]!.address }));
export const undelegate = (world: DaoWorld, member: number) =>
  say(world, member, daoBodies.stakeUndelegate({ queryId: 6n }));

export function voteBody(proposal: Address, epoch: number, vote: Partial<Vote>): Cell {
  return daoBodies.stakeVote({ queryId: 8n, ...nobody, ...vote, proposal, epoch });
}
export const vote = (world: DaoWorld, member: number, to: Address, epoch: number, split: Partial<Vote>) =>
  say(world, member, voteBody(to, epoch, split));

/** A message in the name of any account; its coins come from nowhere. */
export const speak = (world: DaoWorld, from: Address, to: Address, body: Cell, value = TON) =>
  world.chain.sendMessage(internal({ from, to, value, body, bounce: true }));

/** Puts other code where a contract is or could be. */
export const replace = (world: DaoWorld, address: Address, code: Cell) =>
  putContract(asWorld(world), { address, code, data: Cell.EMPTY, balance: TON });

/** Runs `act` while other code answers, or does not, at this address. */
export async function whileReplaced<T>(
  world: DaoWorld,
  address: Address,
  code: Cell,
  act: () => Promise<T>,
): Promise<T> {
  const before = (await world.chain.getContract(address)).account;
  await replace(world, address, code);
  const result = await act();
  await world.chain.setShardAccount(address, before);
  return result;
}

/** The account owed more rent than the chain waits for: it keeps the hash of its state and takes no message. */
export async function freeze(world: DaoWorld, address: Address): Promise<void> {
  await replace(world, address, SILENT);
  const { account } = await world.chain.getContract(address);
  account.account!.storage.state = { type: 'frozen', stateHash: 5n };
  account.account!.storage.balance = { ...account.account!.storage.balance, coins: 0n };
  await world.chain.setShardAccount(address, account);
}

/** Coins that the books call the member's, nanoTON. */
export const owedTo = (info: StakeInfo): bigint => info.own + info.out + info.pend + info.refundable + info.unbonding;

/** What the books of a Stake must say at all times: I3 and C1. @param stakedMinusPaid what the member put in and did not get back */
export async function expectSound(world: DaoWorld, member: number, stakedMinusPaid?: bigint): Promise<StakeInfo> {
  const stake = world.stakes[member]!;
  const info = await stake.getData();
  const balance = await balanceOf(asWorld(world), stake.address);
  expect(balance).toBeGreaterThanOrEqual(owedTo(info));
  const labelled = [...info.labels.values()].reduce((sum, coins) => sum + coins, 0n);
  expect(labelled).toBeLessThanOrEqual(info.own + info.inn);
  expect(info.labels.size).toBeLessThanOrEqual(46);
  expect(info.votes.size).toBeLessThanOrEqual(24);
  expect(info.releases.size).toBeLessThanOrEqual(8);
  if (stakedMinusPaid !== undefined) expect(owedTo(info)).toBe(stakedMinusPaid);
  return info;
}

const coins: DictionaryValue<bigint> = {
  serialize: (value, builder) => builder.storeCoins(value),
  parse: (slice) => slice.loadCoins(),
};

/** Books of a Stake that no short history reaches. Amounts in nanoTON. */
export interface Books {
  own: bigint;
  inn?: bigint;
  labels: ReadonlyMap<number, bigint>;
  /** account id -> end */
  receipts?: ReadonlyMap<bigint, number>;
  out?: bigint;
  releases?: ReadonlyMap<number, bigint>;
  delegate?: Address | null;
}

export function packBooks(opts: { dao: Address; owner: Address }, books: Books): Cell {
  const labels = Dictionary.empty(Dictionary.Keys.Uint(16), coins);
  for (const [label, amount] of books.labels) labels.set(label, amount);
  const votes = Dictionary.empty(Dictionary.Keys.BigUint(256), Dictionary.Values.BitString(64 + 3 * 44 + 1));
  for (const [account, end] of books.receipts ?? []) {
    const receipt = beginCell()
      .storeUint(end - 1, 32)
      .storeUint(end, 32);
    for (let i = 0; i < 3; i += 1) receipt.storeCoins(10_000_000_000n);
    votes.set(account, receipt.storeBit(false).endCell().bits);
  }
  const releases = Dictionary.empty(Dictionary.Keys.Uint(32), coins);
  for (const [time, amount] of books.releases ?? []) releases.set(time, amount);
  const more = beginCell()
    .storeCoins(0)
    .storeCoins(books.out ?? 0n)
    .storeCoins(0)
    .storeCoins(0)
    .storeCoins(0);
  more
    .storeAddress(books.delegate ?? null)
    .storeUint(0, 2)
    .storeBit(true)
    .storeDict(releases);
  return beginCell()
    .storeSlice(packStakeData(opts).beginParse())
    .storeCoins(books.own)
    .storeCoins(books.inn ?? 0n)
    .storeUint(0, 32)
    .storeUint(0, 32)
    .storeUint(votes.size, 8)
    .storeDict(labels)
    .storeDict(votes)
    .storeRef(more)
    .endCell();
}

/** As many labels as a Stake ever has: the horizon and the longest warm-up around today. @param each nanoTON per label */
export function fullLabels(now: number, each: bigint): Map<number, bigint> {
  const today = epochOf(now);
  return new Map(Array.from({ length: 46 }, (_, i) => [today - 30 + i, each]));
}

/** Refused with this code, and the Stake as before. For senders that are contracts themselves and do something with a bounce. */
export async function expectRefused(
  world: DaoWorld,
  opts: { from: Address; to: Address; body: Cell; value?: bigint },
  exitCode: number,
): Promise<void> {
  const before = await dataOf(asWorld(world), opts.to);
  const result = await speak(world, opts.from, opts.to, opts.body, opts.value);
  const [first] = txsOf(result, opts.to);
  expect(exitCodeOf(first!)).toBe(exitCode);
  expect(first!.outMessages.values().map(isBounce)).toEqual([true]);
  expect((await dataOf(asWorld(world), opts.to)).equals(before)).toBe(true);
}
