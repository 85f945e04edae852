import { daoBodies, ExitCode, OperationState, ProposalStatus, packActions } from '../../wrappers';
import { asWorld, givenDao, givenProposal, goTo, stateHash } from '../support/dao-acts';
import { addModel, createDaoWithVault, type DaoVaultWorld, givenVault } from '../support/dao-vault-world';
import { proposalOf, propose, TON } from '../support/dao-world';
import { configAt, type Prices } from '../support/price-sets';
import { deliver } from '../support/rejection';
import { exitCodeOf, txsOf } from '../support/trace';
import { balanceOf } from '../support/world';

/** R1 for the dearest way through the DAO: Proposal, Dao, Vault, Proposal, Dao, with all places taken and a full Vault. */

const STEPS = 8n;
const STEP = TON / 10_000n;

describe.each<Prices>(['current', 'tenfold'])('finalizing at %s prices', (prices) => {
  let it_: DaoVaultWorld;
  let limit: bigint;
  let ready: ReturnType<DaoVaultWorld['chain']['snapshot']>;
  const proposal = () => proposalOf(it_, 1);
  beforeAll(async () => {
    it_ = await createDaoWithVault();
    await propose(it_, 0, { actions: packActions(addModel(it_)) });
    const { total, endAt } = await proposal().getData();
    await givenProposal(it_, { yes: total });
    goTo(it_, endAt);
    // The other fifteen places, after it and before it.
    const { open } = await it_.dao.getData();
    const [mine] = open.values();
    for (let id = 2; open.size < 16; id += 1) open.set(id, { ...mine!, account: Buffer.alloc(32, id) });
    await givenDao(it_, { open });
    const operations = new Map(
      Array.from({ length: 31 }, (_, index) => [
        1_000 + index,
        {
          expires: endAt + 1_000_000,
          eta: endAt,
          state: OperationState.waiting,
          critical: false,
          unvetoable: false,
          actionsHash: Buffer.alloc(32, index),
          proposal: it_.dao.address,
        },
      ]),
    );
    await givenVault(it_, { operations });
    // Prices that rise while people vote hit a proposal that was paid for at the old ones.
    it_.chain.setConfig(configAt(prices));
    ready = it_.chain.snapshot();
    limit = await least();
  });

  const finalize = async (value: bigint) => {
    const body = daoBodies.proposalFinalize({ queryId: 1n });
    return deliver(asWorld(it_), { from: it_.members[2]!, to: proposal().address, value, body });
  };
  /** The least value that a Proposal takes, to 0.0001 TON. */
  const least = async () => {
    let [low, high] = [0n, 20n * TON];
    while (high - low > STEP) {
      const middle = (low + high) / 2n;
      await it_.chain.loadFrom(ready);
      if (exitCodeOf(txsOf(await finalize(middle), proposal().address)[0]!) === 0) high = middle;
      else low = middle;
    }
    return high;
  };

  it.each([
    ['a Vault that takes it: queued, and the place is free', true, ProposalStatus.queued, 15],
    ['a Vault that is full: passed, and may be finalized again', false, ProposalStatus.passed, 16],
  ] as const)('is refused, or goes its whole way to %s', async (_, takes, status, open) => {
    const values = Array.from({ length: Number(STEPS) + 1 }, (_, i) => (limit * 2n * BigInt(i)) / STEPS);
    let carried = 0;
    for (const value of [...values, limit, limit - STEP].filter((each) => each > 0n)) {
      await it_.chain.loadFrom(ready);
      if (!takes) {
        const { operations } = await it_.treasurer.getStorage();
        operations.set(999, { ...[...operations.values()][0]! });
        await givenVault(it_, { operations });
      }
      const before = await stateHash(it_, proposal().address);
      const held = await balanceOf(asWorld(it_), proposal().address);
      const result = await finalize(value);
      const [first] = txsOf(result, proposal().address);
      if (exitCodeOf(first!) !== 0) {
        // With next to nothing attached the contract does not even start.
        expect(value).toBeLessThan(limit);
        expect([ExitCode.lowMsgValue, undefined, -14]).toContain(exitCodeOf(first!));
        expect(await stateHash(it_, proposal().address)).toBe(before);
        continue;
      }
      carried += 1;
      expect([value, (await proposal().getData()).status]).toEqual([value, status]);
      expect((await it_.dao.getData()).open.size).toBe(open);
      expect((await it_.treasurer.getStorage()).operations.has(1)).toBe(takes);
      // The caller pays for everything: of the Proposal's coins only the bond has left.
      const left = held - (await balanceOf(asWorld(it_), proposal().address));
      expect(left - it_.params.bond).toBeLessThan(TON / 100n);
    }
    expect(carried).toBeGreaterThanOrEqual(Number(STEPS) / 2);
  });
});
