import { Address, beginCell, type Message, type Transaction } from '@ton/core';
import { opcode, type Step, traces } from './trace';

/** Only what a trace looks at; the rest of a transaction is of no interest here. */
function step(account: Address, lt: bigint, inMessage: Message, out: Message[], fees: bigint, gas: bigint): Step {
  const transaction = {
    lt,
    inMessage,
    outMessages: new Map(out.map((message, index) => [index, message])),
    totalFees: { coins: fees },
    description: { type: 'generic', computePhase: { type: 'vm', gasUsed: gas } },
  } as unknown as Transaction;
  return { account, transaction };
}

function internal(src: Address, dest: Address, createdLt: bigint, forwardFee: bigint): Message {
  return {
    info: { type: 'internal', src, dest, createdLt, forwardFee },
    body: beginCell().endCell(),
  } as unknown as Message;
}

const external = { info: { type: 'external-in' }, body: beginCell().endCell() } as unknown as Message;
const [wallet, contract, owner] = [1, 2, 3].map((n) => new Address(0, Buffer.alloc(32, n))) as [
  Address,
  Address,
  Address,
];

describe('traces', () => {
  it('follow the messages of one external through all accounts and add up fees, forward fees and gas', () => {
    const first = internal(wallet, contract, 11n, 7n);
    const second = internal(contract, owner, 21n, 5n);
    const stranger = internal(owner, contract, 99n, 1_000n);
    const all = traces([
      step(wallet, 10n, external, [first], 100n, 1n),
      step(contract, 20n, first, [second], 200n, 2n),
      step(owner, 30n, second, [], 400n, 4n),
      step(contract, 100n, stranger, [], 800n, 8n), // not set off by an external of these accounts
    ]);
    expect(all.map(({ fees, gas, steps }) => ({ fees, gas, count: steps.length }))).toEqual([
      { fees: 100n + 200n + 400n + 7n + 5n, gas: 7n, count: 3 },
    ]);
  });

  it('keeps two externals apart, also when they send the same message', () => {
    const [a, b] = [internal(wallet, contract, 11n, 1n), internal(wallet, contract, 51n, 1n)];
    const all = traces([
      step(wallet, 10n, external, [a], 1n, 0n),
      step(contract, 20n, a, [], 1n, 0n),
      step(wallet, 50n, external, [b], 1n, 0n),
      step(contract, 60n, b, [], 1n, 0n),
    ]);
    expect(all.map(({ steps }) => steps.map(({ transaction }) => transaction.lt))).toEqual([
      [10n, 20n],
      [50n, 60n],
    ]);
  });
});

describe('opcode', () => {
  it('reads the first 32 bits and nothing from shorter bodies', () => {
    const message = (bits: number) =>
      ({
        body: beginCell()
          .storeUint(0xabcdef01n >> BigInt(32 - bits), bits)
          .endCell(),
      }) as unknown as Message;
    expect(opcode(message(32))).toBe(0xabcdef01);
    expect(opcode(message(31))).toBeUndefined();
    expect(opcode(null)).toBeUndefined();
  });
});
