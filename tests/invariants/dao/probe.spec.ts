jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));
import { asLibrary } from './codes';
import { members, TON } from './cast';
import { prepare, drain, FAIR } from './scene';
import { daoBodies } from '../../../wrappers';
test('probe', async () => {
  let t = performance.now();
  const p = await prepare(asLibrary());
  let n = 0;
  console.log(p.voting.story.toString(), p.voting.proposal(1)?.total);
  for (let w = 0; w < 3; w++) { n = 0; const c0 = process.cpuUsage();
  t = performance.now();
  for (let i = 0; i < 50; i++) {
    const s = p.voting.fork();
    const pr = s.proposal(1)!;
    s.post(members[0]!, s.cast.stakes[0]!, daoBodies.stakeVote({ queryId: 0n, proposal: s.cast.proposal(1).address, epoch: pr.epoch, yes: TON, no: 0n, abstain: 0n }), { says: 'votes' });
    s.post(members[1]!, s.cast.stakes[1]!, daoBodies.stakeDelegate({ queryId: 0n, delegate: members[0]! }), { says: 'delegates' });
    s.post(members[2]!, s.cast.stakes[2]!, daoBodies.stakeUnstake({ queryId: 0n, amount: TON }), { says: 'delegates' });
    await drain(s, (d) => { if (d.tx) n++; });
  }
  console.log(n, 'tx', (performance.now() - t) / n, 'ms per tx', process.cpuUsage(c0).user / 1000 / n, 'cpu ms');
  }
});
