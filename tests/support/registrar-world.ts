import { type Address, toNano } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import {
  CocoonRegistrar,
  DEFAULT_REGISTRAR_TERMS,
  initialRegistrarData,
  type ListedProxy,
  type Listing,
  packRegistrarData,
  parseRegistrarData,
  type RegistrarData,
  type RegistrarTerms,
  registrarBodies,
} from '../../wrappers';
import { hashOf } from './keys';
import type { Prices } from './price-sets';
import { type Attempt, deliver } from './rejection';
import { exitCodeOf, txsOf } from './trace';
import { type Actor, codeOf, createWorld, dataOf, overwriteData, putContract, type World } from './world';

/** What the tests of the registrar share. The Vault is an account that takes everything and answers when the test says so. */

export const FIRST = 1_000_000;
export const TERMS: RegistrarTerms = DEFAULT_REGISTRAR_TERMS;
export const STAKE = TERMS.minStake;
export const RENT = TERMS.rent;
export const DAY = 86_400;
/** What every test attaches for fees; more than any operation takes. */
export const FEES = toNano('0.5');
export const PROXY: ListedProxy = { imageHash: hashOf('image'), endpoint: '10.0.0.1:5222 10.0.0.1:8888' };

export interface RegistrarWorld {
  world: World;
  registrar: SandboxContract<CocoonRegistrar>;
  vault: Actor;
  operator: Actor;
  otherOperator: Actor;
}

export async function createRegistrarWorld(opts: { prices?: Prices; vault?: Address } = {}): Promise<RegistrarWorld> {
  const world = await createWorld(opts);
  const [vault, operator, otherOperator] = [
    await world.chain.treasury('vault'),
    await world.chain.treasury('operator'),
    await world.chain.treasury('otherOperator'),
  ];
  const data = initialRegistrarData({ vault: opts.vault ?? vault.address, terms: TERMS });
  const registrar = world.chain.openContract(CocoonRegistrar.createFromConfig(data, codeOf('registrar')));
  await registrar.sendTopUp(operator.getSender());
  return { world, registrar, vault, operator, otherOperator };
}

export async function storageOf({ world, registrar }: RegistrarWorld): Promise<RegistrarData> {
  return parseRegistrarData(await dataOf(world, registrar.address));
}

/** Rewrites some fields of the registrar's data. */
export async function given(it: RegistrarWorld, change: Partial<RegistrarData>): Promise<void> {
  await overwriteData(it.world, it.registrar.address, packRegistrarData({ ...(await storageOf(it)), ...change }));
}

export async function givenTerms(it: RegistrarWorld, change: Partial<RegistrarTerms>): Promise<void> {
  await given(it, { terms: { ...(await storageOf(it)).terms, ...change } });
}

/** Sets the records and, with them, the coins that they stand for. */
export async function givenListings(it: RegistrarWorld, listings: ReadonlyMap<number, Listing>): Promise<void> {
  const held = [...listings.values()].reduce((sum, { stake }) => sum + stake, 0n);
  const next = Math.max(FIRST, ...[...listings.keys()].map((seqno) => seqno + 1));
  const data = packRegistrarData({ ...(await storageOf(it)), listings, held, next, count: listings.size });
  const balance = held + toNano('1');
  await putContract(it.world, { address: it.registrar.address, code: codeOf('registrar'), data, balance });
}

/** A listing as it is a moment after it was made. */
export function listingOf(it: RegistrarWorld, change: Partial<Listing> = {}): Listing {
  return {
    owner: it.operator.address,
    stake: STAKE,
    closeDelay: TERMS.closeDelay,
    paidUntil: it.world.now() + TERMS.period,
    status: 0,
    unlockAt: 0,
    ...PROXY,
    ...change,
  };
}

type Given = Partial<Attempt>;

/** The message of an operator who lists a proxy for one period, with a value that is enough. */
export function listing(it: RegistrarWorld, opts: Partial<ListingFields> & Given = {}): Attempt {
  const { from, to, value, body, ...fields } = opts;
  const all = { queryId: 7n, stake: STAKE, periods: 1, ...PROXY, ...fields };
  return {
    from: from ?? it.operator,
    to: to ?? it.registrar.address,
    value: value ?? all.stake + BigInt(all.periods) * RENT + FEES,
    body: body ?? registrarBodies.registrarList(all),
  };
}
type ListingFields = ListedProxy & { stake: bigint; periods: number };

/** Sends what must succeed. */
export async function accepted(it: RegistrarWorld, message: Attempt): Promise<SendMessageResult> {
  const result = await deliver(it.world, message);
  expect(exitCodeOf(txsOf(result, message.to)[0]!)).toBe(0);
  return result;
}

const BODIES = {
  unlist: registrarBodies.registrarUnlist,
  evict: registrarBodies.registrarEvict,
  recheck: registrarBodies.registrarRecheck,
  withdraw: registrarBodies.registrarWithdraw,
} as const;
export type Verb = keyof typeof BODIES;

/** Any of the operations that name nothing but a listing. */
export function numbered(it: RegistrarWorld, verb: Verb, seqno = FIRST, opts: Given = {}): Attempt {
  const body = BODIES[verb]({ queryId: 7n, seqno });
  return { from: it.operator, to: it.registrar.address, value: FEES, body, ...opts };
}

export function update(it: RegistrarWorld, change: Partial<ListedProxy> & Given & { seqno?: number } = {}): Attempt {
  const { from, to, value, body, ...fields } = change;
  return {
    from: from ?? it.operator,
    to: to ?? it.registrar.address,
    value: value ?? FEES,
    body: body ?? registrarBodies.registrarUpdate({ queryId: 7n, seqno: FIRST, ...PROXY, ...fields }),
  };
}

export function payRent(it: RegistrarWorld, periods: number, opts: Given & { seqno?: number } = {}): Attempt {
  const { seqno = FIRST, ...rest } = opts;
  const body = registrarBodies.registrarPayRent({ queryId: 7n, seqno, periods });
  return { from: it.operator, to: it.registrar.address, value: BigInt(periods) * RENT + FEES, body, ...rest };
}

/** What the Vault says when the root refuses, and when its guardian revokes. */
export function failed(it: RegistrarWorld, isListing: boolean, seqno = FIRST, opts: Given = {}): Attempt {
  const body = registrarBodies.registryFailed({ queryId: 9n, seqno, listing: isListing });
  return { from: it.vault, to: it.registrar.address, value: toNano('0.1'), body, ...opts };
}

export function revoked(it: RegistrarWorld, seqno = FIRST, opts: Given = {}): Attempt {
  const body = registrarBodies.registryRevoked({ queryId: 9n, seqno });
  return { from: it.vault, to: it.registrar.address, value: toNano('0.1'), body, ...opts };
}

export async function statusOf(it: RegistrarWorld, seqno = FIRST): Promise<number | undefined> {
  return (await storageOf(it)).listings.get(seqno)?.status;
}
