import { Address, beginCell, type Cell, type Message, toNano } from '@ton/core';
import { internal } from '@ton/sandbox';
import fc from 'fast-check';
import { bodies, Op, signedEnvelope, voucherPayload } from '../../wrappers';
import * as any from './arbitraries';
import { hashOf } from './keys';
import type { VoucherOp } from './vouchers';
import { mainnetParams, proxyKey, strangerKey } from './world';

/** Random states, values, senders and bodies, chosen around every threshold of the contracts, for comparing two codes. */

export const person = (name: string) => new Address(0, hashOf(`person ${name}`));
export const owner = person('owner');
export const stranger = person('stranger');
export const carrier = person('carrier');
export const self = person('the contract itself');
export const params = mainnetParams();
export const near = (value: bigint) => fc.constantFrom(value - 1n, value, value + 1n);

/** Values around every threshold: too little gas, 0.1 TON, an amount and 0.1 TON. */
const values = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(1n, toNano('0.01'), toNano('0.05')) },
  { weight: 2, arbitrary: near(toNano('0.1')) },
  { weight: 2, arbitrary: near(toNano('2.1')) },
  { weight: 5, arbitrary: fc.constant(toNano('3')) },
);
const senders = fc.oneof({ weight: 4, arbitrary: fc.constant(owner) }, fc.constant(stranger));
export const queryId = fc.constantFrom(0n, 7n, (1n << 64n) - 1n);
export const excessesTo = carrier;
export const amount = fc.constantFrom(0n, 1n, toNano('2'));

/** Three in four as they are, one in four damaged. */
export function mostlyGood(body: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> {
  return fc.oneof({ weight: 3, arbitrary: body }, { weight: 1, arbitrary: any.damaged(body) });
}

export function vouchers(
  ops: readonly VoucherOp[],
  tokens: fc.Arbitrary<bigint> | undefined,
  contract: Address,
): fc.Arbitrary<Cell> {
  const rarely = fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true));
  return fc
    .record({
      op: fc.constantFrom(...ops),
      queryId,
      tokens: tokens ?? fc.constant(undefined),
      otherOp: rarely,
      otherQuery: rarely,
      otherContract: rarely,
      otherKey: rarely,
      damage: fc.option(any.cell, { freq: 8, nil: null }),
    })
    .map(({ op, queryId: id, tokens: counter, otherOp, otherQuery, otherContract, otherKey, damage }) => {
      const inner = { op: otherOp ? Op.excesses : Op[op], queryId: otherQuery ? id ^ 1n : id };
      const to = otherContract ? stranger : contract;
      const fields = counter === undefined ? { contract: to } : { tokens: counter, contract: to };
      const payload = damage ?? voucherPayload({ ...inner, ...fields });
      const signature = (otherKey ? strangerKey : proxyKey).sign(payload.hash());
      return signedEnvelope({ op: Op[op], queryId: id, excessesTo, signature, payload });
    });
}

const noise = fc.oneof(
  any.cell,
  fc.constantFrom(beginCell().endCell(), bodies.excesses({ queryId: 1n }), bodies.payout({ queryId: 1n })),
  fc.constantFrom(...(['c', 'w', 'b', 'u'] as const)).map(bodies.text),
  fc
    .constantFrom(...Object.values(Op))
    .chain((op) => any.u64.map((id) => beginCell().storeUint(op, 32).storeUint(id, 64).endCell())),
  any.bytes(32).map((uniqueHash) => bodies.saveState({ queryId: 1n, seqno: 1, uniqueHash })),
);

export interface Case {
  data: Cell;
  balance: bigint;
  message: Message;
}

export function cases(
  data: fc.Arbitrary<Cell>,
  body: fc.Arbitrary<Cell>,
  opts: { senders?: fc.Arbitrary<Address>; balances?: readonly bigint[] } = {},
): fc.Arbitrary<Case> {
  const balances = opts.balances ?? [0n, toNano('0.05'), toNano('0.11'), toNano('30')];
  const bodiesAndNoise = fc.oneof({ weight: 6, arbitrary: mostlyGood(body) }, { weight: 1, arbitrary: noise });
  const fields = { data, balance: fc.constantFrom(...balances), from: opts.senders ?? senders, value: values };
  return fc.record({ ...fields, body: bodiesAndNoise }).map(({ data, balance, from, value, body }) => ({
    data,
    balance,
    message: internal({ from, to: self, value, body, bounce: true }),
  }));
}
