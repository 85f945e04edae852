import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openDao } from './context';
import { DAY, type DaoNet, daoNet, type Person } from './testing/dao-net';
import { watchDao } from './watch';

jest.setTimeout(180_000);

const HOUR = 3_600;

describe('watch tells what is new, against a local chain', () => {
  let it_: DaoNet;
  let rich: Person;
  let server: Server;
  let answer = 200;
  const posted: { id: number; kind: string; text: string }[] = [];
  beforeAll(async () => {
    it_ = await daoNet();
    rich = await it_.person();
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        if (answer === 200) posted.push(JSON.parse(body));
        response.writeHead(answer).end();
      });
    }).listen(0);
    await it_.act('stake', '1000');
    await it_.actAs(rich, 'stake', '1000');
    await it_.advance(8 * DAY);
    await it_.act('activate');
  });
  afterAll(async () => {
    server.close();
    await it_.close();
  });
  const file = () => `${it_.walletFile}-watch.json`;
  const look = (...args: string[]) => it_.cli('watch', '--once', '--state', file(), '--json', ...args);
  const kinds = async () => {
    const { code, out, error } = await look();
    expect([code, error]).toEqual([0, '']);
    return out === ''
      ? []
      : out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).kind);
  };
  const hook = () => ['--webhook', `http://127.0.0.1:${(server.address() as AddressInfo).port}`];

  async function propose(actions: string): Promise<void> {
    const path = `${it_.walletFile}.yaml`;
    writeFileSync(path, `title: A change\nuri: u\ntext: Why.\nactions:\n  - ${actions}\n`);
    expect((await it_.act('propose', path)).error).toBe('');
  }

  it('begins silently, and is silent while nothing happens', async () => {
    const first = await look();
    expect([first.code, first.out]).toEqual([0, '']);
    expect(first.error).toContain('from now on (no open proposal)');
    expect(await kinds()).toEqual([]);
  });

  it('a stake that moves by more than 5 % is news once; less is not', async () => {
    expect((await it_.actAs(rich, 'stake', '100')).error).toBe('');
    expect(await kinds()).toEqual([]);
    expect((await it_.actAs(rich, 'stake', '1')).error).toBe('');
    expect(await kinds()).toEqual(['stake']);
    expect(await kinds()).toEqual([]);
  });

  it('follows a proposal: made, critical, quorum, a late turn, queued, a day to its execution, executed', async () => {
    await propose('{type: vault_limits, spend_cap_bps: 4 %}');
    expect(await kinds()).toEqual(['proposed', 'critical']);
    await it_.advance(DAY);
    expect(await kinds()).toEqual([]);
    expect((await it_.act('vote', '1', 'abstain')).error).toBe('');
    expect(await kinds()).toEqual(['quorum']);
    await it_.advance(5 * DAY - HOUR);
    expect((await it_.actAs(rich, 'vote', '1', 'yes')).error).toBe('');
    expect(await kinds()).toEqual(['extended']);
    await it_.advance(DAY);
    expect((await it_.act('finalize', '1')).out).toContain('is queued');
    expect(await kinds()).toEqual(['queued']);
    await it_.advance(4 * DAY - HOUR);
    expect(await kinds()).toEqual([]);
    await it_.advance(HOUR);
    expect(await kinds()).toEqual(['eta']);
    await it_.advance(DAY);
    expect((await it_.act('execute', '1')).error).toBe('');
    expect(await kinds()).toEqual(['ended']);
    expect(await kinds()).toEqual([]);
  });

  it('misses nothing that happened between two looks', async () => {
    await propose('{type: add_model, model: m}');
    await it_.advance(DAY);
    expect((await it_.act('vote', '2', 'yes')).error).toBe('');
    await it_.advance(5 * DAY);
    expect((await it_.act('finalize', '2')).out).toContain('is queued');
    expect((await it_.act('veto', '2', '--reason', 'Wrong.')).error).toBe('');
    expect((await it_.act('pause', '--days', '1')).error).toBe('');
    expect(await kinds()).toEqual(['proposed', 'quorum', 'queued', 'ended', 'guardian', 'guardian']);
  });

  it('a webhook that fails gets every alert later, in order and once; standard output had them at once', async () => {
    await propose('{type: add_model, model: m}');
    answer = 500;
    const failed = await look(...hook());
    expect(failed.code).toBe(1);
    expect(failed.error).toContain('The webhook answered 500 to alert');
    expect(failed.out).toContain('"kind":"proposed"');
    expect(JSON.parse(readFileSync(file(), 'utf8')).outbox).toHaveLength(1);

    expect((await it_.act('cancel', '3')).error).toBe('');
    const down = await look('--webhook', 'http://127.0.0.1:1');
    expect([down.code, down.out.trim().split('\n')]).toEqual([1, [expect.stringContaining('"kind":"ended"')]]);
    expect(posted).toEqual([]);

    answer = 200;
    const done = await look(...hook());
    expect([done.code, done.out, done.error]).toEqual([0, '', '']);
    expect(posted.map(({ kind }) => kind)).toEqual(['proposed', 'ended']);
    expect(posted[1]!.id).toBe(posted[0]!.id + 1);
    expect((await look(...hook())).code).toBe(0);
    expect(posted).toHaveLength(2);
  });

  it('goes on looking until it is stopped', async () => {
    const stop = new AbortController();
    const flags = { network: 'custom', endpoint: `${it_.net.url}/api/v2/jsonRPC`, manifest: it_.manifestFile };
    let tell: (line: string) => void = () => undefined;
    const told = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const context = await openDao(flags, tell);
    const watching = watchDao(context, { interval: '1', state: file() }, stop.signal);
    await propose('{type: add_model, model: other}');
    const line = await told;
    stop.abort();
    await watching;
    await context.close();
    expect(line).toMatch(/proposed: proposal 4 \(A change\) was made; voting from/);
  });

  it.each([
    ['an interval', ['--interval', '0'], 'no number of seconds'],
    ['a webhook', ['--webhook', 'ftp://x'], 'no http(s) URL'],
  ])('names what is wrong with %s', async (_, args, text) => {
    const result = await look(...args);
    expect([result.code, result.error]).toEqual([2, expect.stringContaining(text)]);
  });

  it('does not take a damaged state or that of another DAO for its own', async () => {
    const good = readFileSync(file(), 'utf8');
    writeFileSync(file(), good.replace(/"dao": "[^"]*"/, '"dao": "EQother"'));
    expect((await look()).error).toContain('is of another DAO');
    writeFileSync(file(), '{}');
    const damaged = await look();
    expect([damaged.code, damaged.error]).toEqual([2, expect.stringContaining('is damaged (version')]);
    writeFileSync(file(), good);
    expect((await look()).code).toBe(0);
  });
});
