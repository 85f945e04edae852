import {
  type CocoonParams,
  CocoonWorker,
  type ContractInit,
  contractCode,
  exitCodeName,
  MAINNET_TERMS,
  Op,
  parseWorkerData,
  privateKeyFromSeed,
  proxyStateInit,
  rawPublicKey,
  readVoucher,
  signVoucher,
  stateInitAddress,
  workerStateInit,
} from '@cocoon/sdk';
import { type Address, beginCell, Cell, TupleReader, toNano } from '@ton/core';
import type { OutcomeError } from './outcome';
import { ChainError } from './port';
import { readProxyBooks } from './proxy-books';
import { bouncedWhole } from './requests';
import { PassingChain } from './testing/passing-chain';
import { nextSeed, owner, stranger, WalletWorld } from './testing/wallets';
import type { CocoonWalletSender, SentTransaction } from './wallet';

const code = (name: keyof typeof contractCode) => Cell.fromBase64(contractCode[name].boc);
const PARAMS: CocoonParams = {
  structVersion: 3,
  paramsVersion: 1,
  ...MAINNET_TERMS,
  isTest: true,
  proxyCode: code('proxy'),
  workerCode: code('worker'),
  clientCode: code('client'),
};
const key = privateKeyFromSeed(nextSeed());
const publicKey = rawPublicKey(key);
const earner = stranger();

let world: WalletWorld;
let carrier: CocoonWalletSender;
let proxy: Address;
let worker: Address;

beforeEach(async () => {
  world = await WalletWorld.start();
  carrier = await world.fundedSender();
  const proxyInit = proxyStateInit({
    owner: owner.address,
    publicKey,
    root: stranger(),
    params: PARAMS,
    proxyCode: code('proxy'),
  });
  proxy = stateInitAddress(proxyInit);
  const workerInit = workerStateInit({ owner: earner, proxy, publicKey, params: PARAMS });
  worker = stateInitAddress(workerInit);
  const deploy = (init: ContractInit, value: bigint) => ({ to: stateInitAddress(init), value, init });
  await carrier.send([deploy(proxyInit, toNano('0.3')), deploy(workerInit, toNano('0.3'))]);
});

afterEach(async () => {
  await world.closeSenders();
  await world.close();
});

const paid = async () => parseWorkerData((await world.chain.account(worker)).data!).tokens;

/** Cashes a voucher of the worker in, which the proxy has to pay for. */
async function cash(tokens: bigint): Promise<SentTransaction> {
  const data = signVoucher({
    op: Op.extWorkerPayoutRequestSigned,
    queryId: tokens,
    tokens,
    contract: worker,
    excessesTo: carrier.address,
    key,
  });
  const { queryId, signature, payloadCell } = readVoucher(data).envelope;
  const options = { queryId, signature, payload: payloadCell, excessesTo: carrier.address };
  const { to, value, body } = CocoonWorker.buildPayout(worker, options);
  return await carrier.send([{ to, value, body }]);
}

describe('what a contract asks of its proxy', () => {
  it('is part of the outcome: a payout counts when the proxy has paid', async () => {
    const sent = await cash(1_000_000n);
    const received = await carrier.waitForOutcome(sent);
    expect(received.inMessage?.info.dest?.toString()).toBe(worker.toString());
    expect(world.receivedBy(earner)).toEqual([1_000_000n * PARAMS.workerFeePerToken]);
    expect(await paid()).toBe(1_000_000n);
  });

  it('fails the outcome when the proxy refuses it, and says that the voucher stays good', async () => {
    const error = (await carrier.waitForOutcome(await cash(100_000_000n)).catch((reason) => reason)) as OutcomeError;
    expect(error).toMatchObject({ code: 'request-refused', retryable: true, exitCode: 5 });
    expect(error.message).toContain(exitCodeName(5));
    expect(error.message).toContain('tried again later');
    expect(bouncedWhole(error.outcome!.transaction)).toBe(true);
    // What the error says of the worker contract is what that does.
    expect(await paid()).toBe(0n);
    await carrier.waitForOutcome(await cash(1_000n));
    expect(await paid()).toBe(1_000n);
  });
});

describe('the books of a proxy contract', () => {
  it('say what it can pay', async () => {
    const books = await readProxyBooks(world.chain, proxy);
    expect(books).toMatchObject({ escrow: 0n, earned: 0n, backedStake: 0n, clients: 0 });
    expect(books!.payable).toBe((await world.chain.account(proxy)).balance);
  });

  it('count what a closed proxy has charged its clients, and not the coins it keeps for them', async () => {
    const answer = (...numbers: bigint[]) => new TupleReader(numbers.map((value) => ({ type: 'int', value })));
    class Closed extends PassingChain {
      override async runMethod(_: Address, name: string): Promise<TupleReader> {
        if (name === 'get_cocoon_proxy_books') return answer(7n, earned, 100n, 0n, 1n);
        const cell = (address: Address) =>
          ({ type: 'cell', cell: beginCell().storeAddress(address).endCell() }) as const;
        const data = answer(2n, 0n, 0n, 0n, 20n, 19n, 1n, 1n, 1n);
        const items = Array.from({ length: data.remaining }, () => data.pop());
        return new TupleReader([cell(earner), { type: 'int', value: 1n }, cell(earner), ...items]);
      }
    }
    let earned = 30n;
    const chain = new Closed(world.chain);
    expect(await readProxyBooks(chain, proxy)).toMatchObject({ payable: 30n });
    earned = -5n;
    expect(await readProxyBooks(chain, proxy)).toMatchObject({ payable: 0n });
    earned = 200n;
    expect(await readProxyBooks(chain, proxy)).toMatchObject({ payable: 100n });
  });

  it('are unknown where the contract has no such get method, and an error where nobody answers', async () => {
    expect(await readProxyBooks(world.chain, worker)).toBeUndefined();
    await expect(readProxyBooks(world.chain, stranger())).rejects.toBeInstanceOf(ChainError);
  });
});
