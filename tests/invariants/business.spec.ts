import { everybodyIsPaid } from './endings';
import { BUSINESS, scenarios } from './operations';
import { play } from './play';
import { holds, sampled } from './property';
import { Tally } from './tally';

jest.setTimeout(600_000);

const business = scenarios(BUSINESS, { steps: 50 });

test('an honest proxy in any order, with third parties: nobody loses a coin, and everybody is paid in the end', async () => {
  await holds(business, 30, async (scenario) => {
    await everybodyIsPaid(await play(scenario, { keyIsHonest: true }));
  });
});

test('tally', async () => {
  const tally = new Tally();
  for (const scenario of sampled(business, 30))
    tally.merge((await play(scenario, { keyIsHonest: true, checked: false })).tally);
  console.log(String(tally));
});
