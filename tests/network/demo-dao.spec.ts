import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { tellStory } from '../../tools/dao-demo/run';

const ENTRY = join(__dirname, '..', '..', 'tools', 'dao-demo', 'index.ts');

interface Document {
  ok: boolean;
  failure?: string;
  seconds: number;
  days: number;
  chapters: { title: string; steps: { claim: string; found?: string; ok: boolean }[] }[];
}

function demo(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', ENTRY, ...args], (failure, out, error) => {
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error });
    });
  });
}

describe('npm run demo:dao', () => {
  it('tells the life of the DAO with what it read from the chain, and all of it is so', async () => {
    const { code, out, error } = await demo('--json');
    expect(error).toBe('');
    const story = JSON.parse(out) as Document;
    expect([code, story.ok]).toEqual([0, true]);
    expect(story.days).toBeGreaterThan(30);
    const steps = story.chapters.flatMap(({ steps }) => steps);
    expect(steps.filter(({ ok }) => !ok)).toEqual([]);
    const found = (claim: string) => steps.filter((step) => step.claim === claim).map((step) => step.found);
    expect(found('the DAO classes it as')).toEqual(['critical', 'normal', 'critical']);
    expect(found('the proposal')).toEqual(['executed', 'executed', 'vetoed']);
    expect(found('her weight in this one')).toEqual(['0 TON']);
    expect(found('she votes no with one nanoTON')).toEqual(['refused (1103 stakeTooMuch)']);
    expect(found('executing it now')).toEqual(['refused (1166 timelock)']);
    expect(found('1000000 tokens cost in the old channel')).toEqual(['20000000 nanoTON']);
    expect(found('1000000 tokens cost in the new one')).toEqual(['30000000 nanoTON']);
    expect(found('the root allows the image')).toEqual(['no']);
    expect(found("the root's registry has proxy 1000000")).toEqual(['203.0.113.7:5222 203.0.113.7:8888']);
    expect(found('she unlists it; in the registry')).toEqual(['no']);
  }, 120_000);

  it('fails with exit code 1 as soon as a claim is not as told', async () => {
    const written: string[] = [];
    const failures: string[] = [];
    const code = await tellStory(
      async (stage, story) => {
        story.chapter('A rich guardian');
        const { balance } = await stage.chain.account(stage.people.guardian.address);
        story.holds('has coins', balance > 0n, balance);
        story.check('holds', balance, 1n);
        story.tell('never told');
      },
      { json: false, write: (text) => written.push(text), fail: (text) => failures.push(text) },
    );
    expect(code).toBe(1);
    expect(written.join('')).toContain('✗ holds: 500000000000');
    expect(written.join('')).not.toContain('never told');
    expect(failures).toEqual(['demo:dao: holds: 500000000000, and not 1\n']);
  });

  it('does not know other options', async () => {
    const { code, error } = await demo('--fast');
    expect(code).toBe(2);
    expect(error).toContain("Unknown option '--fast'");
  });
});
