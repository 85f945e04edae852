import { beginCell, type Cell, toNano } from '@ton/core';
import { bodies, CocoonState, Op, signedEnvelope, voucherPayload } from '../../wrappers';
import { hashOf } from '../support/keys';
import { strangerKey } from '../support/world';
import { type Contract, people, root } from './cast';

/**
 * What a stranger has no right to: owners' operations, vouchers signed by the wrong key, requests that only a child
 * contract may make, answers that nobody asked for, nonsense. Sent to every kind of contract, also where it means nothing.
 */
export function trespass(how: number, target: Contract): { says: string; body: Cell } {
  const all = trespasses(target);
  return all[how % all.length]!;
}

function trespasses({ owner, address }: Contract): { says: string; body: Cell }[] {
  const queryId = 0n;
  const excessesTo = people.stranger;
  const amount = toNano('10');
  const secretHash = hashOf('mine');
  const snapshot = { state: CocoonState.normal, balance: toNano('100'), stake: 0n, tokensUsed: 0n, secretHash };
  const ask = (payload: Cell) => bodies.clientProxyRequest({ queryId, owner, snapshot, payload });
  const forged = (op: number, tokens?: bigint) => {
    const payload = voucherPayload({ op, queryId, contract: address, ...(tokens === undefined ? {} : { tokens }) });
    return signedEnvelope({ op, queryId, excessesTo, payload, signature: strangerKey.sign(payload.hash()) });
  };
  const share = { workerPart: amount, proxyPart: amount, excessesTo };
  const report = { queryId, owner, state: CocoonState.normal, tokens: 1_000n };
  const bodiesByName: Record<string, Cell> = {
    withdraw: bodies.ownerClientWithdraw({ queryId, excessesTo }),
    'refund request': bodies.ownerClientRequestRefund({ queryId, excessesTo }),
    'secret change': bodies.ownerClientChangeSecretHash({ queryId, secretHash, excessesTo }),
    'secret change and top-up': bodies.ownerClientChangeSecretHashAndTopUp({
      queryId,
      amount: 1n,
      secretHash,
      excessesTo,
    }),
    'client stake': bodies.ownerClientIncreaseStake({ queryId, newStake: toNano('1000'), excessesTo }),
    'proxy close': bodies.ownerProxyClose({ queryId, excessesTo }),
    'text c': bodies.text('c'),
    'text w': bodies.text('w'),
    'forged top-up request': ask(bodies.clientProxyTopUp({ amount, excessesTo })),
    'forged refund request': ask(bodies.clientProxyRefundGranted({ amount, excessesTo })),
    'forged forced refund': ask(bodies.clientProxyRefundForce({ amount, excessesTo })),
    'forged payout request': bodies.workerProxyRequest({ ...report, payload: bodies.workerProxyPayoutRequest(share) }),
    'empty report': bodies.workerProxyRequest({ ...report, payload: null }),
    'forged charge': forged(Op.extClientChargeSigned, 1_000n),
    'forged grant': forged(Op.extClientGrantRefundSigned, 1_000n),
    'forged payout': forged(Op.extWorkerPayoutRequestSigned, 1_000n),
    'forged close': forged(Op.extProxyCloseRequestSigned),
    'forged completion': forged(Op.extProxyCloseCompleteRequestSigned),
    'root price': bodies.rootChangePrice({ queryId, pricePerToken: 1n, workerFeePerToken: 1n }),
    'unknown operation': beginCell().storeUint(0x12345678, 32).storeUint(0, 64).storeAddress(root.address).endCell(),
  };
  return Object.entries(bodiesByName).map(([says, body]) => ({ says, body }));
}
