import { type ClientData, CocoonState } from '@cocoon/sdk';
import { MAINNET_TERMS } from '@cocoon/sdk/networks';
import { toNano } from '@ton/core';
import { type ChannelSituation, nextStep } from './channel-rules';
import { FakeChain } from './testing/fake-network';

const SECRET_HASH = Buffer.alloc(32, 1);
const NOW = 1_700_000_000;
/** 15 TON at 20 nanoTON. */
const STAKE_TOKENS = 750_000_000n;

function situation(
  onChain: Partial<ClientData> = {},
  rest: Partial<Omit<ChannelSituation, 'onChain'>> = {},
): ChannelSituation {
  const data = { ...new FakeChain().emptyClient(), balance: toNano('15'), secretHash: SECRET_HASH, ...onChain };
  return {
    onChain: data,
    counters: { tokensMax: 0n, tokensSigned: 0n },
    secretHash: SECRET_HASH,
    pricePerToken: MAINNET_TERMS.pricePerToken,
    closing: false,
    outdatedSinceS: undefined,
    nowS: NOW,
    ...rest,
  };
}

describe('what a channel needs next (payments.md 2.6)', () => {
  test('nothing while it is funded and known', () => {
    expect(nextStep(situation())).toBeUndefined();
  });

  test('a top-up of one stake below half a stake, not at it', () => {
    expect(nextStep(situation({ balance: toNano('7.5') }))).toBeUndefined();
    expect(nextStep(situation({ balance: toNano('7.5') - 20n }))).toEqual({
      do: 'topUp',
      amount: toNano('15'),
      withSecret: false,
    });
  });

  test('a top-up is rounded down to whole tokens', () => {
    expect(nextStep(situation({ balance: 0n }, { pricePerToken: 7n }))).toMatchObject({
      amount: toNano('15') - (toNano('15') % 7n),
    });
  });

  test('a changed secret is set, together with a top-up when one is due', () => {
    const secretHash = Buffer.alloc(32, 2);
    expect(nextStep(situation({ secretHash }))).toEqual({ do: 'changeSecret' });
    expect(nextStep(situation({ secretHash, balance: 0n }))).toMatchObject({ do: 'topUp', withSecret: true });
  });

  test('a charge by this side when half a stake is used and a voucher covers more than is charged', () => {
    const used = STAKE_TOKENS / 2n + 1n;
    expect(nextStep(situation({}, { counters: { tokensMax: used, tokensSigned: 5n } }))).toEqual({ do: 'charge' });
    expect(nextStep(situation({}, { counters: { tokensMax: used, tokensSigned: 0n } }))).toBeUndefined();
    expect(nextStep(situation({}, { counters: { tokensMax: used - 1n, tokensSigned: 5n } }))).toBeUndefined();
    const counters = { tokensMax: used + 100n, tokensSigned: 100n };
    expect(nextStep(situation({ tokensUsed: 100n }, { counters }))).toBeUndefined();
  });

  test('closing: the first stage on request, the second after the unlock time, nothing once closed', () => {
    expect(nextStep(situation({}, { closing: true }))).toMatchObject({ do: 'requestRefund' });
    const closing = { state: CocoonState.closing, unlockTs: NOW - 10 };
    expect(nextStep(situation(closing, { closing: true }))).toBeUndefined(); // the proxy still has its margin
    expect(nextStep(situation({ ...closing, unlockTs: NOW - 31 }))).toMatchObject({ do: 'requestRefund' });
    expect(nextStep(situation({ ...closing, unlockTs: NOW + 5 }, { closing: true }))).toBeUndefined();
    expect(nextStep(situation({ state: CocoonState.closed, balance: 0n }, { closing: true }))).toBeUndefined();
  });

  test('a channel of older terms that nobody serves gets some minutes where hurry saves nothing', () => {
    const { params } = new FakeChain().emptyClient();
    const equal = { params: { ...params, proxyDelayBeforeClose: 60, clientDelayBeforeClose: 60 } };
    expect(nextStep(situation(equal, { outdatedSinceS: NOW - 599 }))).toBeUndefined();
    expect(nextStep(situation(equal, { outdatedSinceS: NOW - 600 }))).toMatchObject({ do: 'requestRefund' });
  });

  test('an outdated channel is closed after half of what the delays differ by, and not topped up before', () => {
    const wait = 0.5 * (86_400 - 43_200);
    const outdated = (age: number) => nextStep(situation({ balance: 0n }, { outdatedSinceS: NOW - age }));
    expect(outdated(wait - 1)).toBeUndefined();
    expect(outdated(wait)).toMatchObject({ do: 'requestRefund' });
  });

  test('a free network tops up nothing', () => {
    expect(nextStep(situation({ balance: 0n }, { pricePerToken: 0n }))).toBeUndefined();
  });
});
