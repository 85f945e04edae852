import type { TlObject } from '@cocoon/sdk/protocol/tl';
import { json, question, usage } from './testing/connected';
import { Harness } from './testing/harness';
import { contentChunk } from './testing/script-engine';

let harness: Harness;
afterEach(() => harness.close());

const streamed = { ...question, stream: true };

describe.each([1, 2])('a worker at a proxy of the live network, protocol version %i', (protoVersion) => {
  let answers: TlObject[];
  const start = async (change: Record<string, unknown> = {}) => {
    harness = await Harness.start(change, { protoVersion });
    await harness.ready();
    answers = [];
    harness.proxy.on('message', (message: TlObject) => answers.push(message));
    return harness;
  };
  const kinds = () => answers.map(({ _ }) => _).filter((name) => name.startsWith('proxy.queryAnswer'));

  it.each([
    ['a price it never announced', { coefficient: 1n }, 503, 'worker_not_ready'],
    ['a time limit that is none', { timeout: -1 }, 503, 'worker_not_ready'],
    ['a request whose time is up before the engine says anything', { timeout: 0.1 }, 504, 'request_timeout'],
  ])(
    'answers %s with one HTTP error, because live clients do not survive error messages (B2)',
    async (_what, more, status, code) => {
      const { proxy, engine } = await start();
      engine.script = () => undefined;
      const answer = await proxy.run({ body: question, ...more }).answer;
      expect(answer.response?.statusCode).toBe(status);
      expect(json(answer).error).toMatchObject({ code, type: 'server_error' });
      expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
      expect(answer.final?.workerEndTime === undefined).toBe(protoVersion < 2);
      expect(kinds()).toEqual(['proxy.queryAnswerEx']);
    },
  );

  it.each([
    ['whose engine dies', { timeout: 30 }, true, 'engine_unavailable'],
    ['whose time is up', { timeout: 0.2 }, false, 'request_timeout'],
  ])(
    'ends a stream %s with an error event as its last part, and charges nothing for it (B2)',
    async (_what, more, dies, code) => {
      const { proxy, engine } = await start();
      engine.script = (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write(contentChunk('a', usage(3, 1)), () => dies && res.destroy());
      };
      const answer = await proxy.run({ body: streamed, ...more }).answer;
      expect(answer.response?.statusCode).toBe(200);
      const last = answer.parts.at(-1)?.toString() ?? '';
      expect(last).toMatch(/^data: .*\n\n$/);
      expect(JSON.parse(last.slice('data: '.length)).error).toMatchObject({ code });
      expect(answer.final?.tokensUsed.totalTokensUsed).toBe(0n);
      expect(new Set(kinds())).toEqual(new Set(['proxy.queryAnswerEx', 'proxy.queryAnswerPartEx']));
    },
  );
});
