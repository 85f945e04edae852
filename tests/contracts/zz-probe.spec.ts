import { toNano } from '@ton/core';
import { createClientWorld, given, VALUE, MIN_VALUE } from '../support/client-world';
import { deliver } from '../support/rejection';
import { exitCodeOf, txOf, sentBy, reservesOf } from '../support/trace';
import { voucherBody } from '../support/vouchers';
import { checkpoint } from '../support/world';
test('probe', async () => {
  const it = await createClientWorld();
  const cp = checkpoint(it.world);
  const lines: string[] = [];
  for (const state of [0, 1, 2] as const) for (const balance of [0n, toNano('40')]) for (const tokens of [999n, 1000n, 1500n]) for (const value of [VALUE, MIN_VALUE - 1n]) for (const op of ['extClientChargeSigned','extClientGrantRefundSigned'] as const) {
    await cp.restore();
    await given(it, { state, balance });
    const r = await deliver(it.world, { from: it.world.actors.carrier, to: it.client.address, value, body: voucherBody({ op, tokens, contract: it.client.address, excessesTo: it.world.actors.carrier.address }) });
    const tx = txOf(r, it.client.address);
    lines.push(`${op} state ${state} balance ${balance} tokens ${tokens} value ${value}: ${exitCodeOf(tx)} ${sentBy(tx).map(s => s.op)}`);
  }
  require('fs').writeFileSync('/tmp/w/probe.txt', lines.join('\n'));
});
