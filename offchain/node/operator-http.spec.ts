import { request } from 'node:http';
import pino from 'pino';
import { HttpError, OperatorHttp, type OperatorHttpOptions } from './operator-http';

const lines: string[] = [];
let server: OperatorHttp | undefined;

async function serve(more: Partial<OperatorHttpOptions> = {}): Promise<string> {
  server = new OperatorHttp({
    host: '127.0.0.1',
    port: 0,
    accessHash: 'the token',
    logger: pino({}, { write: (line: string) => void lines.push(line) }),
    notReady: () => [],
    metrics: async () => '# metrics',
    stats: () => ({ big: 2n ** 60n }),
    actions: { '/request/do': async (query) => ({ done: query.get('what') }) },
    describe: () => undefined,
    ...more,
  });
  return `http://127.0.0.1:${await server.listen()}`;
}

const call = (url: string, method: string, authorization = '') =>
  fetch(url, { method, headers: { connection: 'close', ...(authorization === '' ? {} : { authorization }) } });

beforeEach(() => {
  lines.length = 0;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe("the operator's HTTP interface of a node", () => {
  it('answers HEAD as GET without the body, and other methods with those it takes', async () => {
    const url = await serve();
    const head = await call(`${url}/jsonstats`, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '29', '']);
    const post = await call(`${url}/jsonstats`, 'POST');
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const get = await call(`${url}/request/do`, 'GET', 'Bearer the token');
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('does what the operator asks for with the token, whatever the case of the scheme', async () => {
    const url = await serve();
    for (const scheme of ['Bearer', 'bearer']) {
      const answer = await call(`${url}/request/do?what=x`, 'POST', `${scheme} the token`);
      expect(await answer.json()).toEqual({ done: 'x' });
    }
  });

  it.each(['', 'Bearer', 'Bearer the', 'Bearer the token2', 'Basic the token'])(
    'refuses an action to "%s" and asks for the token',
    async (authorization) => {
      const act = jest.fn();
      const url = await serve({ actions: { '/request/do': act } });
      const answer = await call(`${url}/request/do`, 'POST', authorization);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(await answer.json()).toMatchObject({ error: { code: 'unauthorized' } });
      expect(act).not.toHaveBeenCalled();
    },
  );

  it('shows of an unplanned error only that the log has its cause', async () => {
    const fail = async () => {
      throw new Error('a detail');
    };
    const url = await serve({ actions: { '/request/do': fail } });
    const answer = await call(`${url}/request/do`, 'POST', 'Bearer the token');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('a detail');
    expect(lines.join()).toContain('a detail');
  });

  it("shows a role's own errors as the role describes them", async () => {
    const fail = async () => {
      throw new RangeError('nothing to pay out');
    };
    const describe = (error: unknown) => new HttpError(409, 'nothing', (error as Error).message);
    const url = await serve({ actions: { '/request/do': fail }, describe });
    const answer = await call(`${url}/request/do`, 'POST', 'Bearer the token');
    expect([answer.status, await answer.json()]).toEqual([
      409,
      { error: { code: 'nothing', message: 'nothing to pay out' } },
    ]);
    expect(lines).toEqual([]);
  });

  it.each([
    ['evil.example', '/jsonstats', 403],
    ['localhost:1', '/healthz', 200],
    ['[::1]:1', '/healthz', 200],
    ['127.0.0.1', '//', 400],
  ])('answers Host "%s" %s with %d', async (host, path, status) => {
    const url = new URL(await serve());
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: url.port, path, headers: { host }, agent: false };
      request(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once('error', reject)
        .end();
    });
    expect(answered).toBe(status);
    expect(lines).toEqual([]);
  });
});
